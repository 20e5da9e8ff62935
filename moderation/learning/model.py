"""The text model at work: how likely a comment is spam by its words alone, and which of its words say so.

After `training`; the filter that turns this into a signal and the evaluation both ask it, a batch at a time.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moderation.learning.evidence import explain
from moderation.learning.features import Reading, read
from moderation.learning.grams import WORD_PLACES
from moderation.learning.logistic import sigmoid
from moderation.learning.weights import Weights, load_weights
from moderation.learning.windows import SHORTEST_DIVIDED, windows
from moderation.predictions import Prediction, Spans

# Below this a comment is not held for its words, and nobody reads the evidence.
_EXPLAINED_FROM = 0.3
# In logits: honest words around spam no longer hide it, and ham hardly pays, on the dev rows.
_PART_HANDICAP = 2.0
# N-grams per character that a part is taken to have at least: what it repeats from before it is not counted again, and
# a few new n-grams shall not decide alone. Character n-grams are about four to a character, words and pairs a third.
_FEWEST_GRAMS, _FEWEST_WORDS = 2.0, 1 / 6


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
        spans = self._explain(reading, likely, texts) if likely else {}
        return [Prediction(probability, spans.get(at, ())) for at, probability in enumerate(probabilities)]

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Give the probabilities alone, without evidence; a text's worst part counts, a little less than the whole."""
        return sigmoid(np.concatenate([np.zeros(0), *(self._logits(reading) for reading in read(texts))]))

    def spans(self, texts: Sequence[str]) -> list[Spans]:
        """Find the spans of each text that say most, whatever its probability."""
        shown: list[Spans] = []
        for reading in read(texts):
            count = len(reading.matched)
            found = self._explain(reading, range(count), texts[len(shown) : len(shown) + count])
            shown += (found[at] for at in range(count))
        return shown

    def _explain(self, reading: Reading, which: Sequence[int], texts: Sequence[str]) -> dict[int, Spans]:
        the_only_one = np.zeros(len(texts), dtype=np.intp)
        return explain(self._weights.table[:, None], the_only_one, reading, which, texts)

    def _logits(self, reading: Reading) -> npt.NDArray[np.float64]:
        shape = self._weights.scores_of_shape(reading)
        logits = self._weights.calibrated(shape + self._weights.scores_of_words(reading.features))
        edges = [
            (at, start + begin, start + end + 1)
            for at, (text, start) in enumerate(zip(reading.matched, reading.characters.starts.tolist(), strict=True))
            if len(text) >= SHORTEST_DIVIDED
            for begin, end in windows(len(text))
        ]
        if edges:
            owners, begins, ends = np.array(edges).T
            parts = self._scores_of_parts(reading, begins, ends) + shape[owners]
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
