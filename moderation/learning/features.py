"""Text into numbers: hashed character and word n-grams of the folded text, and the side features.

Computed for a whole batch with numpy over code points, because this runs for every comment (microseconds) and for a
hundred thousand of them in training. The hashing is spelt out here, so that it is the same in every process and on
every Python: weights belong to it. Change anything and `VERSION` must change with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.learning.characters import WORD, Characters, line_up
from moderation.learning.sides import NAMES, side_features
from moderation.readings import for_the_model
from moderation.text import fold

VERSION = 2
HASH_BITS = 16
# Character n-grams have the lower half of the table, word n-grams the upper.
TABLE_SIZE = 2 << HASH_BITS
SIDES = len(NAMES)

_SHORTEST, _LONGEST = 2, 5
# What folding made longer than any comment may be (20,000) is cut: some ligatures unfold into eighteen letters.
_MAX_CHARACTERS = 40_000
# Owner and place in the table share 32 bits when sorted: 2**15 texts at most, and far fewer keep arrays in the cache.
_MAX_TEXTS = 2_000
_MAX_BATCH_CHARACTERS = 400_000

# Odd constants with well-spread bits: the golden ratio's, and those of MurmurHash3's finaliser.
_GOLDEN = np.uint32(0x9E3779B1)
_STIR_1 = np.uint32(0x85EBCA6B)
_STIR_2 = np.uint32(0xC2B2AE35)
_BASE = np.uint32(0x01000193)


@dataclass(frozen=True, slots=True)
class Features:
    """A batch of texts as a sparse matrix by rows, and its side features.

    `places` and `values` hold the n-grams of all texts, those of text i from `starts[i]` to `starts[i + 1]`; the
    values of one text's character n-grams have length 1 as a vector, those of its word n-grams likewise.
    `sides` has the shape (texts, SIDES).
    """

    places: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int64]
    sides: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Grams:
    """All n-grams of a batch before counting: place in the table, owner, and first and last character (excluded)."""

    places: npt.NDArray[np.uint32]
    owners: npt.NDArray[np.int32]
    firsts: npt.NDArray[np.int64]
    lasts: npt.NDArray[np.int64]


def extract(texts: Sequence[str], folded: Sequence[str] | None = None) -> Features:
    """Turn texts into features; `folded` saves folding them again where the caller has."""
    readable = [text[:_MAX_CHARACTERS] for text in texts]
    matched = [text[:_MAX_CHARACTERS] for text in (folded if folded is not None else map(fold, readable))]
    parts = [_extract(readable[a:b], matched[a:b]) for a, b in _portions(readable, matched)]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        empty = np.zeros(0, dtype=np.float32)
        return Features(
            np.zeros(0, dtype=np.int32), empty, np.zeros(1, dtype=np.int64), np.zeros((0, SIDES), dtype=np.float32)
        )
    offsets = np.cumsum([0, *(len(part.places) for part in parts)])
    return Features(
        np.concatenate([part.places for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate(
            [[0], *(part.starts[1:] + offset for part, offset in zip(parts, offsets[:-1], strict=True))]
        ).astype(np.int64),
        np.concatenate([part.sides for part in parts]),
    )


def grams(characters: Characters) -> Grams:
    """List every n-gram of a batch of folded texts with the place it hashes to and where it stands."""
    parts = [*_character_grams(characters), *_word_grams(characters)]
    return Grams(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _portions(readable: list[str], matched: list[str]) -> list[tuple[int, int]]:
    portions: list[tuple[int, int]] = []
    first = size = 0
    for at, (text, other) in enumerate(zip(readable, matched, strict=True)):
        size += len(text) + len(other)
        if size > _MAX_BATCH_CHARACTERS or at - first >= _MAX_TEXTS:
            if at > first:
                portions.append((first, at))
            first, size = at, len(text) + len(other)
    if first < len(readable):
        portions.append((first, len(readable)))
    return portions


def _extract(readable: list[str], matched: list[str]) -> Features:
    raw, folded = line_up(readable), line_up(matched)
    found = grams(line_up([for_the_model(text) for text in matched]))
    keys = (found.owners.astype(np.uint32) << np.uint32(HASH_BITS + 1)) | found.places
    keys.sort()
    kept = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=kept[1:])
    keys = keys[kept]
    blocks = np.bincount(keys >> np.uint32(HASH_BITS), minlength=2 * len(matched))
    # sqrt of the number of distinct n-grams is the length of a vector of ones.
    values = np.repeat((1 / np.sqrt(np.maximum(blocks, 1))).astype(np.float32), blocks)
    starts = np.concatenate(([0], np.cumsum(blocks[0::2] + blocks[1::2]))).astype(np.int64)
    places = (keys & np.uint32(TABLE_SIZE - 1)).astype(np.int32)
    return Features(places, values, starts, side_features(readable, raw, folded))


_Part = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _character_grams(characters: Characters) -> list[_Part]:
    """Grow a polynomial hash by one character at a time; n-grams across two texts are left out."""
    mixed = _stir(characters.codes * _GOLDEN)
    positions = np.arange(len(mixed), dtype=np.int64)
    rest = characters.ends[characters.owners] - positions
    hashed = mixed
    parts: list[_Part] = []
    for length in range(2, _LONGEST + 1):
        hashed = hashed[:-1] * _BASE + mixed[length - 1 :]
        if length < _SHORTEST:
            continue
        inside = rest[: len(hashed)] >= length
        places = _stir(hashed[inside] + np.uint32(length)) >> np.uint32(32 - HASH_BITS)
        firsts = positions[: len(hashed)][inside]
        parts.append((places, characters.owners[: len(hashed)][inside], firsts, firsts + length))
    return parts


def _word_grams(characters: Characters) -> list[_Part]:
    """Hash each word as a difference of prefix sums, which numpy can do for all words at once."""
    word = (characters.kinds & np.uint16(WORD)) != 0
    begins, finishes = word.copy(), word.copy()
    begins[1:] &= ~word[:-1]
    finishes[:-1] &= ~word[1:]
    firsts, lasts = np.flatnonzero(begins), np.flatnonzero(finishes) + 1
    powers, inverses = _powers(len(word) + 1)
    sums = np.zeros(len(word) + 1, dtype=np.uint64)
    np.cumsum(_stir(characters.codes * _GOLDEN).astype(np.uint64) * powers[:-1], out=sums[1:])
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
    return (hashed >> np.uint32(32 - HASH_BITS)) | np.uint32(1 << HASH_BITS)


def _powers(count: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Powers of an odd number and of its inverse modulo 2**64."""
    base = 0x9E3779B97F4A7C15
    columns = []
    for factor in (base, pow(base, -1, 1 << 64)):
        column = np.full(count, factor, dtype=np.uint64)
        column[0] = 1
        columns.append(np.cumprod(column, dtype=np.uint64))
    return columns[0], columns[1]


def _stir(hashed: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    hashed = (hashed ^ (hashed >> np.uint32(16))) * _STIR_1
    hashed = (hashed ^ (hashed >> np.uint32(13))) * _STIR_2
    return hashed ^ (hashed >> np.uint32(16))
