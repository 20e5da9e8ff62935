"""A site's word list as something to search with: words and phrases, wildcards, fields, and Persian in Latin letters.

Compiled once, then a text is read once, however long the list is: every place is looked up by the three characters
that follow, and what is found there is compared whole. A wildcard stands for a bounded number of characters, so no text
takes more than linear time; a list that takes too much of it all the same is given up with an error.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from moderation.errors import ModerationError
from moderation.finglish import find_spelling, is_finglish, key_at, key_of
from moderation.text import fold

# What an entry may be bound to (`email:*@spam.example`), by our names and by WordPress's.
_FIELDS = {
    "name": "name",
    "author": "name",
    "email": "email",
    "website": "website",
    "url": "website",
    "body": "body",
    "content": "body",
    "comment": "body",
    "ip": "ip",
    "agent": "user_agent",
    "user_agent": "user_agent",
}
# Where an entry is looked for that says nothing of it: what the author wrote. A word for a browser would hit everybody.
_WRITTEN = frozenset({"name", "email", "website", "body"})
# Where bound to one of these, an entry is all of it: `email:*@spam.example` says nothing of `a@spam.example.com`.
_EXACT = (frozenset({"email"}), frozenset({"ip"}))
_ADDRESS = re.compile(r"\d{1,3}\.\d{1,3}\.[\d.*]*|[0-9a-f]{1,4}:[0-9a-f]{0,4}:[0-9a-f:.*]*", re.IGNORECASE)

_WORD = re.compile(r"\w+")
_LATIN_WORD = re.compile("[a-z]+")
_ARABIC = re.compile("[ء-ۿ ]+")
_NON_JOINER = "\u200c"
_LONGEST_KEY = 3
# A star stands for so many characters at most, blanks excepted.
_STAR = 100
# What one text may take, in lookups: about a second. For the longest comment a list of 60,000 entries takes less, and a
# thousand entries such as `*a*x` would take most of a minute.
_MOST_LOOKUPS = 5_000_000
# How many lookups as much time goes to as to a piece between stars, and to a letter of a word by its sound.
_LOOKUPS_OF_PIECE, _LOOKUPS_OF_LETTER = 50, 25
# Around a word, not of it.
_TRAILING = ".,;:!?…،؛؟\"')»"


@dataclass(frozen=True, slots=True)
class _Entry:
    """Folded pieces between stars, where it is looked for, and which of the pieces is looked up."""

    pieces: tuple[str, ...]
    fields: frozenset[str]
    anchor: int
    # The whole address, not a part of it.
    is_exact: bool


class WordListError(ModerationError):
    """A list takes too long to look for in a text; whoever asked holds the comment."""


@dataclass(slots=True)
class _Allowance:
    """What is left of the time for one text."""

    lookups: int = _MOST_LOOKUPS

    def spend(self, lookups: int) -> None:
        self.lookups -= lookups
        if self.lookups < 0:
            raise WordListError("the word list takes too long to look for in this text")


# By key, then by length, then by the piece that is looked up.
_Index = dict[str, dict[int, dict[str, list[_Entry]]]]


@dataclass(frozen=True, slots=True)
class WordList:
    """A list to search with."""

    # Plain words, then entries that begin with a word, and the others, which may begin anywhere.
    plain: dict[str, list[_Entry]] = field(default_factory=dict)
    at_words: _Index = field(default_factory=dict)
    anywhere: _Index = field(default_factory=dict)
    # Persian words and phrases by the consonants that they sound with.
    by_sound: dict[str, list[str]] = field(default_factory=dict)


def compile_words(listed: Iterable[str]) -> WordList:
    """Make a list to search with; entries that fold to nothing are left out."""
    made = WordList()
    for one in listed:
        fields, pattern = _split(one)
        # Persian words are written with a non-joiner, a blank, or neither.
        for text in dict.fromkeys((fold(pattern), fold(pattern, is_joined=True))):
            if text:
                _add(made, text, fields)
                if "*" not in text and "body" in fields and _ARABIC.fullmatch(text) and (key := key_of(text)):
                    made.by_sound.setdefault(key, []).append(text)
    return made


def is_usable(listed: str) -> bool:
    """Tell whether an entry can match anything."""
    return bool(fold(_split(listed)[1]).strip("* "))


def _split(listed: str) -> tuple[frozenset[str], str]:
    name, colon, pattern = listed.partition(":")
    bound_to = _FIELDS.get(name.strip().lower())
    if colon and bound_to is not None and not pattern.startswith("//"):
        return frozenset({bound_to}), pattern.strip()
    return (_WRITTEN | {"ip"} if _ADDRESS.fullmatch(listed.strip()) else _WRITTEN), listed


def _add(made: WordList, text: str, fields: frozenset[str]) -> None:
    pieces = tuple(re.split(r"\*+", text)) if text.strip("* ") else (text,)
    anchor = max(range(len(pieces)), key=lambda at: len(pieces[at]))
    piece = pieces[anchor]
    entry = _Entry(pieces, fields, anchor, fields in _EXACT)
    if len(pieces) == 1 and _WORD.fullmatch(piece):
        made.plain.setdefault(piece, []).append(entry)
        return
    index = made.at_words if not anchor and _is_of_word(piece[0]) else made.anywhere
    by_length = index.setdefault(piece[:_LONGEST_KEY], {})
    by_length.setdefault(len(piece), {}).setdefault(piece, []).append(entry)


def find_words(listed: WordList, text: str, name: str) -> Iterator[tuple[int, int]]:
    """Give the spans of a folded text, from the field of this name, that entries of the list match.

    Raises WordListError where that takes too long.
    """
    allowance = _Allowance()
    for word in _WORD.finditer(text) if listed.plain or listed.at_words else ():
        for entry in listed.plain.get(word.group(), ()):
            if name in entry.fields and _match(entry, text, word.start()):
                yield word.span()
        if listed.at_words:
            yield from _at(listed.at_words, text, word.start(), name, allowance)
    if listed.anywhere:
        for place in range(len(text)):
            yield from _at(listed.anywhere, text, place, name, allowance)


def find_spellings(listed: WordList, text: str) -> Iterator[tuple[int, int]]:
    """Give the spans of a folded text in Latin letters that spell Persian entries; none where it is not Persian.

    Raises WordListError where that takes too long.
    """
    allowance = _Allowance()
    if not listed.by_sound or not is_finglish(text):
        return
    for word in _LATIN_WORD.finditer(text):
        key = key_at(text, word.start())
        for entry in (one for known in {key, key[:1]} for one in listed.by_sound.get(known, ())):
            allowance.spend(_LOOKUPS_OF_LETTER * len(entry))
            span = find_spelling(entry, text, word.start())
            if span:
                yield span


def _at(index: _Index, text: str, place: int, name: str, allowance: _Allowance) -> Iterator[tuple[int, int]]:
    for length in range(1, _LONGEST_KEY + 1):
        by_length = index.get(text[place : place + length])
        if not by_length:
            continue
        allowance.spend(len(by_length))
        for whole, pieces in by_length.items():
            for entry in pieces.get(text[place : place + whole], ()):
                allowance.spend(_LOOKUPS_OF_PIECE * len(entry.pieces))
                span = _match(entry, text, place) if name in entry.fields else None
                if span:
                    yield span


def _match(entry: _Entry, text: str, place: int) -> tuple[int, int] | None:
    """Return the span of an entry whose anchor stands at this place."""
    *before, anchor = entry.pieces[: entry.anchor + 1]
    start: int | None = place
    for at in range(len(before) - 1, -1, -1):
        start = _before(text, start, before[at], is_first=not at) if start is not None else None
    end: int | None = place + len(anchor)
    after = entry.pieces[entry.anchor + 1 :]
    for at, piece in enumerate(after):
        end = _behind(text, end, piece, is_last=at == len(after) - 1) if end is not None else None
    if start is None or end is None:
        return None
    if entry.is_exact and not ((before or start == 0 or anchor[0] == "@") and (after or end == len(text))):
        return None
    is_whole = (bool(before) or not _goes_on(text, start)) and (bool(after) or not _goes_on(text, end))
    return (start, end) if is_whole else None


def _behind(text: str, at: int, piece: str, *, is_last: bool) -> int | None:
    """Return where the piece ends that stands within a star's reach behind a place; the last one ends a word."""
    reach = _reach(text[at : at + _STAR])
    if not piece:
        return at + len(text[at : at + reach].rstrip(_TRAILING))
    found = text.find(piece, at, at + reach + len(piece))
    while found >= 0 and is_last and _goes_on(text, found + len(piece)):
        found = text.find(piece, found + 1, at + reach + len(piece))
    return found + len(piece) if found >= 0 else None


def _before(text: str, at: int, piece: str, *, is_first: bool) -> int | None:
    """Return where the piece starts that stands within a star's reach before a place; the first one starts a word."""
    reach = _reach(text[max(0, at - _STAR) : at][::-1])
    if not piece:
        return at - reach
    found = text.rfind(piece, max(0, at - reach - len(piece)), at)
    while found >= 0 and is_first and _goes_on(text, found):
        found = text.rfind(piece, max(0, at - reach - len(piece)), found + len(piece) - 1)
    return found if found >= 0 else None


def _reach(text: str) -> int:
    """Return how many characters there are before the first blank."""
    blank = text.find(" ")
    return len(text) if blank < 0 else blank


def _goes_on(text: str, at: int) -> bool:
    """Tell whether a word continues across this place."""
    return 0 < at < len(text) and _is_of_word(text[at]) and _is_of_word(text[at - 1])


def _is_of_word(character: str) -> bool:
    # Vowel signs of Indic scripts are marks.
    return character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")
