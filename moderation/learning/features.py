"""Text into numbers: hashed character and word n-grams of the folded text, how it is written, and the side features.

Computed for a whole batch with numpy over code points, because this runs for every comment (microseconds) and for a
hundred thousand of them in training. Weights belong to these features: change anything in them, in `grams`, `sides`,
`readings`, the manner of `habits` or the list of `promotions`, and `VERSION` must change with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.learning.characters import Characters, line_up
from moderation.learning.grams import HASH_BITS, TABLE_SIZE, WORD_PLACES, Grams, distinct, grams
from moderation.learning.habits import MANNERS, manner
from moderation.learning.last_batch import MOST_CHARACTERS, LastBatch
from moderation.learning.sides import NAMES, side_features
from moderation.readings import for_the_model
from moderation.text import Link, find_links, fold

__all__ = [
    "HASH_BITS",
    "LONGEST_READ",
    "MANNERS",
    "SIDES",
    "TABLE_SIZE",
    "VERSION",
    "WORD_PLACES",
    "Features",
    "Grams",
    "Reading",
    "extract",
    "extract_all",
    "grams",
    "read",
    "read_ahead",
]

VERSION = 5
SIDES = len(NAMES)

# What folding made longer than any comment may be (20,000) is cut: some ligatures unfold into eighteen letters.
LONGEST_READ = 40_000
# Few enough to keep the arrays in the cache, and within what `grams` can count.
_MAX_TEXTS = 2_000
_MAX_BATCH_CHARACTERS = 400_000

_LAST = LastBatch()


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

    def block_edges(self) -> npt.NDArray[np.int64]:
        """Say where each text's character n-grams begin, where its word n-grams do, and where the last ones end."""
        edges = np.zeros(2 * len(self.starts) - 1, dtype=np.int64)
        edges[0::2] = self.starts
        if len(self.places):
            # Every text has n-grams, since the marks around it are one.
            words = np.add.reduceat(self.places >= WORD_PLACES, self.starts[:-1], dtype=np.int64)
            edges[1::2] = self.starts[1:] - words
        return edges

    def of(self, texts: Sequence[int] | npt.NDArray[np.int64]) -> "Features":
        """Give the features of some of the texts, in the order asked for."""
        chosen = np.asarray(texts, dtype=np.int64)
        lengths = np.diff(self.starts)[chosen]
        starts = np.zeros(len(chosen) + 1, dtype=np.int64)
        np.cumsum(lengths, out=starts[1:])
        kept = np.arange(starts[-1]) + np.repeat(self.starts[chosen] - starts[:-1], lengths)
        return Features(self.places[kept], self.values[kept], starts, self.sides[chosen])


@dataclass(frozen=True, slots=True)
class Reading:
    """A batch of texts read once, for whoever asks: `features`, how they are written, and where each n-gram stands.

    `folded` are the texts as `text.fold` has them, cut to LONGEST_READ; `matched` are those that were hashed (folded,
    closed up, l33t spelt out behind), `characters` the same in a row. Entry i of `features.places` is n-gram
    `first_grams[i]` of `grams` where it stands first in its text. `manners` are the places of `habits.manner`, those of
    text i from `manner_starts[i]` to `manner_starts[i + 1]`.
    """

    features: Features
    folded: list[str]
    matched: list[str]
    characters: Characters
    grams: Grams
    first_grams: npt.NDArray[np.int64]
    manners: npt.NDArray[np.uint32]
    manner_starts: npt.NDArray[np.int64]


def extract(texts: Sequence[str], folded: Sequence[str] | None = None) -> Features:
    """Turn texts into features; `folded` saves folding them again where the caller has."""
    return _joined([reading.features for reading in read(texts, folded)])


def extract_all(texts: Sequence[str]) -> Features:
    """Turn texts into features that include how they are written, as places from TABLE_SIZE on (for training)."""
    return _joined([_with_manner(reading) for reading in read(texts)])


def manner_values(starts: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Give the value that each of a text's manners has: together they have length 1 as a vector."""
    values: npt.NDArray[np.float32] = (1 / np.sqrt(np.maximum(np.diff(starts), 1))).astype(np.float32)
    return values


def _with_manner(reading: Reading) -> Features:
    of, starts = reading.features, reading.manner_starts
    owners = [np.repeat(np.arange(len(of.sides)), np.diff(one)) for one in (of.starts, starts)]
    order = np.argsort(np.concatenate(owners), kind="stable")
    values = np.repeat(manner_values(starts), np.diff(starts))
    return Features(
        np.concatenate((of.places, reading.manners.astype(np.int32) + TABLE_SIZE))[order],
        np.concatenate((of.values, values))[order],
        of.starts + starts,
        of.sides,
    )


def _joined(parts: Sequence[Features]) -> Features:
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


def read(texts: Sequence[str], folded: Sequence[str] | None = None) -> Iterator[Reading]:
    """Read texts in portions of a bounded size, in order; `folded` saves folding them again where the caller has."""
    if sum(map(len, texts)) <= _MAX_BATCH_CHARACTERS and len(texts) <= _MAX_TEXTS:
        yield from _LAST.made_of(texts, lambda: list(_read_all(texts, folded)))
    else:
        yield from _read_all(texts, folded)


def read_ahead(texts: Sequence[str], folded: Sequence[str], links: Sequence[Sequence[Link]]) -> None:
    """Read a usual batch that models will be asked about next, with what the caller has found in the texts already."""
    if sum(map(len, texts)) <= MOST_CHARACTERS and max(map(len, texts), default=0) <= LONGEST_READ:
        _LAST.made_of(texts, lambda: list(_read_all(texts, folded, links)))


def _read_all(
    texts: Sequence[str], folded: Sequence[str] | None, links: Sequence[Sequence[Link]] | None = None
) -> Iterator[Reading]:
    readable = [text[:LONGEST_READ] for text in texts]
    matched = [text[:LONGEST_READ] for text in (folded if folded is not None else map(fold, readable))]
    found = links if links is not None else [find_links(text) for text in readable]
    for first, last in _portions(readable, matched):
        yield _read(readable[first:last], matched[first:last], found[first:last])


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


def _read(readable: list[str], folded: list[str], links: Sequence[Sequence[Link]]) -> Reading:
    count = len(readable)
    matched = [for_the_model(text) for text in folded]
    # Most texts are hashed as they are folded; the others stand in the row twice.
    changed = [at for at in range(count) if matched[at] is not folded[at]]
    row = line_up([*readable, *(folded[at] for at in changed), *matched])
    raw, hashed = row.between(0, count), row.between(count + len(changed), 2 * count + len(changed))
    as_folded = hashed if not changed else line_up(folded)
    found = grams(hashed)
    places, first_grams, blocks = distinct(found, count)
    # sqrt of the number of distinct n-grams is the length of a vector of ones.
    values = np.repeat((1 / np.sqrt(np.maximum(blocks, 1))).astype(np.float32), blocks)
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(blocks[0::2] + blocks[1::2], out=starts[1:])
    sides = side_features(links, raw, as_folded, folded)
    of = Features(places, values, starts, sides)
    return Reading(of, folded, matched, hashed, found, first_grams, *manner(readable, raw))
