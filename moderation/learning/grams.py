"""Hashed character and word n-grams of a batch of texts: which they are, and where they stand.

`features` makes rows of numbers of them. The hashing is spelt out here, so that it is the same in every process and on
every Python: weights belong to it. Change anything and `features.VERSION` must change with it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.learning.characters import WORD, Characters

HASH_BITS = 16
# Character n-grams have the lower half of the table, word n-grams the upper.
WORD_PLACES = 1 << HASH_BITS
TABLE_SIZE = 2 << HASH_BITS

# Character n-grams have two characters to so many.
_LONGEST = 5
# Owner, place in the table and order share 63 bits when sorted.
_ORDER_BITS = 26
_USUAL_LENGTH = 1 << 15

# Odd constants with well-spread bits: the golden ratio's, and those of MurmurHash3's finaliser.
_GOLDEN = np.uint32(0x9E3779B1)
_STIR_1 = np.uint32(0x85EBCA6B)
_STIR_2 = np.uint32(0xC2B2AE35)
_BASE = np.uint32(0x01000193)


@dataclass(frozen=True, slots=True)
class Grams:
    """All n-grams of a batch before counting: place in the table, owner, and first and last character (excluded)."""

    places: npt.NDArray[np.uint32]
    owners: npt.NDArray[np.int64]
    firsts: npt.NDArray[np.int64]
    lasts: npt.NDArray[np.int64]


def grams(characters: Characters) -> Grams:
    """List every n-gram of a batch of folded texts with the place it hashes to and where it stands."""
    mixed = _stir(characters.codes * _GOLDEN)
    parts = (_character_grams(characters, mixed), *_word_grams(characters, mixed))
    return Grams(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def distinct(found: Grams, count: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give each text's different places in order, the n-gram at which each stands first, and the number per block.

    A text has two blocks, characters and words.
    """
    keys = (found.owners << (HASH_BITS + 1)) | found.places
    keys = (keys << _ORDER_BITS) | np.arange(len(keys))
    keys.sort()
    order = keys & ((1 << _ORDER_BITS) - 1)
    keys >>= _ORDER_BITS
    kept = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=kept[1:])
    keys = keys[kept]
    blocks = np.bincount(keys >> HASH_BITS, minlength=2 * count)
    return (keys & (TABLE_SIZE - 1)).astype(np.int32), order[kept], blocks


_Part = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _character_grams(characters: Characters, mixed: npt.NDArray[np.uint32]) -> _Part:
    """Grow a polynomial hash by one character at a time; n-grams across two texts are left out."""
    positions = np.arange(len(mixed))
    rest = characters.ends[characters.owners] - positions
    hashed = mixed
    parts: list[npt.NDArray[np.uint32]] = []
    inside: list[npt.NDArray[np.int64]] = []
    for length in range(2, _LONGEST + 1):
        hashed = hashed[:-1] * _BASE + mixed[length - 1 :]
        # Of a text alone none is left out.
        kept = positions[: len(hashed)]
        if len(characters.starts) > 1:
            kept = kept[rest[: len(hashed)] >= length]
        parts.append((hashed[kept] if len(kept) < len(hashed) else hashed) + np.uint32(length))
        inside.append(kept)
    firsts = np.concatenate(inside)
    lasts = firsts + np.repeat(np.arange(2, _LONGEST + 1), [len(kept) for kept in inside])
    places = _stir(np.concatenate(parts)) >> np.uint32(32 - HASH_BITS)
    return places, characters.owners[firsts], firsts, lasts


def _word_grams(characters: Characters, mixed: npt.NDArray[np.uint32]) -> list[_Part]:
    """Hash each word as a difference of prefix sums, which numpy can do for all words at once."""
    word = characters.are(WORD)
    # A mark stands before each text and behind it, so that the borders of words come in pairs.
    borders = (word[1:] != word[:-1]).nonzero()[0] + 1
    firsts, lasts = borders[0::2], borders[1::2]
    powers, inverses = _POWERS.up_to(len(word) + 1)
    sums = np.zeros(len(word) + 1, dtype=np.uint64)
    np.cumsum(mixed * powers[: len(word)], out=sums[1:])
    wide = (sums[lasts] - sums[firsts]) * inverses[firsts]
    hashed = _stir((wide >> np.uint64(32)).astype(np.uint32) ^ wide.astype(np.uint32))
    owners = characters.owners[firsts]
    together = owners[1:] == owners[:-1]
    pairs = _stir((hashed[:-1] * _BASE + hashed[1:])[together])
    return [
        (_word_places(hashed), owners, firsts, lasts),
        (_word_places(pairs), owners[1:][together], firsts[:-1][together], lasts[1:][together]),
    ]


def _word_places(hashed: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    return (hashed >> np.uint32(32 - HASH_BITS)) | np.uint32(WORD_PLACES)


class _Powers:
    """Powers of an odd number and of its inverse modulo 2**64, kept up to a usual length."""

    def __init__(self) -> None:
        self._kept = self._make(_USUAL_LENGTH)

    def up_to(self, count: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        """Give at least `count` powers, from 0 on."""
        return self._kept if count <= _USUAL_LENGTH else self._make(count)

    @staticmethod
    def _make(count: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        base = 0x9E3779B97F4A7C15
        columns = []
        for factor in (base, pow(base, -1, 1 << 64)):
            column = np.full(count, factor, dtype=np.uint64)
            column[0] = 1
            columns.append(np.cumprod(column, dtype=np.uint64))
        return columns[0], columns[1]


_POWERS = _Powers()


def _stir(hashed: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    hashed = hashed ^ (hashed >> np.uint32(16))
    hashed *= _STIR_1
    hashed ^= hashed >> np.uint32(13)
    hashed *= _STIR_2
    hashed ^= hashed >> np.uint32(16)
    return hashed
