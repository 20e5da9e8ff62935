"""How good a model is on labelled comments: per source, and over all.

Takes probabilities and labels, gives numbers; `moderation evaluate` prints them. Recall is always given at a share of
honest comments called spam, since that is what honest people pay.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.learning.model import TextModel
from moderation.learning.rows import Row

FALSE_POSITIVE_SHARES = (0.001, 0.005, 0.01)
# Where a policy could put its bounds: above all but so much of the ham, below all but so much of the spam.
HAM_ABOVE = (0.001, 0.003, 0.01)
SPAM_BELOW = 0.05
ALL = "all"

_Numbers = npt.NDArray[np.float64]
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Above:
    """The shares of ham and spam whose probability is at least `threshold`; None where there is none of a kind."""

    threshold: float
    ham: float | None
    spam: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on one source (or on `ALL`). `ham` counts everything that is not spam, insults too.

    `recalls` pairs each of FALSE_POSITIVE_SHARES with the share of spam caught there; `ham_bounds` pairs each of
    HAM_ABOVE with the probability that this share of ham exceeds; SPAM_BELOW of the spam is under `spam_bound`. None
    stands where spam or ham is missing.
    """

    source: str
    spam: int
    ham: int
    auc: float | None
    recalls: tuple[tuple[float, float | None], ...]
    above: tuple[Above, ...]
    ham_bounds: tuple[tuple[float, float | None], ...]
    spam_bound: float | None
    brier: float


def evaluate(model: TextModel, rows: Sequence[Row], thresholds: Sequence[float] = ()) -> list[Figures]:
    """Measure a model on at least one row: one entry per source, by name, and `ALL` last."""
    texts = [row.body for row in rows]
    probabilities = np.concatenate(
        [model.probabilities(texts[first : first + _BATCH]) for first in range(0, len(texts), _BATCH)]
    )
    spam = np.array([row.is_spam for row in rows])
    sources = np.array([row.source for row in rows])
    measured = [
        figures(name, probabilities[sources == name], spam[sources == name], thresholds)
        for name in sorted(set(sources.tolist()))
    ]
    return [*measured, figures(ALL, probabilities, spam, thresholds)]


def figures(
    source: str, probabilities: _Numbers, is_spam: npt.NDArray[np.bool_], thresholds: Sequence[float]
) -> Figures:
    """Measure probabilities against labels."""
    spam, ham = np.sort(probabilities[is_spam]), np.sort(probabilities[~is_spam])
    return Figures(
        source=source,
        spam=len(spam),
        ham=len(ham),
        auc=_auc(spam, ham),
        recalls=tuple((share, _recall(spam, ham, share)) for share in FALSE_POSITIVE_SHARES),
        above=tuple(Above(bound, _share_above(ham, bound), _share_above(spam, bound)) for bound in thresholds),
        ham_bounds=tuple((share, threshold_above(ham, share) if len(ham) else None) for share in HAM_ABOVE),
        spam_bound=float(spam[int(SPAM_BELOW * len(spam))]) if len(spam) else None,
        brier=float(np.mean((probabilities - is_spam) ** 2)),
    )


def threshold_above(probabilities: _Numbers, share: float) -> float:
    """Give the least bound that at most this share of the probabilities exceeds."""
    ordered = np.sort(probabilities)[::-1]
    return float(ordered[min(int(share * len(ordered)), len(ordered) - 1)])


def _recall(spam: _Numbers, ham: _Numbers, share: float) -> float | None:
    if not len(spam) or not len(ham):
        return None
    return float(np.mean(spam > threshold_above(ham, share)))


def _share_above(ordered: _Numbers, bound: float) -> float | None:
    return float(np.mean(ordered >= bound)) if len(ordered) else None


def _auc(spam: _Numbers, ham: _Numbers) -> float | None:
    """Give the share of (spam, ham) pairs in the right order, ties counting half (Mann and Whitney)."""
    if not len(spam) or not len(ham):
        return None
    below = np.searchsorted(ham, spam, side="left")
    not_above = np.searchsorted(ham, spam, side="right")
    return float(np.mean((below + not_above) / 2) / len(ham))
