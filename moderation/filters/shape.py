"""How a comment looks before anybody reads it: shouted, mashed, a run of one sign, or nothing at all."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal

# Shorter ones are abbreviations and cheers.
_SHOUTED_LETTERS = 30
_SHOUTED_WORDS = 4
_SHOUTED_SHARE = 0.95
_SMALL_WORD = re.compile("[a-zа-яё]{4}")
# Most comments begin so; what says something needs no further look.
_LETTER_FIRST = re.compile(r"[^\W_\u115f\u1160\u3164\uffa0]")
# Scripts without case have nothing to shout with.
_CASED_SHARE = 0.9

# Laughter, applause and a row of hearts are honest; twice as long as those is not read by anyone.
_RUN_LENGTH = 10
_RUN_SIGNS = 3
# Joiners and a few kinds of space may stand between them.
_MOST_DIFFERENT = _RUN_SIGNS + 6
_RUN_LOOK = 24

# Rows of Latin and Russian keyboards. Persian, Arabic and Asian layouts are left alone: too many words would match.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_ALONG_A_ROW = frozenset(pair for row in _ROWS for way in (row, row[::-1]) for pair in pairwise(way))
# A word of eight letters or more; the first letter comes first in the pattern, since looking for one sign is fast.
_MASHED_WORD = re.compile(r"[a-zа-яё](?<!\w.)(?:(?<=[a-z])[a-z]{7,}|(?<=[а-яё])[а-яё]{7,})(?!\w)")
# Every mashed word is one of these; most of these are not.
_LONG_WORD = re.compile("[a-zа-яё]{8,}")
_VOWELS = re.compile(r"[aeiouyаеёиоуыэюя]")
# "Angstschweiß" has eight consonants in a row, but vowels enough around them; "strengths" has one vowel in nine.
_REPEATED = re.compile(r"(.)\1+")
_MASHED_LENGTH = 8
_MASHED_VOWELS = 0.12
_SCARCE_FROM = 10
_MASHED_PAIRS = 0.5
_MASHED_DIFFERENT = 4
_MASHED_SHARE = 0.5
# The start of a word tells; bounds what is remembered.
_MASHED_LOOK = 40

_JOINERS = frozenset("\u200d\ufe0f\u20e3")
# Letters and signs to Unicode, nothing to readers: Hangul fillers and the empty Braille cell.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def shape(facts: Facts) -> Iterator[Signal]:
    """Notice ALL_CAPITALS, GIBBERISH, EMOJI_RUN (a long run of few signs alone), EMPTY (no letter, digit or sign)."""
    body = facts.body
    if not _LETTER_FIRST.match(body) and not any(map(_says_something, body)):
        yield _of_whole("EMPTY", body)
        return
    # The fast no: honest texts have many different letters.
    if len(set(body[:_RUN_LOOK])) <= _MOST_DIFFERENT and _is_run(body):
        yield _of_whole("EMOJI_RUN", body)
        return
    if _is_shouted(body):
        yield _of_whole("ALL_CAPITALS", body)
    mashed = _mashed(body)
    if mashed:
        yield Signal("GIBBERISH", 1.0, mashed)


def _of_whole(name: str, body: str) -> Signal:
    return Signal(name, 1.0, (Evidence(body, "body", 0, len(body)),))


def _says_something(character: str) -> bool:
    """Tell letters, digits and signs (emoji, money) from punctuation, spaces and what can't be seen."""
    return character not in _FILLERS and (
        character.isalnum() or unicodedata.category(character) in {"Nl", "No", "So", "Sc", "Sm"}
    )


def _is_run(body: str) -> bool:
    """Tell a text that is only a few different signs over and over: emoji, or one letter."""
    if len(body) < _RUN_LENGTH or len(set(body)) > _MOST_DIFFERENT:
        return False
    signs = [character for character in body if character not in _JOINERS and not character.isspace()]
    if len(signs) < _RUN_LENGTH:
        return False
    different = set(signs)
    if len(different) == 1:
        return True
    return len(different) <= _RUN_SIGNS and all(unicodedata.category(one) in {"So", "Sk"} for one in different)


def _is_shouted(body: str) -> bool:
    # The fast no: hardly a text is without small letters, or has any capitals in a script that has none.
    if _SMALL_WORD.search(body) or body == body.lower():
        return False
    capitals = sum(map(str.isupper, body))
    if capitals < _SHOUTED_LETTERS:
        return False
    cased = capitals + sum(map(str.islower, body))
    letters = sum(map(str.isalpha, body))
    words = sum(1 for word in body.split() if word.isupper())
    return capitals >= cased * _SHOUTED_SHARE and cased >= letters * _CASED_SHARE and words >= _SHOUTED_WORDS


def _mashed(body: str) -> tuple[Evidence, ...]:
    """Return the mashed words, when they are most of the text."""
    lowered = body.lower()
    if not any(_is_mashed(word[:_MASHED_LOOK]) for word in _LONG_WORD.findall(lowered)) or len(lowered) != len(body):
        # A few capitals grow when lowered ("İ"), and spans would shift.
        return ()
    found = [one for one in _MASHED_WORD.finditer(lowered) if _is_mashed(one.group()[:_MASHED_LOOK])]
    if not found or sum(len(one.group()) for one in found) < sum(map(str.isalpha, body)) * _MASHED_SHARE:
        return ()
    return tuple(Evidence(body[one.start() : one.end()], "body", one.start(), one.end()) for one in found[:5])


# The same words come again and again; strangers choose them, so the memory is bounded.
@lru_cache(maxsize=10_000)
def _is_mashed(word: str) -> bool:
    # Drawn-out letters are feeling, not mashing: "hadirrrrr".
    word = _REPEATED.sub(r"\1", word)
    if len(word) < _MASHED_LENGTH or len(set(word)) < _MASHED_DIFFERENT:
        return False
    vowels = len(_VOWELS.findall(word))
    lacks_vowels = vowels <= len(word) * _MASHED_VOWELS and (not vowels or len(word) >= _SCARCE_FROM)
    pairs = sum(1 for pair in pairwise(word) if pair in _ALONG_A_ROW)
    return lacks_vowels or pairs >= (len(word) - 1) * _MASHED_PAIRS + 1
