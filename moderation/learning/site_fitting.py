"""How a site's layer is found: features scaled by what they tell, then logistic regression, of the decided rows only.

Between `site_features` and `site_model`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.learning import logistic
from moderation.learning.logistic import Vector
from moderation.learning.site_features import BLOCKS, SIDES, TABLE_SIZE, SiteFeatures

# All numbers here were chosen on sources left out of the shipped model (docs/decisions/0006). What occurs in many
# decided comments tells little (inverse document frequency), what occurs in one kind only tells more (the log-count
# ratio of Wang and Manning 2012, "NB-SVM"); these soften both.
_SEEN_ANYWAY = 3.0
_EITHER_KIND = 1.0
_WHATEVER_KIND = 3.0

# L2 strengths at 100 decisions, per block: words, which few decisions share, are believed less than their pieces.
_PENALTY = 0.0005
_TIMES = np.array([1.0, 3.0, 3.0, 3.0])
_SIDE_PENALTY = 0.02
_PENALTIES_AT = 100
_ROUNDS = 100
_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit found, in the shapes of `SiteModel`."""

    table: npt.NDArray[np.float16]
    scales: npt.NDArray[np.float16]
    sides: npt.NDArray[np.float32]
    bias: float


def scaled(of: SiteFeatures, scales: npt.NDArray[np.float16]) -> Vector:
    """Give each value times the scale of its place, so that every block of every text has length 1 again."""
    values = of.values * scales[of.places].astype(np.float64)
    blocks = of.blocks
    lengths = np.sqrt(np.bincount(blocks, values * values, minlength=1))
    shortened: Vector = values / np.maximum(lengths[blocks], 1e-9)
    return shortened


@dataclass(frozen=True, slots=True)
class Problem:
    """Decided comments to learn from: `labels` 1.0 for spam, `offset` what the shipped model says already.

    `shares` is how much each counts where spam may be rarer than ham.
    """

    of: SiteFeatures
    labels: Vector
    offset: Vector
    shares: Vector
    examples: int

    def scores(self, fitted: Fitted) -> Vector:
        """Give z of every row, those that were left out of the fit too."""
        own = np.bincount(
            self.of.owners,
            fitted.table[self.of.places] * scaled(self.of, fitted.scales),
            minlength=len(self.labels),
        )
        scores: Vector = self.offset + own + np.sum(self.of.sides * fitted.sides, axis=1) + fitted.bias
        return scores

    def solve(self, weights: Vector) -> Fitted:
        """Find what gives the least penalised log-loss; `weights` of the rows, 0 for those to leave out."""
        kept = weights > 0
        scales = self._scales(np.where(kept, self.shares, 0.0))
        values = scaled(self.of, scales)
        used = kept[self.of.owners]
        places, columns = _compact(self.of.places[used])
        # Counted among the kept rows.
        owners = (np.cumsum(kept) - 1)[self.of.owners[used]]
        strengths, side_strength = self._strengths(places)
        # In units of each penalty's square root all penalties are one, which takes fewer rounds.
        rows = _Rows(columns, owners, values[used] / np.sqrt(strengths)[columns], self.of.sides[kept] / side_strength)
        found = rows.solve(self.labels[kept], self.offset[kept], weights[kept] / np.sum(weights))
        table = np.zeros(TABLE_SIZE, np.float16)
        table[places] = found[: len(places)] / np.sqrt(strengths)
        sides = (found[len(places) : -1] / side_strength).astype(np.float32)
        return Fitted(table, scales, sides, float(found[-1]))

    def _scales(self, shares: Vector) -> npt.NDArray[np.float16]:
        """Say how much each place of the table tells, by the decisions it occurs in."""
        owned = shares[self.of.owners]
        is_spam = self.labels[self.of.owners]
        spam = np.bincount(self.of.places, owned * is_spam, minlength=TABLE_SIZE)
        ham = np.bincount(self.of.places, owned * (1 - is_spam), minlength=TABLE_SIZE)
        all_spam, all_ham = float(np.sum(shares * self.labels)), float(np.sum(shares * (1 - self.labels)))
        rarity = np.log((all_spam + all_ham + _SEEN_ANYWAY) / (spam + ham + _SEEN_ANYWAY) + 1)
        ratio = (spam + _EITHER_KIND) / (ham + _EITHER_KIND)
        ratio *= (all_ham + 2 * _EITHER_KIND) / (all_spam + 2 * _EITHER_KIND)
        scales: npt.NDArray[np.float16] = (rarity * (np.abs(np.log(ratio)) + _WHATEVER_KIND)).astype(np.float16)
        return scales

    def _strengths(self, places: npt.NDArray[np.int64]) -> tuple[Vector, float]:
        """Give the L2 strength of each place, and the square root of the sides': many decisions need less of it."""
        more = np.sqrt(self.examples / _PENALTIES_AT)
        times: Vector = _TIMES[np.searchsorted(BLOCKS, places, side="right") - 1]
        return times * _PENALTY / more, float(np.sqrt(_SIDE_PENALTY * more))


def platt(z: Vector, targets: Vector, shares: Vector) -> tuple[float, float]:
    """Find the slope and shift that make probabilities of scores (Platt 1999); `shares` of the rows sum to one."""

    def loss(parameters: Vector) -> tuple[float, Vector]:
        shifted = parameters[0] * z + parameters[1]
        errors = shares * (logistic.sigmoid(shifted) - targets)
        value = np.sum(shares * (np.logaddexp(0, shifted) - targets * shifted))
        return float(value), np.array([np.sum(errors * z), np.sum(errors)])

    start = np.array([1.0, 0.0])
    slope, shift = logistic.minimise(loss, start, rounds=100, tolerance=1e-10, tell=lambda _done, _loss: None)
    return float(slope), float(shift)


def _compact(places: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give the places that occur, and for each entry the number of its place among them: fitting is faster so."""
    occurs = np.zeros(TABLE_SIZE, np.bool_)
    occurs[places] = True
    numbers = np.cumsum(occurs) - 1
    return np.flatnonzero(occurs), numbers[places]


@dataclass(frozen=True, slots=True)
class _Rows:
    columns: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    values: Vector
    sides: npt.NDArray[np.float32]

    def solve(self, labels: Vector, offset: Vector, weights: Vector) -> Vector:
        """Find columns, sides and, last, the bias, which costs nothing."""
        split = int(np.max(self.columns, initial=-1)) + 1

        def loss(parameters: Vector) -> tuple[float, Vector]:
            own = np.bincount(self.owners, parameters[self.columns] * self.values, minlength=len(labels))
            z = offset + own + np.sum(self.sides * parameters[split:-1], axis=1) + parameters[-1]
            errors = weights * (logistic.sigmoid(z) - labels)
            gradient = parameters.copy()
            gradient[:split] += np.bincount(self.columns, errors[self.owners] * self.values, minlength=split)
            gradient[split:-1] += np.sum(self.sides * errors[:, None], axis=0)
            gradient[-1] = np.sum(errors)
            value = np.sum(weights * (np.logaddexp(0, z) - labels * z))
            return float(value + np.sum(parameters[:-1] ** 2) / 2), gradient

        start = np.zeros(split + SIDES + 1)
        return logistic.minimise(loss, start, rounds=_ROUNDS, tolerance=_TOLERANCE, tell=lambda _done, _loss: None)
