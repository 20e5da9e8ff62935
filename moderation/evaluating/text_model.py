"""Measure the text model alone on labelled rows: all figures with their intervals, by source, language and time.

Takes rows and their probabilities, gives values; `text_model_report` puts them into words, `plots` into pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from moderation.evaluating.intervals import Interval, auc_interval, recall_interval
from moderation.learning.evaluation import ALL, Figures, figures, threshold_above
from moderation.learning.model import TextModel
from moderation.learning.rows import Row

Numbers = npt.NDArray[np.float64]
# Probabilities at which the shares of ham and spam above are told.
THRESHOLDS = (0.2, 0.5, 0.9, 0.98)
# The share of ham called spam at which precision and the intervals are given.
AT = 0.01
_PIECES = 4
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows with the probability of each; `is_spam` says so of each."""

    rows: Sequence[Row]
    probabilities: Numbers
    is_spam: npt.NDArray[np.bool_]

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Scored":
        """Return some of them."""
        rows = [row for row, is_chosen in zip(self.rows, chosen, strict=True) if is_chosen]
        return Scored(rows, self.probabilities[chosen], self.is_spam[chosen])

    @property
    def spam(self) -> Numbers:
        """The probabilities of spam."""
        return self.probabilities[self.is_spam]

    @property
    def ham(self) -> Numbers:
        """The probabilities of all else."""
        return self.probabilities[~self.is_spam]


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a group of rows with their 95 % intervals; None where there is no spam or no ham.

    `precision` is the share of spam among what lies above the bound that AT of the ham exceeds, `pr_auc` the average
    precision.
    """

    figures: Figures
    auc_interval: Interval | None
    recall_interval: Interval | None
    precision: float | None
    pr_auc: float | None


def score(model: TextModel, rows: Sequence[Row]) -> Scored:
    """Ask the model about every row."""
    texts = [row.body for row in rows]
    parts = [model.probabilities(texts[first : first + _BATCH]) for first in range(0, len(texts), _BATCH)]
    return Scored(rows, np.concatenate([np.zeros(0), *parts]), np.array([row.is_spam for row in rows], dtype=np.bool_))


def measure(name: str, scored: Scored) -> Measured:
    """Measure some rows."""
    return Measured(
        figures(name, scored.probabilities, scored.is_spam, THRESHOLDS),
        auc_interval(scored.spam, scored.ham),
        recall_interval(scored.spam, scored.ham, AT),
        _precision(scored.spam, scored.ham),
        average_precision(scored.spam, scored.ham),
    )


def by_source(scored: Scored) -> list[Measured]:
    """Measure each source, by name, and all rows last."""
    return [*_by_name(scored, [row.source for row in scored.rows]), measure(ALL, scored)]


def by_language(scored: Scored) -> list[Measured]:
    """Measure the rows of each language."""
    return _by_name(scored, [row.lang or "unknown" for row in scored.rows])


def by_time(scored: Scored) -> list[Measured]:
    """Measure the dated rows in the order of their dates, cut into four pieces of the same size."""
    dates = [_date(row) for row in scored.rows]
    order = sorted((at for at, date in enumerate(dates) if date), key=lambda at: str(dates[at]))
    measured = []
    for piece in np.array_split(np.array(order, dtype=np.int64), _PIECES):
        if len(piece):
            chosen = np.zeros(len(dates), dtype=np.bool_)
            chosen[piece] = True
            first, last = dates[piece[0]], dates[piece[-1]]
            measured.append(measure(f"{first} to {last}", scored.where(chosen)))
    return measured


def mistakes(scored: Scored, most: int) -> tuple[list[tuple[float, Row]], list[tuple[float, Row]]]:
    """Return the ham with the highest probabilities, and the spam with the lowest, the worst first."""
    order = np.argsort(scored.probabilities, kind="stable").tolist()
    pairs = [(float(scored.probabilities[at]), scored.rows[at]) for at in order]
    ham = [pair for pair in reversed(pairs) if not pair[1].is_spam]
    return ham[:most], [pair for pair in pairs if pair[1].is_spam][:most]


def average_precision(spam: Numbers, ham: Numbers) -> float | None:
    """Give the area under the curve of precision over recall, as steps: rows of one probability come together."""
    if not len(spam) or not len(ham):
        return None
    bounds, caught = np.unique(spam, return_counts=True)
    true = len(spam) - np.searchsorted(np.sort(spam), bounds, "left")
    false = len(ham) - np.searchsorted(np.sort(ham), bounds, "left")
    return float(np.sum(caught / len(spam) * true / (true + false)))


def _precision(spam: Numbers, ham: Numbers) -> float | None:
    if not len(spam) or not len(ham):
        return None
    bound = threshold_above(ham, AT)
    true, false = int(np.sum(spam > bound)), int(np.sum(ham > bound))
    return true / (true + false) if true + false else None


def _by_name(scored: Scored, names: Sequence[str]) -> list[Measured]:
    of_rows = np.array(names)
    return [measure(name, scored.where(of_rows == name)) for name in sorted(set(names))]


def _date(row: Row) -> str | None:
    try:
        return datetime.fromisoformat(row.date).date().isoformat()
    except ValueError:
        return None
