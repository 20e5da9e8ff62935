"""How alike two texts are, in any script: sketches of MinHash (Broder 1997) over four letters in a row.

Pure; `campaigns` asks it about a whole batch at screening. Only letters and digits of the folded text count: what
campaigns vary is spacing, punctuation, emoji and a word or two.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moderation.bands import BANDS, ROWS

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
_MULTIPLIER = np.uint32(0x9E3779B1)
_NOTHING = np.zeros(0, np.uint32)


def _constants(seed: int) -> list[int]:
    """Return numbers that are the same in every process and version (a linear congruential generator)."""
    numbers = []
    for _ in range(_HASHES):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        numbers.append(seed >> 32)
    return numbers


_FACTORS = [np.uint32(number | 1) for number in _constants(1)]
_OFFSETS = [np.uint32(number) for number in _constants(2)]


def sketch_all(folded: Sequence[str]) -> list[bytes | None]:
    """Return a sketch for each folded text; None for one that is too short, or too uniform, to be told from others.

    Two sketches agree in about that share of their 16-bit numbers in which the texts share their pieces (Jaccard).
    """
    pieces = [_pieces(text) for text in folded]
    sketched = [number for number, found in enumerate(pieces) if found.size]
    sketches: list[bytes | None] = [None] * len(pieces)
    if not sketched:
        return sketches
    joined = np.concatenate([pieces[number] for number in sketched])
    starts = np.cumsum([0] + [pieces[number].size for number in sketched[:-1]])
    least = np.empty((len(sketched), _HASHES), "<u2")
    for column, (factor, offset) in enumerate(zip(_FACTORS, _OFFSETS, strict=True)):
        least[:, column] = np.minimum.reduceat(joined * factor + offset, starts) & np.uint32(0xFFFF)
    for row, number in enumerate(sketched):
        sketches[number] = least[row].tobytes()
    return sketches


def similarities(sketch: bytes, others: Sequence[bytes]) -> list[float]:
    """Return how alike each of the others is: the share, 0 to 1, of pieces in common, give or take .08."""
    if not others:
        return []
    numbers = np.frombuffer(b"".join(others), "<u2").reshape(len(others), _HASHES)
    shares: list[float] = (numbers == np.frombuffer(sketch, "<u2")).mean(axis=1).tolist()
    return shares


def _pieces(folded: str) -> NDArray[np.uint32]:
    """Return a well-mixed hash of every four letters in a row."""
    if len(folded) < LEAST_LENGTH:
        return _NOTHING
    letters = "".join(filter(str.isalnum, folded))[:_MOST_LETTERS]
    if len(letters) < _LEAST_LETTERS or len(set(letters)) < _LEAST_DIFFERENT:
        return _NOTHING
    codes = np.frombuffer(letters.encode("utf-32-le"), "<u4").astype(np.uint32)
    count = codes.size - _PIECE + 1
    mixed = np.zeros(count, np.uint32)
    for shift in range(_PIECE):
        mixed = mixed * _MULTIPLIER + codes[shift : shift + count]
    # The last steps of MurmurHash3 (public domain): neighbours in the alphabet must not be neighbours here.
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    return mixed ^ (mixed >> np.uint32(16))
