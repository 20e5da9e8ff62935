"""How much of the spam is still caught, and how much ham is called spam, when comments are disguised or carry a link.

After `text_model`; bounds are set on the comments as they are, since nobody sets them for disguise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from moderation.evaluating.disguises import WAYS, disguised, linked
from moderation.evaluating.tables import number, table
from moderation.evaluating.text_model import AT, Scored, score
from moderation.learning.evaluation import threshold_above
from moderation.learning.model import TextModel
from moderation.learning.rows import Row
from moderation.progress import Tell

CLEAN = "none"
LINK = "a link appended"


@dataclass(frozen=True, slots=True)
class Robustness:
    """Shares above the bound that AT of the clean ham exceeds: over all rows, and the mean of sources at their own."""

    way: str
    spam: float
    ham: float
    spam_mean: float
    ham_mean: float


def robustness(model: TextModel, rows: Sequence[Row], tell: Tell) -> list[Robustness]:
    """Measure every way of disguise and a link appended, the clean rows first."""
    clean = score(model, rows)
    measured = [_compare(CLEAN, clean, clean)]
    changes = {name: [disguised(row, way) for row in rows] for name, way in WAYS.items()}
    changes[LINK] = [linked(row) for row in rows]
    for done, (name, changed) in enumerate(changes.items(), start=1):
        measured.append(_compare(name, clean, score(model, changed)))
        tell("disguising", done, len(changes))
    return measured


def as_text(measured: Sequence[Robustness]) -> str:
    """Write the shares as a table."""
    heads = ("disguise", "spam caught", "of clean", "ham called spam", "mean of sources: caught", "of clean", "ham")
    clean = measured[0]
    lines = [
        (
            one.way,
            number(one.spam),
            number(one.spam / clean.spam if clean.spam else None, 2),
            number(one.ham, 4),
            number(one.spam_mean),
            number(one.spam_mean / clean.spam_mean if clean.spam_mean else None, 2),
            number(one.ham_mean, 4),
        )
        for one in measured
    ]
    return table([heads, *lines]) + f"\nAt the bounds that {AT:.0%} of the ham as it is exceeds."


def _compare(way: str, clean: Scored, changed: Scored) -> Robustness:
    sources = np.array([row.source for row in clean.rows])
    spam, ham = _above(clean, changed)
    mixed = [
        pair
        for name in sorted(set(sources.tolist()))
        if clean.is_spam[sources == name].any() and not clean.is_spam[sources == name].all()
        for pair in [_above(clean.where(sources == name), changed.where(sources == name))]
    ]
    return Robustness(way, spam, ham, _mean([one for one, _ in mixed]), _mean([one for _, one in mixed]))


def _above(clean: Scored, changed: Scored) -> tuple[float, float]:
    bound = threshold_above(clean.ham, AT)
    return float(np.mean(changed.spam > bound)), float(np.mean(changed.ham > bound))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
