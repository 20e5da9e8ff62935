"""The model of insult and threat at work: how likely a comment is abusive, and whether its kind of text is known.

After `toxic_training`; `combining` asks it, with features that may serve other models too. What is an insult differs
from site to site far more than what is spam, so it consists of several **heads**, each a linear model of one language's
comments together with how often each n-gram stood in them. A comment is judged by the heads that its n-grams are known
to, and where they are known to none, familiarity falls to zero and with it all that is said.
"""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.learning import features
from moderation.learning.evidence import explain
from moderation.learning.logistic import Vector, sigmoid
from moderation.learning.packed import PackedTables
from moderation.learning.weights import BadWeightsError, digests_column, digests_of_column, write_columns
from moderation.predictions import Toxicity

SHIPPED_TOXIC = Path(__file__).with_name("shipped_toxic.npz")

# Below this nothing is held for its words, and nobody reads the evidence.
_EXPLAINED_FROM = 0.2
# Standard deviations below a head's usual comment at which familiarity is full, and at which there is none left.
_AT_HOME, _ABROAD = -1.0, -2.0

# Character n-grams, word n-grams.
_BLOCKS = 2

_Numbers = npt.NDArray[np.float64]
# Of each head: what one step of its column of `table` and of `known` is worth; the constant of z; slope and shift of
# the calibrated logit; median and spread of how well its own comments are known to it; the most that its familiarity
# counts (0..1).
FIGURES = ("scale", "step", "bias", "slope", "shift", "usual", "spread", "trust")


@dataclass(frozen=True, slots=True)
class ToxicWeights:
    """Heads side by side. `table` and `known` are int8 with the shape (TABLE_SIZE, heads), `sides` (SIDES, heads).

    A head's z is scale * table[places] . values + sides . side features + bias. How well a text is known to it is the
    mean of step * known over its n-grams, weighed by their values, less `usual`, in units of `spread`. The shares
    that the heads have in a text are the softmax of those numbers, times `router[:-1]`, plus `router[-1]`.
    `figures` has the shape (FIGURES, heads).
    """

    heads: tuple[str, ...]
    table: npt.NDArray[np.int8]
    known: npt.NDArray[np.int8]
    sides: _Numbers
    figures: _Numbers
    router: _Numbers
    # `rows.digest_of` each file that these weights were trained on.
    trained_on: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Name these weights by the features they need and a digest of their numbers."""
        digest = hashlib.blake2b(" ".join(self.heads).encode(), digest_size=6)
        for numbers in (self.table, self.known, self.sides, self.figures, self.router):
            digest.update(np.ascontiguousarray(numbers).tobytes())
        return f"{features.VERSION}-{digest.hexdigest()}"

    def save(self, path: Path) -> None:
        """Write the weights; equal weights give equal bytes."""
        columns: dict[str, npt.NDArray[Any]] = {
            "features": np.array([features.VERSION], dtype="<i4"),
            "heads": np.array(self.heads, dtype="<U16"),
            # By columns: those of one head compress better together.
            "table": np.ascontiguousarray(self.table.T),
            "known": np.ascontiguousarray(self.known.T),
            "sides": self.sides.astype("<f8"),
            "figures": self.figures.astype("<f8"),
            "router": self.router.astype("<f8"),
            "trained_on": digests_column(self.trained_on),
        }
        write_columns(path, columns)


def load_toxic_weights(path: Path | None = None) -> ToxicWeights:
    """Read weights from a file, or the ones shipped with the program. Raises BadWeightsError."""
    path = path or SHIPPED_TOXIC
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            made_for = int(held["features"][0])
            heads = tuple(str(name) for name in held["heads"])
            table, known = held["table"].T, held["known"].T
            sides, figures, router = held["sides"], held["figures"], held["router"]
            trained_on = digests_of_column(held["trained_on"])
    except FileNotFoundError as error:
        raise BadWeightsError(f"{path}: there are no weights here") from error
    except (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise BadWeightsError(f"{path}: these are no weights of a toxic model: {error}") from error
    lengths = [len(one) for one in (table, known, sides, figures, router)]
    fits = lengths == [features.TABLE_SIZE, features.TABLE_SIZE, features.SIDES, len(FIGURES), len(heads) + 1]
    fits = fits and all(one.shape[1:] == (len(heads),) for one in (table, known, sides, figures, router))
    if made_for != features.VERSION or not table.dtype == known.dtype == np.int8 or not fits:
        raise BadWeightsError(f"{path}: made for features of version {made_for}, this program has {features.VERSION}")
    return ToxicWeights(heads, table, known, sides, figures, router, trained_on)


class ToxicModel:
    """Weights ready for use. Holds no state between calls, so that threads may share one."""

    def __init__(self, weights: ToxicWeights) -> None:
        self.version = weights.version
        self.trained_on = weights.trained_on
        self.heads = weights.heads
        self._packed = PackedTables(np.concatenate((weights.table, weights.known), axis=1))
        self._sides = np.ascontiguousarray(weights.sides.T)
        self._router = weights.router
        self._figures = dict(zip(FIGURES, weights.figures, strict=True))

    @classmethod
    def load(cls, path: Path | None = None) -> "ToxicModel":
        """Load weights from a file, or the shipped ones. Raises BadWeightsError."""
        return cls(load_toxic_weights(path))

    def predict(self, texts: Sequence[str], folded: Sequence[str] | None = None) -> list[Toxicity]:
        """Judge texts, in order. `folded` saves folding them again."""
        told: list[Toxicity] = []
        for reading in features.read(texts, folded):
            told += self._judge(reading, texts[len(told) : len(told) + len(reading.matched)])
        return told

    def _judge(self, reading: features.Reading, texts: Sequence[str]) -> list[Toxicity]:
        logits, familiarity, nearest = self.measure(reading.features)
        probabilities = sigmoid(logits)
        likely = np.flatnonzero(probabilities * familiarity >= _EXPLAINED_FROM).tolist()
        spans = explain(self._packed.tables, nearest, reading, likely, texts) if likely else {}
        both = zip(probabilities.tolist(), familiarity.tolist(), strict=True)
        return [Toxicity(one, known, spans.get(at, ())) for at, (one, known) in enumerate(both)]

    def measure(self, of: features.Features) -> tuple[Vector, Vector, npt.NDArray[np.intp]]:
        """Give each text's calibrated logit, its familiarity, and the head with the greatest share in both."""
        z, known = self._sums(of)
        known = (known - self._figures["usual"]) / self._figures["spread"]
        shares = shares_of(known, self._router)
        logits = np.add.reduce(shares * (self._figures["slope"] * z + self._figures["shift"]), axis=1)
        familiarity = self._figures["trust"] * np.minimum(np.maximum((known - _ABROAD) / (_AT_HOME - _ABROAD), 0), 1)
        return logits, np.add.reduce(shares * familiarity, axis=1), shares.argmax(axis=1)

    def _sums(self, of: features.Features) -> tuple[_Numbers, _Numbers]:
        """Give z and how well the text is known; both have the shape (texts, heads)."""
        count, texts = len(self.heads), len(of.starts) - 1
        edges = of.block_edges()
        sums = self._packed.sums(of.places, edges).reshape(texts, _BLOCKS, 2 * count)
        # The values of a text's n-grams of one block are all alike.
        sizes = edges[1:] - edges[:-1]
        of_blocks = np.zeros(len(sizes))
        is_block = sizes > 0
        of_blocks[is_block] = of.values[edges[:-1][is_block]]
        values = of_blocks.reshape(texts, _BLOCKS)
        # Not np.sum, which for few numbers takes longer to begin than to add.
        both = np.add.reduce(sums * values[:, :, None], axis=1)
        lengths = np.add.reduce(sizes.reshape(texts, _BLOCKS) * values, axis=1)
        z = self._figures["scale"] * both[:, :count] + self._figures["bias"]
        # Not matmul, whose threads may add up in another order on another machine.
        z += np.add.reduce(of.sides[:, None, :] * self._sides, axis=2)
        return z, self._figures["step"] * both[:, count:] / np.maximum(lengths, 1e-9)[:, None]


def shares_of(known: _Numbers, router: _Numbers) -> _Numbers:
    """Give the share of each head in each text; shape (texts, heads), every row sums to 1."""
    drawn = np.add.reduce(known[:, :, None] * router[:-1], axis=1) + router[-1]
    shares: _Numbers = np.exp(drawn - drawn.max(axis=1, keepdims=True))
    shares /= np.add.reduce(shares, axis=1, keepdims=True)
    return shares
