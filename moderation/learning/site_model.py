"""A site's own layer over the shipped model: what its moderators' decisions say about its comments.

After `lessons`, which weighs the decisions; `teaching` stores it, and screening adds it to what the shipped model says.
Refitted whole from the stored decisions each time, never nudged: doing it twice changes nothing, and what is gone from
the database is gone from the next version.
"""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.learning import features, logistic
from moderation.learning.features import SIDES, TABLE_SIZE, Features
from moderation.learning.lessons import Lesson, count_of, fold_of, weigh
from moderation.learning.logistic import Vector
from moderation.learning.weights import BadWeightsError

# Decisions after which the shipped model weighs half.
HALF_LIFE = 10
# Fewer of a kind say nothing about it.
FEWEST_OF_A_KIND = 2
# From so many on the probability is calibrated on decisions that it was not fitted to.
CALIBRATED_FROM = 50
_FOLDS = 4
# A fit that says so little of what it has not seen says nothing; consistent decisions give a slope of one or more.
_LEAST_SLOPE = 0.2
# Of so many decisions it is no chance: they contradict each other.
_CONTRADICTION_FROM = 100

# L2 strengths, chosen on the dev rows of sources left out of the shipped model (docs/decisions/0005). Words, which few
# decisions share, are believed less than their pieces.
_PENALTY = 0.0005
_WORD_PENALTY = 0.0014
_SIDE_PENALTY = 0.03
_ROUNDS = 100
_TOLERANCE = 1e-5


def fade(examples: float) -> float:
    """Give what the shipped model's logit weighs after so many decisions: all at first, half after HALF_LIFE."""
    return 1 / (1 + examples / HALF_LIFE)


@dataclass(frozen=True, slots=True)
class SiteModel:
    """One version of a site's layer. `examples` counts the different texts it learned from.

    The logit of the combined probability is slope * (fade(examples) * base + n-grams . table + sides . sides + bias)
    + shift. `table` is float16 with TABLE_SIZE entries, `sides` float32 with SIDES.
    """

    examples: int
    table: npt.NDArray[np.float16]
    sides: npt.NDArray[np.float32]
    bias: float = 0.0
    slope: float = 1.0
    shift: float = 0.0

    @classmethod
    def empty(cls) -> "SiteModel":
        """Return the layer that leaves everything to the shipped model."""
        return cls(0, np.zeros(TABLE_SIZE, np.float16), np.zeros(SIDES, np.float32))

    def logits(self, base: Vector, of: Features) -> Vector:
        """Combine the shipped model's logits for a batch of texts with what this site taught."""
        owners = np.repeat(np.arange(len(base)), np.diff(of.starts))
        own = np.bincount(owners, weights=self.table[of.places] * of.values, minlength=len(base))
        own += np.sum(of.sides * self.sides, axis=1) + self.bias
        return self.slope * (fade(self.examples) * base + own) + self.shift

    def dump(self) -> bytes:
        """Write the layer; equal layers give equal bytes, of at most about 300 kB."""
        held = io.BytesIO()
        numbers = np.array([features.VERSION, self.examples, self.bias, self.slope, self.shift], "<f8")
        for column in (numbers, self.sides.astype("<f4"), self.table.astype("<f2")):
            np.lib.format.write_array(held, column, allow_pickle=False)
        return zlib.compress(held.getvalue(), 6)


def load_site_model(stored: bytes) -> SiteModel:
    """Read a layer that `dump` wrote. Raises BadWeightsError for one that is damaged or made for other features."""
    try:
        held = io.BytesIO(zlib.decompress(stored))
        numbers, sides, table = (np.lib.format.read_array(held, allow_pickle=False) for _ in range(3))
        version, examples, bias, slope, shift = (float(number) for number in numbers)
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise BadWeightsError(f"this is no layer of a site: {error}") from error
    if version != features.VERSION or table.shape != (TABLE_SIZE,) or sides.shape != (SIDES,):
        raise BadWeightsError(f"made for features of version {version:g}, this program has {features.VERSION}")
    return SiteModel(int(examples), table.astype(np.float16), sides.astype(np.float32), bias, slope, shift)


def fit(lessons: Sequence[Lesson], base: Vector) -> SiteModel:
    """Fit a layer to decided comments; `base` holds the shipped model's logit of each text.

    Comes out empty while there are fewer than FEWEST_OF_A_KIND different texts of either kind, and where the lessons
    contradict each other. The same lessons in the
    same order give the same layer.
    """
    examples = count_of(lessons)
    if min(examples) < FEWEST_OF_A_KIND:
        return SiteModel.empty()
    of = features.extract([lesson.text for lesson in lessons])
    problem = _Problem.of(of, np.array([lesson.is_spam for lesson in lessons], float), fade(sum(examples)) * base)
    weights = weigh(lessons, is_balanced=True)
    slope, shift = (1.0, 0.0) if sum(examples) < CALIBRATED_FROM else _calibrate(problem, lessons, weights)
    if slope < _LEAST_SLOPE:
        if sum(examples) >= _CONTRADICTION_FROM:
            return SiteModel.empty()
        slope, shift = 1.0, 0.0
    fitted = problem.solve(weights)
    table = np.zeros(TABLE_SIZE, np.float16)
    table[problem.places] = fitted[: -SIDES - 1]
    sides = fitted[-SIDES - 1 : -1].astype(np.float32)
    return SiteModel(sum(examples), table, sides, float(fitted[-1]), slope, shift)


@dataclass(frozen=True, slots=True)
class _Problem:
    """The decided comments with only those places of the table that occur in them, which makes fitting fast."""

    places: npt.NDArray[np.int32]
    columns: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    sides: npt.NDArray[np.float32]
    labels: Vector
    offset: Vector

    @classmethod
    def of(cls, of: Features, labels: Vector, offset: Vector) -> "_Problem":
        places, columns = np.unique(of.places, return_inverse=True)
        owners = np.repeat(np.arange(len(labels)), np.diff(of.starts))
        return cls(places, columns, owners, of.values, of.sides, labels, offset)

    def scores(self, parameters: Vector) -> Vector:
        """Give z of every row; `parameters` holds the places, the sides, and the bias last."""
        split = len(self.places)
        own = np.bincount(self.owners, parameters[self.columns] * self.values, minlength=len(self.labels))
        scores: Vector = self.offset + own + np.sum(self.sides * parameters[split:-1], axis=1) + parameters[-1]
        return scores

    def solve(self, weights: Vector) -> Vector:
        """Find the parameters of least penalised log-loss; `weights` of the rows, 0 for those to leave out."""
        split = len(self.places)
        weights = weights / np.sum(weights)
        strengths = np.full(split + SIDES + 1, _SIDE_PENALTY)
        # Word n-grams have the upper half of the table (`features`).
        strengths[:split] = np.where(self.places < TABLE_SIZE // 2, _PENALTY, _WORD_PENALTY)
        strengths[-1] = 0

        def loss(parameters: Vector) -> tuple[float, Vector]:
            z = self.scores(parameters)
            errors = weights * (logistic.sigmoid(z) - self.labels)
            gradient = strengths * parameters
            gradient[:split] += np.bincount(self.columns, errors[self.owners] * self.values, minlength=split)
            gradient[split:-1] += np.sum(self.sides * errors[:, None], axis=0)
            gradient[-1] += np.sum(errors)
            value = np.sum(weights * (np.logaddexp(0, z) - self.labels * z))
            return float(value + np.sum(strengths * parameters * parameters) / 2), gradient

        start = np.zeros(split + SIDES + 1)
        return logistic.minimise(loss, start, rounds=_ROUNDS, tolerance=_TOLERANCE, tell=lambda _done, _loss: None)


def _calibrate(problem: _Problem, lessons: Sequence[Lesson], weights: Vector) -> tuple[float, float]:
    """Find slope and shift by Platt's method on scores of comments that each fit had not seen (Platt 1999)."""
    folds = np.array([fold_of(lesson, _FOLDS) for lesson in lessons])
    z = np.zeros(len(lessons))
    for fold in range(_FOLDS):
        unseen = folds == fold
        if not np.any(unseen) or len(set(problem.labels[~unseen].tolist())) < len((0, 1)):
            continue
        z[unseen] = problem.scores(problem.solve(np.where(unseen, 0.0, weights)))[unseen]
    # How common spam is here is part of a probability; what tells it from ham is not.
    share = weigh(lessons, is_balanced=False)
    share /= np.sum(share)
    spam, ham = count_of(lessons)
    # Platt's targets keep away from 0 and 1.
    targets = np.where(problem.labels > 0, (spam + 1) / (spam + 2), 1 / (ham + 2))

    def loss(parameters: Vector) -> tuple[float, Vector]:
        shifted = parameters[0] * z + parameters[1]
        errors = share * (logistic.sigmoid(shifted) - targets)
        value = np.sum(share * (np.logaddexp(0, shifted) - targets * shifted))
        return float(value), np.array([np.sum(errors * z), np.sum(errors)])

    slope, shift = logistic.minimise(
        loss, np.array([1.0, 0.0]), rounds=100, tolerance=1e-10, tell=lambda _done, _loss: None
    )
    return float(slope), float(shift)
