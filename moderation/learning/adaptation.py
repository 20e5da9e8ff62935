"""How fast a site's own model learns: a kind of site that the shipped weights never saw, decided comment by comment.

Takes labelled rows and gives figures, as `evaluation` does for the shipped model; tools/adaptation.py prints them.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from moderation.filters.model import TRUSTED_FROM
from moderation.learning.evaluation import figures
from moderation.learning.lessons import Lesson
from moderation.learning.logistic import Vector, sigmoid
from moderation.learning.model import TextModel
from moderation.learning.rows import Row
from moderation.learning.site_features import SiteFeatures, extract, who
from moderation.learning.site_model import fit
from moderation.learning.training import train

DECISIONS = (0, 10, 50, 100, 500)
DRAWS = 8
# The probability from which the default policy calls a comment spam, and from which it holds it, for the model alone.
SPAM_FROM, HELD_FROM = 0.98, 0.16

_BATCH = 500
_CERTAIN = 1e-6


@dataclass(frozen=True, slots=True)
class Adaptation:
    """Means over the draws after so many `decisions`: recall at 1 % of ham called spam, and what a policy would do.

    `shipped` and `own` are the recall of either model alone (`own` is None without decisions), `ham_spam` and
    `ham_held` the shares of ham that the default policy calls spam, and holds or calls spam, by the model's word only.
    """

    source: str
    decisions: int
    recall: float
    shipped: float
    own: float | None
    auc: float
    brier: float
    ham_spam: float
    ham_held: float


@dataclass(frozen=True, slots=True)
class _Judged:
    """The rows to measure on, their features and labels, and the shipped model's logits of them."""

    of: SiteFeatures
    is_spam: npt.NDArray[np.bool_]
    base: Vector


def adaptation(
    train_rows: Sequence[Row],
    dev_rows: Sequence[Row],
    source: str,
    *,
    decisions: Sequence[int] = DECISIONS,
    draws: int = DRAWS,
    model: TextModel | None = None,
) -> list[Adaptation]:
    """Measure one source: weights without it (or `model`), some of its training rows decided, its dev rows judged.

    One entry for each of `decisions` that the source has rows for. The same rows give the same figures. Raises
    TooFewRowsError where the other rows are too few to train.
    """
    shipped = model or TextModel(train([row for row in train_rows if row.source != source]))
    pool = [row for row in train_rows if row.source == source]
    unseen = [row for row in dev_rows if row.source == source]
    judged = _Judged(_features(unseen), np.array([row.is_spam for row in unseen]), _logits(shipped, unseen))
    orders = [_order(pool, f"{source} {draw}") for draw in range(draws)]
    measured = []
    for count in decisions:
        if count <= len(pool):
            chosen = [order[:count] for order in orders] if count else [[]]
            measured.append(_mean([_measure(source, count, shipped, rows, judged) for rows in chosen]))
    return measured


def _order(rows: Sequence[Row], seed: str) -> list[Row]:
    # A known sequence is the point: figures can be printed again.
    return random.Random(f"adaptation {seed}").sample(rows, len(rows))  # noqa: S311


def _features(rows: Sequence[Row]) -> SiteFeatures:
    return extract([row.body for row in rows], [who(row.author, website=row.url) for row in rows])


def _logits(model: TextModel, rows: Sequence[Row]) -> Vector:
    texts = [row.body for row in rows]
    parts = [model.probabilities(texts[first : first + _BATCH]) for first in range(0, len(texts), _BATCH)]
    probabilities = np.clip(np.concatenate([np.zeros(0), *parts]), _CERTAIN, 1 - _CERTAIN)
    logits: Vector = np.log(probabilities / (1 - probabilities))
    return logits


def _measure(source: str, count: int, shipped: TextModel, rows: Sequence[Row], judged: _Judged) -> Adaptation:
    lessons = [
        Lesson(row.body, row.is_spam, row.id, "moderator", row.cluster, who(row.author, website=row.url))
        for row in rows
    ]
    both = fit(lessons, _logits(shipped, rows))
    alone = fit(lessons, np.zeros(len(rows)))
    nothing = np.zeros(len(judged.base))
    probabilities = sigmoid(both.logits(judged.base, judged.of))
    found = figures(source, probabilities, judged.is_spam, (SPAM_FROM, HELD_FROM))
    ham = ~judged.is_spam
    return Adaptation(
        source=source,
        decisions=count,
        recall=_recall(probabilities, judged, source),
        shipped=_recall(sigmoid(judged.base), judged, source),
        own=_recall(sigmoid(alone.logits(nothing, judged.of)), judged, source) if alone.examples else None,
        auc=found.auc or 0.0,
        brier=found.brier,
        ham_spam=float(np.mean(probabilities[ham] >= SPAM_FROM)) if both.examples >= TRUSTED_FROM else 0.0,
        ham_held=float(np.mean(probabilities[ham] >= HELD_FROM)),
    )


def _recall(probabilities: Vector, judged: _Judged, source: str) -> float:
    return dict(figures(source, probabilities, judged.is_spam, ()).recalls)[0.01] or 0.0


def _mean(of: Sequence[Adaptation]) -> Adaptation:
    def mean(values: Callable[[Adaptation], float | None]) -> float:
        return float(np.mean([values(one) or 0.0 for one in of]))

    return Adaptation(
        source=of[0].source,
        decisions=of[0].decisions,
        recall=mean(lambda one: one.recall),
        shipped=mean(lambda one: one.shipped),
        own=mean(lambda one: one.own) if any(one.own is not None for one in of) else None,
        auc=mean(lambda one: one.auc),
        brier=mean(lambda one: one.brier),
        ham_spam=mean(lambda one: one.ham_spam),
        ham_held=mean(lambda one: one.ham_held),
    )


def table(found: Sequence[Adaptation]) -> list[str]:
    """Write figures as lines of text, and below them the mean over the sources for each number of decisions."""
    counts = sorted({one.decisions for one in found})
    means = [replace(_mean([one for one in found if one.decisions == count]), source="mean") for count in counts]
    heads = ("r@1%", "shipped", "own", "AUC", "Brier", "ham spam", "ham held")
    lines = [f"{'source':<16}{'decisions':>10}" + "".join(f"{head:>10}" for head in heads)]
    for one in [*found, *means]:
        numbers = (one.recall, one.shipped, one.own, one.auc, one.brier, one.ham_spam, one.ham_held)
        cells = ["-" if number is None else f"{number:.3f}" for number in numbers]
        lines.append(f"{one.source:<16}{one.decisions:>10}" + "".join(f"{cell:>10}" for cell in cells))
    return lines
