"""How a comment is written rather than what it says, as hashed pieces.

Capitals, punctuation, pictures and the shapes of words, all of which folding takes away. `habits` are those that a
site's own model learns (`site_features` puts them beside the words), `manner` those that the shipped model knows too
(`features`): not the words in their capitals. Stored layers and weights belong to the hashing here: change it and
`VERSION` with it, and `features.VERSION` as well.
"""

import html
import re
from collections.abc import Sequence
from operator import is_

import numpy as np
import numpy.typing as npt

from moderation.learning import characters as kinds
from moderation.learning.characters import Characters, line_up

VERSION = 1
HASH_BITS = 16
TABLE_SIZE = 1 << HASH_BITS

# The shipped model tells fewer apart.
MANNER_BITS = 14
MANNERS = 1 << MANNER_BITS

Codes = npt.NDArray[np.uint32]
Owners = npt.NDArray[np.int64]

# The rest of a longer comment is written like its beginning.
_MOST_CHARACTERS = 3_000
_SHAPES = (2, 3, 4, 5)
_CLASSES = (1, 2, 3, 4)
# "!!!!!" is as much as "!!!".
_LONGEST_RUN = 3
# Told apart from every code point.
_A_WORD, _A_NUMBER, _A_SMALL, _A_CAPITAL, _A_DIGIT, _A_PICTURE, _A_HIDDEN, _A_STYLED = range(0x110000, 0x110008)
# A later one wins.
_SIGNS = (
    (kinds.LETTER, _A_SMALL),
    (kinds.UPPER, _A_CAPITAL),
    (kinds.DIGIT, _A_DIGIT),
    (kinds.PICTURE, _A_PICTURE),
    (kinds.INVISIBLE, _A_HIDDEN),
    (kinds.STYLED, _A_STYLED),
)

# `characters` puts \x02 and \x03 around texts.
_LAST_MARK = 3

_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>]+", re.IGNORECASE)

_GOLDEN = np.uint32(0x9E3779B1)
_STIR_1 = np.uint32(0x85EBCA6B)
_STIR_2 = np.uint32(0xC2B2AE35)
_BASE = np.uint32(0x01000193)


def habits(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], Owners]:
    """List the places (0 to TABLE_SIZE - 1) of each text's pieces and whose they are, each once, by text and place."""
    if not texts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    raw = _line_up_plain(texts)
    words, whose = _words(raw)
    runs, owners = _runs(raw)
    hashed = np.concatenate((words, runs)) >> np.uint32(32 - HASH_BITS)
    keys = np.unique(np.concatenate((whose, owners)) << HASH_BITS | hashed)
    return keys & (TABLE_SIZE - 1), keys >> HASH_BITS


def manner(
    texts: Sequence[str], lined_up: Characters | None = None
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Give the different places (0 to MANNERS - 1) of each text's shapes and kinds of letters, and where they begin.

    Those of text i stand from entry i to entry i + 1 of the second; every text has some. At most 2**18 texts.
    `lined_up` are the texts in a row, where the caller has them so.
    """
    if not texts:
        return np.zeros(0, np.uint32), np.zeros(1, np.int64)
    raw = _line_up_plain(texts, lined_up)
    hashed, owners = _runs(raw)
    keys = owners.astype(np.uint32)
    keys <<= np.uint32(MANNER_BITS)
    keys |= hashed >> np.uint32(32 - MANNER_BITS)
    keys.sort()
    kept = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=kept[1:])
    keys = keys[kept]
    starts = np.searchsorted(keys, np.arange(len(texts) + 1, dtype=np.uint32) << np.uint32(MANNER_BITS))
    return keys & np.uint32(MANNERS - 1), starts


def _line_up_plain(texts: Sequence[str], lined_up: Characters | None = None) -> Characters:
    plain = [_plain(text[:_MOST_CHARACTERS]) for text in texts]
    return lined_up if lined_up is not None and all(map(is_, plain, texts)) else line_up(plain)


def _plain(text: str) -> str:
    """Take away what an editor or a page put there, and the spelling of addresses: no habits of the writer."""
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    return _ADDRESS.sub("\x04", text) if "://" in text or "www." in text else text


def _words(raw: Characters) -> tuple[Codes, Owners]:
    """Hash every word with its capitals, and whatever else is no space, by itself."""
    word = raw.are(kinds.WORD)
    begins = ~word | ~_before(word)
    numbers = np.cumsum(begins) - 1
    firsts = np.flatnonzero(begins)
    # Sums of characters that know their position in the word: anagrams differ.
    offsets = (np.arange(len(word)) - firsts[numbers]).astype(np.uint32)
    stirred = _stir(raw.codes * _GOLDEN + offsets * _STIR_1)
    hashed = _stir(np.add.reduceat(stirred, firsts, dtype=np.uint32) + np.uint32(1))
    # Neither spaces nor the marks between texts.
    kept = ~raw.are(kinds.SPACE)[firsts] & (raw.codes[firsts] > np.uint32(_LAST_MARK))
    return hashed[kept], raw.owners[firsts][kept].astype(np.int64)


def _runs(raw: Characters) -> tuple[Codes, Owners]:
    """Hash the runs of shapes and those of kinds of letters, by growing a polynomial hash by one code at a time."""
    shapes, owners_of_shapes = _shapes(raw)
    classes, owners_of_classes = _classes(raw)
    # Both in one row: each step over an array costs as much as thousands of numbers in it.
    border = len(shapes)
    owners = np.concatenate((owners_of_shapes, owners_of_classes))
    hashed = mixed = _stir(np.concatenate((shapes, classes)) * _GOLDEN)
    # What crosses from one text to the next, or from shapes to classes, is left out.
    is_alone = len(raw.starts) == 1
    salted, whose = [], []
    for length in range(1, max(*_SHAPES, *_CLASSES) + 1):
        if length > 1:
            hashed = hashed[:-1] * _BASE + mixed[length - 1 :]
        for lengths, salt, first, end in ((_SHAPES, 2, 0, border), (_CLASSES, 3, border, len(mixed))):
            if length in lengths:
                last = max(end - length + 1, first)
                found = hashed[first:last]
                if not is_alone:
                    of = owners[first:last]
                    inside = (of == owners[first + length - 1 : last + length - 1]).nonzero()[0]
                    found = found[inside]
                    whose.append(of[inside])
                salted.append(found + np.uint32(16 * salt + length))
    stirred = _stir(np.concatenate(salted))
    return stirred, np.zeros(len(stirred), np.int64) if is_alone else np.concatenate(whose)


def _shapes(raw: Characters) -> tuple[Codes, Owners]:
    """Give what stands between words: codes in which each word is one sign, each number another."""
    word = raw.are(kinds.WORD)
    firsts = (~word | ~_before(word)).nonzero()[0]
    is_number = np.logical_and.reduceat(raw.are(kinds.DIGIT), firsts)
    signs = np.where(is_number, np.uint32(_A_NUMBER), np.uint32(_A_WORD))
    return np.where(word[firsts], signs, raw.codes[firsts]), raw.owners[firsts]


def _classes(raw: Characters) -> tuple[Codes, Owners]:
    """Give the kinds of letters: capitals, small ones, digits, pictures, styled and hidden ones."""
    codes = raw.with_signs(_SIGNS)
    # Marks stand between texts, so that no run crosses from one to the next.
    is_like_last = codes[1:] == codes[:-1]
    kept = np.ones(len(codes), np.bool_)
    kept[_LONGEST_RUN:] = ~(is_like_last[2:] & is_like_last[1:-1] & is_like_last[:-2])
    return codes[kept], raw.owners[kept]


def _before(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.concatenate((mask[:1] & False, mask[:-1]))


def _stir(hashed: Codes) -> Codes:
    """Spread the bits of a number over all of it (the finaliser of MurmurHash3)."""
    hashed = hashed ^ (hashed >> np.uint32(16))
    hashed *= _STIR_1
    hashed ^= hashed >> np.uint32(13)
    hashed *= _STIR_2
    hashed ^= hashed >> np.uint32(16)
    return hashed
