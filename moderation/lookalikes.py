"""Letters that look like letters of another script, and the folding of a word into the script most of it is in.

Spam hides Latin letters in Cyrillic words and the other way round. `text` calls this after case folding, so the table
knows small letters only; a pair that looks alike only as capitals (В and B) is listed by its small letters. The pairs
are those of Unicode's confusables.txt (UTS 39; licence Unicode-3.0) that stand for one Latin letter, without scripts
that hardly any screen shows; a few Cyrillic ones that spammers use beside them (ь for b, г for r).
"""

import re

_CYRILLIC = "авекмнорстухіјѕһԁԛԝьзгѵүҽӏԍ"
_CYRILLIC_AS_LATIN = "abekmhopctyxijshdqwb3rvyelg"
_GREEK = "αβεηικμνορτυχωγ"
_GREEK_AS_LATIN = "abenikmvoptuxwy"
_LATIN = "abcehijkmopstxy"
_LATIN_AS_CYRILLIC = "авсеніјкморѕтху"

# Armenian and Georgian, Cherokee, Coptic, Lisu, Canadian syllables, Deseret.
_OTHER_PAIRS = (
    ("ագզհոռստցքօყჿ", "wqqhnnusgfoyo"),
    ("ᎠᎡᎢᎥᎩᎪᎫᎬᎱᎳᎷᎻᎽᏀᏂᏃᏏᏒᏔᏕᏙᏚᏞᏟᏢᏦᏧᏳᏴ", "drtiyajerwmhyghzbrwsvslcpkdgb"),
    ("ⲅⲏⲓⲕⲙⲛⲟⲣⲥⲧⲩⲭⳑ", "rhikmnopctyxl"),
    ("ꓐꓑꓒꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpddtgkjczfmnlsrvhwxyaeiou"),
    ("ᐯᑌᑭᑯᑲᒍᒪᕼᖇᖴᗅᗞᗪᗰᗷ", "vupdbjlhrfaddmb"),
    ("𐐬𐐽𐑃𐑈", "ocls"),
)
_OTHERS = "".join(letters for letters, _ in _OTHER_PAIRS)
_OTHERS_AS_LATIN = "".join(latin for _, latin in _OTHER_PAIRS)
# Latin letters that only style another one: phonetic small capitals, the script a and g, the i without its dot.
_STYLED_LETTERS = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡıɩ"
_STYLED = str.maketrans(_STYLED_LETTERS, "abcdefghijklmnoprstuvwyzagii")
_STYLED_LETTER = re.compile(f"[{_STYLED_LETTERS}]")

_INTO_LATIN = str.maketrans(_CYRILLIC + _GREEK + _OTHERS, _CYRILLIC_AS_LATIN + _GREEK_AS_LATIN + _OTHERS_AS_LATIN)
_INTO_CYRILLIC = str.maketrans(_LATIN, _LATIN_AS_CYRILLIC)
_LIKE_LATIN_LETTERS = frozenset(_CYRILLIC + _GREEK + _OTHERS)
_LIKE_CYRILLIC_LETTERS = frozenset(_LATIN)

_LATIN_LETTER = re.compile("[a-z]")
_FOREIGN = f"α-ωѐ-ӿԀ-ԯа-я{_OTHERS}"
_FOREIGN_LETTER = re.compile(f"[{_FOREIGN}]")
_CYRILLIC_LETTER = re.compile("[а-яѐ-ӿԀ-ԯ]")
_WORD = re.compile(f"[a-z{_FOREIGN}]+")
# What is asked of every text, before anything slower.
_MIXED = re.compile(f"[a-z][{_FOREIGN}]|[{_FOREIGN}][a-z]")
_STYLED_OR_FOREIGN = re.compile(f"[{_STYLED_LETTERS}{_FOREIGN}]")
# Three letters or more, each of them like a Latin one: shorter words of that kind are words of their language.
_LIKE_LATIN = re.compile(rf"(?<!\w)[{_CYRILLIC}{_GREEK}{_OTHERS}]{{3,}}(?!\w)")


def fold_lookalikes(text: str) -> str:
    """Write each word of mixed script in its dominant one; the length never changes.

    `text` is case-folded and without marks. A word of one script alone is left as it is, unless the comment is mostly
    Latin and every letter of the word looks Latin.
    """
    if text.isascii() or not _STYLED_OR_FOREIGN.search(text):
        return text
    if _STYLED_LETTER.search(text):
        text = text.translate(_STYLED)
    if not (_FOREIGN_LETTER.search(text) and _LATIN_LETTER.search(text)):
        return text
    if _MIXED.search(text):
        text = _WORD.sub(_fold_word, text)
    if len(_LATIN_LETTER.findall(text)) > len(_FOREIGN_LETTER.findall(text)):
        return _LIKE_LATIN.sub(lambda word: word.group().translate(_INTO_LATIN), text)
    return text


def _fold_word(found: re.Match[str]) -> str:
    word = found.group()
    latin = len(_LATIN_LETTER.findall(word))
    if latin in (0, len(word)):
        return word
    # Greek words with Latin letters in them are formulas more often than disguise: Latin or Cyrillic, nothing else.
    cyrillic = len(_CYRILLIC_LETTER.findall(word))
    return word.translate(_INTO_CYRILLIC if cyrillic > latin else _INTO_LATIN)


def is_mixed(word: str) -> bool:
    """Tell a word in which letters of another script stand for those that they look like: "раypal", not "QR-код".

    `word` is a word as it was written. All letters of one of the two scripts have to be look-alikes.
    """
    small = word.lower()
    latin, foreign = _LATIN_LETTER.findall(small), _FOREIGN_LETTER.findall(small)
    if not (latin and foreign):
        return False
    return _LIKE_LATIN_LETTERS.issuperset(foreign) or _LIKE_CYRILLIC_LETTERS.issuperset(latin)
