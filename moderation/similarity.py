"""How alike two texts are, in any script: sketches of MinHash (Broder 1997) over four letters in a row.

Pure; `campaigns` asks it about a whole batch at screening. Only letters and digits of the folded text count: what
campaigns vary is spacing, punctuation, emoji and a word or two.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moderation.bands import BANDS, ROWS
from moderation.learning.characters import LETTER, NUMBER, line_up

# Shorter ones are said by many honest people: "thank you", "عالی بود".
LEAST_LENGTH = 20
# Fewer letters than these share their pieces by chance; fewer different ones are laughter ("hahahaha", "خخخخخخ").
_LEAST_LETTERS = 11
_LEAST_DIFFERENT = 5
# Enough to know a text by; keeps the longest comment from costing more than ten usual ones.
_MOST_LETTERS = 4_000
# Letters per piece: with three, honest short texts meet by chance; with five, a swapped word parts a campaign.
_PIECE = 4

_HASHES = BANDS * ROWS
_BYTES = 2 * _HASHES
_MULTIPLIER = np.uint32(0x9E3779B1)
# A code point has so many.
_CODE_BITS = 21
# Characters sketched together: every letter takes 36 numbers meanwhile.
_AT_ONCE = 10_000

_Codes = NDArray[np.uint32]
_Numbers = NDArray[np.int64]


def _constants(seed: int) -> list[int]:
    """Return numbers that are the same in every process and version (a linear congruential generator)."""
    numbers = []
    for _ in range(_HASHES):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        numbers.append(seed >> 32)
    return numbers


_FACTORS = np.array([number | 1 for number in _constants(1)], dtype=np.uint32)[:, None]
_OFFSETS = np.array(_constants(2), dtype=np.uint32)[:, None]


def sketch_all(folded: Sequence[str]) -> list[bytes | None]:
    """Return a sketch for each folded text; None for one that is too short, or too uniform, to be told from others.

    Two sketches agree in about that share of their 16-bit numbers in which the texts share their pieces (Jaccard).
    """
    sketches: list[bytes | None] = [None] * len(folded)
    long = [at for at, text in enumerate(folded) if len(text) >= LEAST_LENGTH]
    first = 0
    while first < len(long):
        last, size = first + 1, len(folded[long[first]])
        while last < len(long) and size < _AT_ONCE:
            size += len(folded[long[last]])
            last += 1
        _sketch(folded, long[first:last], sketches)
        first = last
    return sketches


def _sketch(folded: Sequence[str], long: Sequence[int], sketches: list[bytes | None]) -> None:
    """Fill in the sketches of some of the texts, all worked out at once."""
    letters, owners, counts = _letters([folded[at] for at in long])
    pieces, starts = _pieces(letters, owners, counts)
    if not len(starts):
        return
    hashed = pieces * _FACTORS
    hashed += _OFFSETS
    least = np.minimum.reduceat(hashed, starts, axis=1).T.astype("<u2").tobytes()
    for row, number in enumerate(np.flatnonzero(counts).tolist()):
        sketches[long[number]] = least[row * _BYTES : (row + 1) * _BYTES]


def similarities(sketch: bytes, others: Sequence[bytes]) -> list[float]:
    """Return how alike each of the others is: the share, 0 to 1, of pieces in common, give or take .08."""
    if not others:
        return []
    numbers = np.frombuffer(b"".join(others), "<u2").reshape(len(others), _HASHES)
    shares: list[float] = (numbers == np.frombuffer(sketch, "<u2")).mean(axis=1).tolist()
    return shares


def _letters(texts: Sequence[str]) -> tuple[_Codes, _Numbers, _Numbers]:
    """Put the letters and digits of the texts in a row; return them, whose they are, and how many each text has.

    Those of texts that have too few, or too few different ones, are left out.
    """
    row = line_up(texts)
    kept = np.flatnonzero(row.are(LETTER | NUMBER))
    owners = row.owners[kept]
    counts = np.bincount(owners, minlength=len(texts))
    if counts.max() > _MOST_LETTERS:
        places = np.arange(len(kept)) - np.repeat(np.cumsum(counts) - counts, counts)
        kept, owners = kept[places < _MOST_LETTERS], owners[places < _MOST_LETTERS]
        counts = np.minimum(counts, _MOST_LETTERS)
    codes = row.codes[kept]
    by_code = np.sort((owners << _CODE_BITS) | codes)
    is_other = np.ones(len(by_code), dtype=np.bool_)
    np.not_equal(by_code[1:], by_code[:-1], out=is_other[1:])
    different = np.bincount(by_code[is_other] >> _CODE_BITS, minlength=len(texts))
    has_enough = (counts >= _LEAST_LETTERS) & (different >= _LEAST_DIFFERENT)
    is_kept = has_enough[owners]
    return codes[is_kept], owners[is_kept], np.where(has_enough, counts, 0)


def _pieces(letters: _Codes, owners: _Numbers, counts: _Numbers) -> tuple[_Codes, _Numbers]:
    """Return a well-mixed hash of every four letters in a row of one text, and where each text's begin."""
    size = max(len(letters) - _PIECE + 1, 0)
    mixed = np.zeros(size, np.uint32)
    for shift in range(_PIECE):
        mixed = mixed * _MULTIPLIER + letters[shift : shift + size]
    mixed = mixed[owners[:size] == owners[_PIECE - 1 :]]
    # The last steps of MurmurHash3 (public domain): neighbours in the alphabet must not be neighbours here.
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    sizes = counts[counts > 0] - _PIECE + 1
    return mixed ^ (mixed >> np.uint32(16)), np.cumsum(sizes) - sizes
