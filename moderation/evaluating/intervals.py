"""How far a figure may be off because the rows are few: 95 % intervals. Pure; the same numbers give the same interval.

After `learning.evaluation`, whose figures these belong to.
"""

import math

import numpy as np
import numpy.typing as npt

from moderation.learning.evaluation import threshold_above

Numbers = npt.NDArray[np.float64]
Interval = tuple[float, float]

# Two-sided 95 % of the normal distribution.
_Z = 1.959964
_DRAWS = 400
_SEED = 20_11


def share_interval(count: int, of: int) -> Interval | None:
    """Give Wilson's interval of a share (Wilson 1927, without continuity correction); None of nothing."""
    if not of:
        return None
    share, square = count / of, _Z**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of**2)) / (1 + square / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def auc_interval(spam: Numbers, ham: Numbers) -> Interval | None:
    """Give the interval of the area under the ROC curve (DeLong 1988); None with fewer than two of a kind."""
    if len(spam) < 2 or len(ham) < 2:  # noqa: PLR2004 - a variance needs two
        return None
    spam, ham = np.sort(spam), np.sort(ham)
    of_spam = (np.searchsorted(ham, spam, "left") + np.searchsorted(ham, spam, "right")) / (2 * len(ham))
    of_ham = 1 - (np.searchsorted(spam, ham, "left") + np.searchsorted(spam, ham, "right")) / (2 * len(spam))
    area = float(of_spam.mean())
    half = _Z * math.sqrt(of_spam.var(ddof=1) / len(spam) + of_ham.var(ddof=1) / len(ham))
    return max(0.0, area - half), min(1.0, area + half)


def recall_interval(spam: Numbers, ham: Numbers, share: float) -> Interval | None:
    """Give the interval of the recall where `share` of ham is called spam, spam and ham drawn anew some hundred times.

    Percentiles of the bootstrap: the bound, which a few ham rows set, varies with them.
    """
    if not len(spam) or not len(ham):
        return None
    chance = np.random.default_rng(_SEED)
    drawn = np.empty(_DRAWS)
    for draw in range(_DRAWS):
        bound = threshold_above(ham[chance.integers(0, len(ham), len(ham))], share)
        drawn[draw] = np.mean(spam[chance.integers(0, len(spam), len(spam))] > bound)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)
