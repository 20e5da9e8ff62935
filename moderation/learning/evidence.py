"""Which words of a text say most for what a linear model makes of it: the spans that a moderator is shown.

After `model` and `toxic`, for those texts of a batch alone that somebody will look at; all of these at once.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from moderation.learning.characters import Characters, line_up
from moderation.learning.features import LONGEST_READ, Reading
from moderation.learning.grams import Grams, distinct, grams
from moderation.predictions import Spans
from moderation.text import Folded, fold_with_spans, stands_as_it_stood

_MOST_SPANS = 3
# A word must speak this much of the strongest word's weight, and positively, to be shown.
_LEAST_SHARE = 0.2


def explain(
    tables: npt.NDArray[np.int8],
    table_of: npt.NDArray[np.intp],
    reading: Reading,
    which: Sequence[int],
    texts: Sequence[str],
) -> dict[int, Spans]:
    """Find the spans that say most in `which` of the texts that were read.

    `tables` holds weights in the shape (entries, tables); `table_of` says by which of them each of the texts is judged.
    Spans count characters of the original text, end excluded, in the order in which they stand.
    """
    if not which:
        return {}
    folded = {at: _folded(texts[at], reading.folded[at]) for at in which}
    # What was hashed is the folded text, perhaps with spelt out words behind it, unless words were closed up.
    as_read = [at for at in which if reading.matched[at].startswith(folded[at].text)]
    anew = [at for at in which if not reading.matched[at].startswith(folded[at].text)]
    shown: dict[int, Spans] = {}
    if as_read:
        kept = np.concatenate([np.arange(*reading.features.starts[at : at + 2]) for at in as_read])
        first_grams = reading.first_grams[kept]
        weights = tables[reading.features.places[kept], table_of[reading.grams.owners[first_grams]]]
        totals = _totals(weights, reading.characters, reading.grams, first_grams)
        spans = _strongest([folded[at] for at in as_read], reading.characters.starts[as_read], totals)
        shown |= zip(as_read, spans, strict=True)
    if anew:
        characters = line_up([folded[at].text for at in anew])
        found = grams(characters)
        places, first_grams, _ = distinct(found, len(anew))
        weights = tables[places, table_of[anew][found.owners[first_grams]]]
        totals = _totals(weights, characters, found, first_grams)
        shown |= zip(anew, _strongest([folded[at] for at in anew], characters.starts, totals), strict=True)
    return shown


def _folded(text: str, folded: str) -> Folded:
    if stands_as_it_stood(text, folded):
        return Folded(folded, range(len(text)), range(1, len(text) + 1))
    return _cut(fold_with_spans(text))


def _cut(folded: Folded) -> Folded:
    if len(folded.text) <= LONGEST_READ:
        return folded
    return Folded(folded.text[:LONGEST_READ], folded.starts[:LONGEST_READ], folded.ends[:LONGEST_READ])


def _totals(
    weights: npt.NDArray[np.int8], characters: Characters, found: Grams, which: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Share each n-gram's weight among its characters, and sum up: entry b less entry a is what a to b weighs."""
    firsts, lasts = found.firsts[which], found.lasts[which]
    each = weights / (lasts - firsts)
    # Adding at the first character and taking away behind the last makes running sums the totals.
    size = len(characters.codes) + 1
    steps = np.bincount(firsts, each, minlength=size) - np.bincount(lasts, each, minlength=size)
    totals: npt.NDArray[np.float64] = np.cumsum(np.concatenate(([0.0], np.cumsum(steps))))
    return totals


def _strongest(texts: Sequence[Folded], starts: npt.NDArray[np.int64], totals: npt.NDArray[np.float64]) -> list[Spans]:
    """Pick the words of each text that say most; `starts` says where its mark stands in the row of `totals`."""
    pieces = [_pieces(folded.text) for folded in texts]
    edges = np.array([edge for of_text in pieces for edge in of_text], dtype=np.int64).reshape(-1, 2)
    edges += np.repeat(starts + 1, [len(of_text) for of_text in pieces])[:, None]
    weights = (totals[edges[:, 1]] - totals[edges[:, 0]]).tolist()
    shown: list[Spans] = []
    at = 0
    for folded, of_text in zip(texts, pieces, strict=True):
        shown.append(_joined(folded, _chosen(of_text, weights[at : at + len(of_text)])))
        at += len(of_text)
    return shown


def _chosen(pieces: Sequence[tuple[int, int]], weights: Sequence[float]) -> list[tuple[int, int]]:
    """Choose the few pieces that weigh most, in the order in which they stand."""
    bound = max(weights, default=0.0) * _LEAST_SHARE
    heavy = [at for at, weight in enumerate(weights) if weight > 0 and weight >= bound]
    if len(heavy) > _MOST_SPANS:
        heavy = sorted(sorted(heavy, key=weights.__getitem__, reverse=True)[:_MOST_SPANS])
    return [pieces[at] for at in heavy]


def _pieces(folded: str) -> list[tuple[int, int]]:
    """List the spans of the words, which a folded text parts by single spaces."""
    pieces: list[tuple[int, int]] = []
    at = 0
    for word in folded.split(" "):
        if word:
            pieces.append((at, at + len(word)))
        at += len(word) + 1
    return pieces


def _joined(folded: Folded, pieces: list[tuple[int, int]]) -> Spans:
    """Take words that stand side by side together, and say where they stand in the original."""
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        if joined and start == joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(folded.original_span(start, end) for start, end in joined)
