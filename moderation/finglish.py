"""Persian in Latin letters: how it is told from other languages, and what of it may spell a given Persian word.

Nobody agreed on a spelling, so a Persian word is turned into all of its usual ones, as a pattern: its consonants must
stand there (kh, gh or q, sh, ch, zh, doubled or not), its long vowels too, in some spelling, and short ones may. Used
on texts that `is_finglish` tells to be Persian, never on others: read so, every third comment in another language holds
some Persian word.
"""

import re
from functools import lru_cache

# Words of everyday Persian, in their usual spellings, that hardly stand in other languages written in Latin letters.
_TELLING_TEXT = """
    mikonam mikoni mikone mikonan mikonand mikonim mikonid mikonin nemikonam nemikoni nemikone nemikonan mishe
    mishan mishavad nemishe nemishan misheh mikham mikhai mikhay mikhad mikhan mikhaim mikhaid nemikham nemikhad
    nemikhan midonam midunam midoonam midoni midooni midone nemidonam nemidunam nemidoonam nemidoni nemidone migam
    migi migan nemigam miyad miyam mibinam mibini mibine mizanam mizane mizanan midam mideh midan midahad hastam
    hasti hastim hastid hastan hastand nistam nisti nistim nistan nistand boodam budam boodi boodan budand boodim
    shodam shodan shodeh shodand mishod kardam kardi karde kardeh kardan kardim kardid kardand nakon nakonid konid
    konim konam bokon bokonid bokonim bekonid bekonim bekonam beshe beshavad besham beshan bashe bashid bashim
    bashand dasht dashtam dashte dashtan dashtim nadasht nadaram nadari nadare nadarim nadarid nadaran darim darid
    darand bedid bedam bedeh bedin goftam goftan gofte goft begoo begid begam didam dideh didan raftam rafti raftan
    rafteh oomad umad oomadam umadam oomadan khastam khaste khoob khoobe khoobi khub khube khubi kheili kheyli kheli
    khyli xeyli khodam khodesh khodet khodeshon khodeshoon khodemoon khoda khodaya khodafez khosh khoshhal khoshgel
    khoshgele khoshal ghashang ghashange qashang jaleb jalebe aaliye harchi harki hichi hichki hichkas hichvaght
    chera chetor chetori chejori chikar kojast kojaei koja kodom kodoom hamishe hamash hamashoon hamin hamoon hamun
    hamegi hameye inja onja unja oonja inha onha unha oonha inaro onaro ishoon ishun shoma shomaha bacheha bachehaye
    mardom mardome hezar tooman rooz emrooz emruz emsal emshab farda dirooz diruz dishab hanooz hanuz dige digeh
    digar digeye agar vaghti vaqti vaghean vaqean vagean vagheyan aslan hatman shayad bayad nabayad mamnoon mamnun
    mamnoonam mamnonam mersi lotfan bebakhshid bebakhshin azizam azizan joonam eshgh eshgham eshqam doostan dostan
    dooset doosetdaram doset dostet dustet dostetdaram baraye bishtar kamtar ziad ziyad behtarin behtar zendegi
    zendegim ghalb ghalbam delam deleton deletoon dastet dastetoon nabashid matlab matlabe matlabet khabar akhbar
    keshvar keshvare dolat dolate mamlekat pooli poolesh gheymat geymat kharid foroosh forush foroush takhfif tamas
    telegramam kanal kanale kanalemon ozv dorost dorosteh doroste chizi chizaye kasaee inke baadesh badesh bazam
    bazi vasash baram baratoon barashoon
"""
# Shorter and commoner ones, which other languages have too.
_COMMON_TEXT = """
    man to un oon on in ino uno ma ke va az ba be dar bara ro ra ye yek yeki ta ham hame chi chie age vali are na
    bale khob salam dorood baba jan joon jun iran irani ast hast nist bud bood mano toro dare dari daram daran bad
    baz fek fekr kar hala inam chand alan miram miri mire miran mige shod shode kon kone konan doost aziz yani yaani
    roo too tu cheghadr cheqadr che vase sar del dast had khali ali aali omr nafar sal saal mah hich bazi bache
"""
_TELLING = frozenset(_TELLING_TEXT.split())
_COMMON = frozenset(_COMMON_TEXT.split()) - _TELLING

_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z]+")
_LEAST_WORDS = 3
# Of all words so many must be known; more where only one of them is telling.
_SHARE, _SHARE_OF_ONE = 0.3, 0.5
_TELLING_WORDS = 2
# The beginning of a comment shows its language.
_LOOKED_AT = 2_000

# Persian consonants, folded: the class that their spellings share, and the spellings. و, ی, ه, ا and ع are vowels as
# often and have no class.
_CONSONANTS = {
    "ب": ("b", "b{1,2}"),
    "پ": ("p", "p{1,2}"),
    "ت": ("t", "t{1,2}"),
    "ث": ("s", "s{1,2}"),
    "ج": ("j", "j{1,2}"),
    "چ": ("c", "ch"),
    "خ": ("k", "(?:kh|x)"),
    "د": ("d", "d{1,2}"),
    "ذ": ("z", "z"),
    "ر": ("r", "r{1,2}"),
    "ز": ("z", "z{1,2}"),
    "ژ": ("j", "(?:zh|j)"),
    "س": ("s", "s{1,2}"),
    "ش": ("s", "sh"),
    "ص": ("s", "s{1,2}"),
    "ض": ("z", "z"),
    "ط": ("t", "t"),
    "ظ": ("z", "z"),
    "غ": ("g", "(?:gh|q|g)"),
    "ف": ("f", "f{1,2}"),
    "ق": ("g", "(?:gh|q|g)"),
    "ک": ("k", "(?:k{1,2}|c)"),
    "گ": ("g", "g"),
    "ل": ("l", "l{1,2}"),
    "م": ("m", "m{1,2}"),
    "ن": ("n", "n{1,2}"),
    "ح": ("", "h"),
}
_FIRST_VOWELS = {"ا": "[aeiou]{1,2}", "و": "[vw]", "ی": "y", "ه": "h", "ع": "[aeio]{1,2}"}
_VOWELS = {"ا": "(?:a{1,2}|o{1,2}|u)", "و": "(?:[vw]|o[ouw]?|u)", "ی": "(?:iy?|y|ee|e[iy]?)", "ه": "h", "ع": "[aeio]?"}
_LAST_VOWELS = _VOWELS | {"ه": "(?:eh?|ah?|h)"}
_SHORT_VOWEL = "[aeiou]?"
# What joins a word to the next one ("kanale ma") is written in Latin letters only.
_EZAFE = "(?:y?e)?"

_CLASSES = (
    ("kh", "k"),
    ("x", "k"),
    ("gh", "g"),
    ("q", "g"),
    ("ch", "\0"),
    ("c", "k"),
    ("\0", "c"),
    ("zh", "j"),
    ("ph", "f"),
)
_NO_CLASS = re.compile("[^bcdfgjklmnprstz]")
_TWICE = re.compile(r"(.)\1+")
# A short vowel and a consonant of two letters.
_WIDEST = 3
_OF_WORD = re.compile(r"\w")
# As much of a text as two consonants can take.
_KEYED = 16
# Shorter words are found in too many others.
_LEAST_LETTERS = 4
_LEAST_CLASSES = 3
_MOST_LETTERS = 40


def is_finglish(folded: str) -> bool:
    """Tell whether a folded text is Persian in Latin letters, by the everyday words in it."""
    words = _WORD.findall(folded[:_LOOKED_AT])
    if len(words) < _LEAST_WORDS:
        return False
    telling = sum(word in _TELLING for word in words)
    if not telling:
        return False
    share = (telling + sum(word in _COMMON for word in words)) / len(words)
    different = len(_TELLING.intersection(words))
    return share >= (_SHARE if different >= _TELLING_WORDS else _SHARE_OF_ONE)


def key_of(persian: str) -> str:
    """Return the first two consonant classes of a folded Persian phrase, `` where it is too short or long to be sought.

    Every spelling of it in a text has the same by `key_at`.
    """
    letters = persian.replace(" ", "")
    if len(letters) > _MOST_LETTERS or not all(letter in _CONSONANTS or letter in _VOWELS for letter in letters):
        return ""
    classes = "".join(_CONSONANTS.get(letter, ("",))[0] for letter in letters)
    if len(letters) < _LEAST_LETTERS and len(classes) < _LEAST_CLASSES:
        return ""
    return _TWICE.sub(r"\1", classes)[:2]


def key_at(text: str, start: int) -> str:
    """Return the first two consonant classes that follow in a folded Latin text."""
    piece = text[start : start + _KEYED].replace(" ", "")
    for spelling, sound in _CLASSES:
        piece = piece.replace(spelling, sound)
    return _TWICE.sub(r"\1", _NO_CLASS.sub("", piece))[:2]


def find_spelling(persian: str, text: str, start: int) -> tuple[int, int] | None:
    """Return the span of a usual spelling, in Latin letters, of a folded Persian word or phrase; all of a word.

    A pattern of all spellings would try each way to share out a run of vowels: 2^n of them. So the places that may be
    reached are carried from letter to letter, and there are never more than two for each letter.
    """
    if start and _OF_WORD.match(text[start - 1]):
        return None
    reached = {start}
    for piece in _pieces(persian):
        reached = {
            end
            for place in reached
            for end in range(place, min(place + _WIDEST, len(text)) + 1)
            if piece.fullmatch(text, place, end)
        }
        if not reached:
            return None
    ends = [end for end in reached if not _OF_WORD.match(text[end : end + 1])]
    return (start, max(ends)) if ends else None


@lru_cache(maxsize=10_000)
def _pieces(persian: str) -> tuple[re.Pattern[str], ...]:
    """Return what spells each letter of a phrase, and what may stand between its words."""
    pieces: list[str] = []
    for word in persian.split():
        pieces += [_EZAFE, "[ -]?"] * bool(pieces) + _spelt(word)
    return tuple(map(_compiled, [*pieces, _EZAFE]))


_compiled = lru_cache(maxsize=1_000)(re.compile)


def _spelt(word: str) -> list[str]:
    pieces: list[str] = []
    for at, letter in enumerate(word):
        before = word[at - 1] if at else ""
        if letter in _CONSONANTS:
            # Between two consonants there may be a short vowel, and before "و" and "ی" that are consonants too.
            pieces.append(_SHORT_VOWEL * bool(at and before not in "اع") + _CONSONANTS[letter][1])
        elif not at:
            pieces.append(_FIRST_VOWELS[letter])
        elif letter == "ه" and at < len(word) - 1:
            pieces.append(_SHORT_VOWEL + "h")
        else:
            vowel = (_VOWELS if at < len(word) - 1 else _LAST_VOWELS)[letter]
            # "خواهر" is khahar.
            pieces.append(vowel + "?" if letter == "و" and before == "خ" else vowel)
    return pieces
