"""Hashed character and word n-grams of a batch of texts: which they are, and where they stand.

`features` makes rows of numbers of them. The hashing is spelt out here, so that it is the same in every process and on
every Python: weights belong to it. Change anything and `features.VERSION` must change with it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from moderation.learning.characters import Characters

HASH_BITS = 16
# Character n-grams have the lower half of the table, word n-grams the upper.
WORD_PLACES = 1 << HASH_BITS
TABLE_SIZE = 2 << HASH_BITS

# Character n-grams have so many characters.
_SHORTEST, _LONGEST = 2, 5
# Owner, place in the table and order share 63 bits when sorted.
_ORDER_BITS = 26
_USUAL_LENGTH = 1 << 15

# Odd constants with well-spread bits: the golden ratio's, and those of MurmurHash3's finaliser.
_GOLDEN = np.uint32(0x9E3779B1)
_STIR_1 = np.uint32(0x85EBCA6B)
_STIR_2 = np.uint32(0xC2B2AE35)
_BASE = np.uint32(0x01000193)
_SHIFT = np.uint32(32 - HASH_BITS)
_OF_WORDS = np.uint32(WORD_PLACES)


@dataclass(frozen=True)
class Grams:
    """All n-grams of a batch before counting: place in the table, owner, and first and last character (excluded).

    Not slotted: where the n-grams end is worked out for whoever asks, since for most texts nobody does.
    """

    places: npt.NDArray[np.uint32]
    owners: npt.NDArray[np.int64]
    firsts: npt.NDArray[np.int64]
    # Of those of characters, which come first, how many there are of each length; of those of words, where they end.
    _counts: tuple[int, ...]
    _word_lasts: tuple[npt.NDArray[np.int64], ...]

    @cached_property
    def lasts(self) -> npt.NDArray[np.int64]:
        """Where each n-gram ends."""
        lengths = np.repeat(np.arange(_SHORTEST, _LONGEST + 1), self._counts)
        return np.concatenate((self.firsts[: len(lengths)] + lengths, *self._word_lasts))


def grams(characters: Characters) -> Grams:
    """List every n-gram of a batch of folded texts with the place it hashes to and where it stands."""
    mixed = _stir(characters.codes * _GOLDEN)
    parts, inside = _character_grams(characters, mixed)
    words, pairs, word_firsts, word_lasts = _word_grams(characters, mixed)
    # At once: each step over an array costs as much as thousands of numbers in it.
    stirred = _stir(np.concatenate((*parts, pairs)))
    stirred >>= _SHIFT
    border = len(stirred) - len(pairs)
    stirred[border:] |= _OF_WORDS
    firsts = np.concatenate((*inside, *word_firsts))
    return Grams(
        places=np.concatenate((stirred[:border], (words >> _SHIFT) | _OF_WORDS, stirred[border:])),
        owners=characters.owners[firsts],
        firsts=firsts,
        _counts=tuple(map(len, inside)),
        _word_lasts=word_lasts,
    )


def distinct(found: Grams, count: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give each text's different places in order, the n-gram at which each stands first, and the number per block.

    A text has two blocks, characters and words.
    """
    # Of a text alone the owner is 0.
    keys = (found.owners << (HASH_BITS + 1)) | found.places if count > 1 else found.places.astype(np.int64)
    keys <<= _ORDER_BITS
    keys |= np.arange(len(keys))
    keys.sort()
    order = keys & ((1 << _ORDER_BITS) - 1)
    keys >>= _ORDER_BITS
    kept = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=kept[1:])
    keys = keys[kept]
    blocks = np.bincount(keys >> HASH_BITS, minlength=2 * count)
    return (keys & (TABLE_SIZE - 1)).astype(np.int32), order[kept], blocks


_Places = npt.NDArray[np.uint32]
_Numbers = npt.NDArray[np.int64]


def _character_grams(characters: Characters, mixed: _Places) -> tuple[list[_Places], list[_Numbers]]:
    """Grow a polynomial hash by one character at a time; n-grams across two texts are left out.

    Gives for each length the hashes, to be stirred, and where the n-grams begin.
    """
    positions = np.arange(len(mixed))
    is_alone = len(characters.starts) == 1
    rest = positions if is_alone else characters.ends[characters.owners] - positions
    hashed = mixed
    parts: list[_Places] = []
    inside: list[_Numbers] = []
    for length in range(_SHORTEST, _LONGEST + 1):
        hashed = hashed[:-1] * _BASE + mixed[length - 1 :]
        kept = positions[: len(hashed)]
        # Of a text alone none is left out.
        if not is_alone:
            kept = kept[rest[: len(hashed)] >= length]
        parts.append((hashed if is_alone else hashed[kept]) + np.uint32(length))
        inside.append(kept)
    return parts, inside


def _word_grams(
    characters: Characters, mixed: _Places
) -> tuple[_Places, _Places, tuple[_Numbers, _Numbers], tuple[_Numbers, _Numbers]]:
    """Hash each word as a difference of prefix sums, which numpy can do for all words at once.

    Gives the hashes of words, those of pairs of words, to be stirred, and where both begin and end.
    """
    firsts, lasts = characters.words
    size = len(mixed)
    powers, inverses = _POWERS.up_to(size + 1)
    sums = np.zeros(size + 1, dtype=np.uint64)
    np.cumsum(mixed * powers[:size], out=sums[1:])
    wide = (sums[lasts] - sums[firsts]) * inverses[firsts]
    hashed = _stir((wide >> np.uint64(32)).astype(np.uint32) ^ wide.astype(np.uint32))
    pairs = hashed[:-1] * _BASE + hashed[1:]
    begins, ends = firsts[:-1], lasts[1:]
    if len(characters.starts) > 1:
        owners = characters.owners[firsts]
        together = owners[1:] == owners[:-1]
        pairs, begins, ends = pairs[together], begins[together], ends[together]
    return hashed, pairs, (firsts, begins), (lasts, ends)


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
