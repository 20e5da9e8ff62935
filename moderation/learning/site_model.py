"""A site's own layer over the shipped model: what its moderators' decisions say about its comments.

After `lessons`, which weighs the decisions; `teaching` stores it, and screening adds it to what the shipped model says.
Refitted whole from the stored decisions each time (`site_fitting`), never nudged: doing it twice changes nothing, and
what is gone from the database is gone from the next version.
"""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.learning import site_features
from moderation.learning.lessons import Lesson, count_of, fold_of, weigh
from moderation.learning.logistic import Vector
from moderation.learning.site_features import SIDES, TABLE_SIZE, SiteFeatures
from moderation.learning.site_fitting import Problem, platt, scaled
from moderation.learning.weights import BadWeightsError

# Decisions after which the shipped model weighs half.
HALF_LIFE = 5
# Fewer of a kind say nothing about it.
FEWEST_OF_A_KIND = 2
# From so many on the probability is calibrated on decisions that it was not fitted to.
CALIBRATED_FROM = 50
_FOLDS = 4
# Of so many decisions half is enough to calibrate on, which saves time.
_HALF_IS_ENOUGH = 500
# A fit that says so little of what it has not seen says nothing; consistent decisions give a slope of one or more.
_LEAST_SLOPE = 0.2
# Of so many decisions it is no chance: they contradict each other.
_CONTRADICTION_FROM = 100


def fade(examples: float) -> float:
    """Give what the shipped model's logit weighs after so many decisions: all at first, half after HALF_LIFE."""
    return 1 / (1 + examples / HALF_LIFE)


@dataclass(frozen=True, slots=True)
class SiteModel:
    """One version of a site's layer. `examples` counts the different texts it learned from.

    The logit of the combined probability is slope * (fade(examples) * base + x . table + sides . sides + bias) + shift,
    where x are the features times `scales`, brought to length 1 in each block again. `table` and `scales` are float16
    with TABLE_SIZE entries, `sides` float32 with SIDES.
    """

    examples: int
    table: npt.NDArray[np.float16]
    scales: npt.NDArray[np.float16]
    sides: npt.NDArray[np.float32]
    bias: float = 0.0
    slope: float = 1.0
    shift: float = 0.0

    @classmethod
    def empty(cls) -> "SiteModel":
        """Return the layer that leaves everything to the shipped model."""
        return cls(0, np.zeros(TABLE_SIZE, np.float16), np.ones(TABLE_SIZE, np.float16), np.zeros(SIDES, np.float32))

    def logits(self, base: Vector, of: SiteFeatures) -> Vector:
        """Combine the shipped model's logits for a batch of texts with what this site taught."""
        own = np.bincount(of.owners, self.table[of.places] * scaled(of, self.scales), minlength=len(base))
        own += np.sum(of.sides * self.sides, axis=1) + self.bias
        return self.slope * (fade(self.examples) * base + own) + self.shift

    def dump(self) -> bytes:
        """Write the layer; equal layers give equal bytes, of at most about 800 kB."""
        held = io.BytesIO()
        numbers = np.array([*site_features.VERSIONS, self.examples, self.bias, self.slope, self.shift], "<f8")
        for column in (numbers, self.sides.astype("<f4"), self.table.astype("<f2"), self.scales.astype("<f2")):
            np.lib.format.write_array(held, column, allow_pickle=False)
        return zlib.compress(held.getvalue(), 6)


def load_site_model(stored: bytes) -> SiteModel:
    """Read a layer that `dump` wrote. Raises BadWeightsError for one that is damaged or made for other features."""
    try:
        held = io.BytesIO(zlib.decompress(stored))
        numbers, sides, table, scales = (np.lib.format.read_array(held, allow_pickle=False) for _ in range(4))
        *versions, examples, bias, slope, shift = (float(number) for number in numbers)
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise BadWeightsError(f"this is no layer of a site: {error}") from error
    fits = table.shape == scales.shape == (TABLE_SIZE,) and sides.shape == (SIDES,)
    if tuple(versions) != site_features.VERSIONS or not fits:
        raise BadWeightsError(f"made for features {versions}, this program has {site_features.VERSIONS}")
    return SiteModel(
        int(examples), table.astype(np.float16), scales.astype(np.float16), sides.astype(np.float32), bias, slope, shift
    )


def fit(lessons: Sequence[Lesson], base: Vector) -> SiteModel:
    """Fit a layer to decided comments; `base` holds the shipped model's logit of each text.

    Comes out empty while there are fewer than FEWEST_OF_A_KIND different texts of either kind, and where the lessons
    contradict each other. The same lessons in the same order give the same layer.
    """
    kinds = count_of(lessons)
    examples = sum(kinds)
    if min(kinds) < FEWEST_OF_A_KIND:
        return SiteModel.empty()
    of = site_features.extract([lesson.text for lesson in lessons], [lesson.author for lesson in lessons])
    labels = np.array([lesson.is_spam for lesson in lessons], float)
    problem = Problem(of, labels, fade(examples) * base, weigh(lessons, is_balanced=False), examples)
    weights = weigh(lessons, is_balanced=True)
    slope, shift = (1.0, 0.0) if examples < CALIBRATED_FROM else _calibrate(problem, lessons, weights)
    if slope < _LEAST_SLOPE:
        if examples >= _CONTRADICTION_FROM:
            return SiteModel.empty()
        slope, shift = 1.0, 0.0
    fitted = problem.solve(weights)
    return SiteModel(examples, fitted.table, fitted.scales, fitted.sides, fitted.bias, slope, shift)


def _calibrate(problem: Problem, lessons: Sequence[Lesson], weights: Vector) -> tuple[float, float]:
    """Find slope and shift by Platt's method on scores of comments that each fit had not seen."""
    folds = np.array([fold_of(lesson, _FOLDS) for lesson in lessons])
    used = _FOLDS // 2 if problem.examples >= _HALF_IS_ENOUGH else _FOLDS
    z, is_judged = np.zeros(len(lessons)), folds < used
    for fold in range(used):
        unseen = folds == fold
        if not np.any(unseen):
            continue
        if len(set(problem.labels[~unseen].tolist())) < len((0, 1)):
            is_judged &= ~unseen
            continue
        z[unseen] = problem.scores(problem.solve(np.where(unseen, 0.0, weights)))[unseen]
    # How common spam is here is part of a probability; what tells it from ham is not.
    share = np.where(is_judged, problem.shares, 0.0)
    judged = [lesson for lesson, one in zip(lessons, is_judged.tolist(), strict=True) if one]
    if not judged:
        return 1.0, 0.0
    spam, ham = count_of(judged)
    # Platt's targets keep away from 0 and 1.
    targets = np.where(problem.labels > 0, (spam + 1) / (spam + 2), 1 / (ham + 2))
    return platt(z, targets, share / np.sum(share))
