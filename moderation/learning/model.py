"""The text model at work: how likely a comment is spam by its words alone, and which of its words say so.

After `training`; the filter that turns this into a signal and the evaluation both ask it, a batch at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moderation.learning.characters import Characters, line_up
from moderation.learning.features import LONGEST_READ, Reading, read
from moderation.learning.grams import WORD_PLACES, Grams, distinct, grams
from moderation.learning.logistic import sigmoid
from moderation.learning.weights import Weights, load_weights
from moderation.learning.windows import windows
from moderation.text import Folded, fold_with_spans

# Below this a comment is not held for its words, and nobody reads the evidence.
_EXPLAINED_FROM = 0.3
# In logits: honest words around spam no longer hide it, and ham hardly pays, on the dev rows.
_PART_HANDICAP = 2.0
# N-grams per character that a part is taken to have at least: what it repeats from before it is not counted again, and
# a few new n-grams shall not decide alone. Character n-grams are about four to a character, words and pairs a third.
_FEWEST_GRAMS, _FEWEST_WORDS = 2.0, 1 / 6
_MOST_SPANS = 3
# A word must speak this much of the strongest word's weight, and positively, to be shown.
_LEAST_SHARE = 0.2

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
        self.trained_on = weights.trained_on

    @classmethod
    def load(cls, path: Path | None = None) -> "TextModel":
        """Load weights from a file, or the shipped ones. Raises BadWeightsError."""
        return cls(load_weights(path))

    def predict(self, texts: Sequence[str], folded: Sequence[str] | None = None) -> list[Prediction]:
        """Judge texts, in order; any text will do, an empty one too. `folded` saves folding them again."""
        predictions: list[Prediction] = []
        for reading in read(texts, folded):
            predictions += self.judge(reading, texts[len(predictions) : len(predictions) + len(reading.matched)])
        return predictions

    def judge(self, reading: Reading, texts: Sequence[str]) -> list[Prediction]:
        """Judge texts that are read already."""
        probabilities = sigmoid(self._logits(reading)).tolist()
        likely = [at for at, probability in enumerate(probabilities) if probability >= _EXPLAINED_FROM]
        spans = dict(zip(likely, self._spans(reading, likely, texts), strict=True)) if likely else {}
        return [Prediction(probability, spans.get(at, ())) for at, probability in enumerate(probabilities)]

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Give the probabilities alone, without evidence; a text's worst part counts, a little less than the whole."""
        return sigmoid(np.concatenate([np.zeros(0), *(self._logits(reading) for reading in read(texts))]))

    def spans(self, texts: Sequence[str]) -> list[Spans]:
        """Find the spans of each text that say most, whatever its probability."""
        shown: list[Spans] = []
        for reading in read(texts):
            count = len(reading.matched)
            shown += self._spans(reading, range(count), texts[len(shown) : len(shown) + count])
        return shown

    def _logits(self, reading: Reading) -> npt.NDArray[np.float64]:
        logits = self._weights.logits(reading.features)
        edges = [
            (at, start + begin, start + end + 1)
            for at, (text, start) in enumerate(zip(reading.matched, reading.characters.starts.tolist(), strict=True))
            for begin, end in windows(len(text))
        ]
        if edges:
            owners, begins, ends = np.array(edges).T
            parts = (
                self._scores_of_parts(reading, begins, ends) + self._weights.scores_of_shape(reading.features)[owners]
            )
            np.maximum.at(logits, owners, self._weights.calibrated(parts) - _PART_HANDICAP)
        return logits

    def _scores_of_parts(
        self, reading: Reading, begins: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Score the n-grams that stand in each part, for the first time in their text, like a text of its own."""
        places, size = reading.features.places, len(reading.characters.codes)
        # Characters have a row of sums, words the next.
        at = reading.grams.firsts[reading.first_grams] + size * (places >= WORD_PLACES)
        weights, counts = (
            np.concatenate(([0.0], np.cumsum(np.bincount(at, each, minlength=2 * size))))
            for each in (self._weights.table[places], None)
        )
        scores = np.zeros(len(begins))
        for first, fewest in ((0, _FEWEST_GRAMS), (size, _FEWEST_WORDS)):
            held = np.maximum(counts[first + ends] - counts[first + begins], fewest * (ends - begins))
            scores += (weights[first + ends] - weights[first + begins]) / np.sqrt(held)
        return self._weights.scale * scores

    def _spans(self, reading: Reading, likely: Sequence[int], texts: Sequence[str]) -> list[Spans]:
        folded = {at: _cut(fold_with_spans(texts[at])) for at in likely}
        # What was hashed is the folded text, perhaps with spelt out words behind it, unless words were closed up.
        as_read = [at for at in likely if reading.matched[at].startswith(folded[at].text)]
        shown: dict[int, Spans] = {}
        if as_read:
            kept = np.concatenate([np.arange(*reading.features.starts[at : at + 2]) for at in as_read])
            totals = self._totals(
                reading.characters, reading.grams, reading.first_grams[kept], reading.features.places[kept]
            )
            starts = reading.characters.starts
            shown = {at: _strongest(folded[at], totals[starts[at] + 1 :]) for at in as_read}
        for at in likely:
            if at not in shown:
                characters = line_up([folded[at].text])
                found = grams(characters)
                places, first_grams, _ = distinct(found, 1)
                shown[at] = _strongest(folded[at], self._totals(characters, found, first_grams, places)[1:])
        return [shown[at] for at in likely]

    def _totals(
        self, characters: Characters, found: Grams, which: npt.NDArray[np.int64], places: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float64]:
        """Share each n-gram's weight among its characters, and sum up: entry b less entry a is what a to b weighs."""
        firsts, lasts = found.firsts[which], found.lasts[which]
        each = self._weights.table[places] / (lasts - firsts)
        # Adding at the first character and taking away behind the last makes running sums the totals.
        size = len(characters.codes) + 1
        steps = np.bincount(firsts, each, minlength=size) - np.bincount(lasts, each, minlength=size)
        totals: npt.NDArray[np.float64] = np.cumsum(np.concatenate(([0.0], np.cumsum(steps))))
        return totals


def _cut(folded: Folded) -> Folded:
    if len(folded.text) <= LONGEST_READ:
        return folded
    return Folded(folded.text[:LONGEST_READ], folded.starts[:LONGEST_READ], folded.ends[:LONGEST_READ])


def _strongest(folded: Folded, totals: npt.NDArray[np.float64]) -> Spans:
    """Pick the words that say most; `totals[b] - totals[a]` is the weight of the folded text from a to b."""
    pieces = _pieces(folded.text)
    if not pieces:
        return ()
    begins, ends = np.array(pieces).T
    weights = (totals[ends] - totals[begins]).tolist()
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
