"""The text model at work: how likely a comment is spam by its words alone, and which of its words say so.

After `training`; the filter that turns this into a signal and the evaluation both ask it, a batch at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moderation.learning.characters import line_up
from moderation.learning.features import TABLE_SIZE, extract, grams
from moderation.learning.logistic import sigmoid
from moderation.learning.weights import Weights, load_weights
from moderation.learning.windows import windows
from moderation.text import Folded, fold_with_spans

# Below this a comment is not held for its words, and nobody reads the evidence.
_EXPLAINED_FROM = 0.3
# In logits: honest words around spam no longer hide it (4 points of recall), and ham hardly pays, on the dev rows.
_PART_HANDICAP = 1.0
_MOST_SPANS = 3
# A word must speak this much of the strongest word's weight, and positively, to be shown.
_LEAST_SHARE = 0.2
# Characters: enough to make numpy pay, and little enough for a hundred very long comments not to fill the memory.
_EXPLAINED_TOGETHER = 100_000

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The calibrated probability that a text is spam, and up to three spans of the text that say most for it.

    Spans count characters (code points) of the original text, end excluded, in the order in which they stand. There
    are none where the probability is low.
    """

    probability: float
    spans: Spans = ()


class TextModel:
    """Weights ready for use. Holds no state between calls, so that threads may share one."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.version = weights.version

    @classmethod
    def load(cls, path: Path | None = None) -> "TextModel":
        """Load weights from a file, or the shipped ones. Raises BadWeightsError."""
        return cls(load_weights(path))

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Judge texts, in order; any text will do, an empty one too."""
        probabilities = self.probabilities(texts).tolist()
        likely = [at for at, probability in enumerate(probabilities) if probability >= _EXPLAINED_FROM]
        spans = dict(zip(likely, self.spans([texts[at] for at in likely]), strict=True))
        return [Prediction(probability, spans.get(at, ())) for at, probability in enumerate(probabilities)]

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Give the probabilities alone, without evidence; a text's worst part counts, a little less than the whole."""
        parts = [windows(text) for text in texts]
        z = self._weights.logits(extract([*texts, *(part for some in parts for part in some)]))
        whole, of_parts = z[: len(texts)], z[len(texts) :]
        owners = np.repeat(np.arange(len(texts)), [len(some) for some in parts])
        np.maximum.at(whole, owners, of_parts - _PART_HANDICAP)
        return sigmoid(whole)

    def spans(self, texts: Sequence[str]) -> list[Spans]:
        """Find the spans of each text that say most, whatever its probability."""
        folded = [fold_with_spans(text) for text in texts]
        shown: list[Spans] = []
        portion: list[Folded] = []
        size = 0
        for one in folded:
            if portion and size + len(one.text) > _EXPLAINED_TOGETHER:
                shown += self._explained(portion)
                portion, size = [], 0
            portion.append(one)
            size += len(one.text)
        return shown + self._explained(portion)

    def _explained(self, folded: list[Folded]) -> list[Spans]:
        """Share each n-gram's weight among its characters; one that repeats counts once in all, as in the score."""
        if not folded:
            return []
        characters = line_up([one.text for one in folded])
        found = grams(characters)
        keys = found.owners.astype(np.int64) * TABLE_SIZE + found.places
        _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
        each = self._weights.table[found.places] / (counts[which] * (found.lasts - found.firsts))
        # Adding at the first character and taking away behind the last makes running sums the totals.
        size = len(characters.codes) + 1
        steps = np.bincount(found.firsts, each, minlength=size) - np.bincount(found.lasts, each, minlength=size)
        totals = np.cumsum(np.concatenate(([0.0], np.cumsum(steps))))
        return [_strongest(one, totals[start + 1 :]) for one, start in zip(folded, characters.starts, strict=True)]


def _strongest(folded: Folded, totals: npt.NDArray[np.float64]) -> Spans:
    """Pick the words that say most; `totals[b] - totals[a]` is the weight of the folded text from a to b."""
    pieces = _pieces(folded.text)
    if not pieces:
        return ()
    edges = np.array(pieces)
    weights = (totals[edges[:, 1]] - totals[edges[:, 0]]).tolist()
    strongest = sorted(range(len(pieces)), key=lambda at: (-weights[at], at))[:_MOST_SPANS]
    bound = max(weights) * _LEAST_SHARE
    return _joined(folded, [pieces[at] for at in sorted(strongest) if weights[at] > 0 and weights[at] >= bound])


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
