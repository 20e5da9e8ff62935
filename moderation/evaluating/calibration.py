"""Whether a probability of .8 is right eight times in ten. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose probability is from `low` to below `high`: their mean probability, and the share that is spam."""

    low: float
    high: float
    rows: int
    predicted: float
    observed: float


def bins(probabilities: npt.NDArray[np.float64], is_spam: npt.NDArray[np.bool_]) -> list[Bin]:
    """Sort rows by probability into ten bins of equal width; empty ones are left out."""
    places = np.minimum((probabilities * _BINS).astype(np.int64), _BINS - 1)
    return [
        Bin(
            place / _BINS,
            (place + 1) / _BINS,
            int(within.sum()),
            float(probabilities[within].mean()),
            float(is_spam[within].mean()),
        )
        for place in range(_BINS)
        if (within := places == place).any()
    ]


def calibration_error(found: Sequence[Bin]) -> float:
    """Give the mean difference of predicted and observed, each bin weighing by its rows (Naeini 2015)."""
    rows = sum(one.rows for one in found)
    return sum(one.rows * abs(one.predicted - one.observed) for one in found) / rows if rows else 0.0
