"""All that a site's own model looks at: the words and shape that the shipped one knows, how it is written, and by whom.

Between `features` with `habits` and `site_model`. Who wrote a comment never goes into the shipped model.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.learning import features, habits

# Numbers which are stored with a layer: it fits no other features.
VERSIONS = (features.VERSION, habits.VERSION)
SIDES = features.SIDES

_WHO_SIZE = 1 << 14
_HABITS_FROM = features.TABLE_SIZE
_WHO_FROM = _HABITS_FROM + habits.TABLE_SIZE
TABLE_SIZE = _WHO_FROM + _WHO_SIZE

# What begins where in the table, each a block whose values have length 1 for every text: pieces of words, words, the
# way it is written, who wrote it.
BLOCKS = np.array([0, features.TABLE_SIZE // 2, _HABITS_FROM, _WHO_FROM])

_WORD = re.compile(r"\w+")
_HOST = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?/*(?:[^/?#@]*@)?(?:www\.)?([^/?#:]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SiteFeatures:
    """A batch of texts as a sparse matrix: `values` at `places` of the rows `owners`; `sides` is (texts, SIDES)."""

    places: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    sides: npt.NDArray[np.float32]

    @property
    def blocks(self) -> npt.NDArray[np.int64]:
        """Number each value's row and block: row times the number of BLOCKS, plus the block."""
        return self.owners * len(BLOCKS) + np.searchsorted(BLOCKS, self.places, side="right") - 1


def who(name: str, email: str = "", website: str | None = None) -> tuple[str, ...]:
    """Name what is known of an author, in words to be hashed: the name and its words, mail domain, website's host."""
    called = " ".join(name.casefold().split())
    found = [f"name {called}"] if called else []
    found += [f"word {word}" for word in _WORD.findall(called)]
    domain = email.rpartition("@")[2].strip().casefold()
    if domain:
        found.append(f"mail {domain}")
    host = _HOST.match((website or "").strip())
    if host:
        found.append(f"host {host[1].casefold()}")
    return tuple(sorted(set(found)))


def extract(texts: Sequence[str], authors: Sequence[tuple[str, ...]]) -> SiteFeatures:
    """Turn texts, and what `who` said of their authors, into features."""
    of = features.extract(texts)
    count = len(texts)
    owners = [np.repeat(np.arange(count), np.diff(of.starts))]
    written, writers = habits.habits(texts)
    known = [(at, zlib.crc32(one.encode()) % _WHO_SIZE) for at, words in enumerate(authors) for one in words]
    hashed = np.unique(np.array(known, np.int64).reshape(-1, 2), axis=0)
    owners += [writers, hashed[:, 0]]
    places = [of.places.astype(np.int64), written + _HABITS_FROM, hashed[:, 1] + _WHO_FROM]
    values = [of.values, *(_of_length_one(one, count) for one in owners[1:])]
    return SiteFeatures(np.concatenate(places), np.concatenate(owners), np.concatenate(values), of.sides)


def _of_length_one(owners: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.float32]:
    sizes = np.maximum(np.bincount(owners, minlength=count), 1)
    values: npt.NDArray[np.float32] = (1 / np.sqrt(sizes))[owners].astype(np.float32)
    return values
