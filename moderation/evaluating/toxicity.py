"""Measure the toxic model on labelled comments: abuse against ham of the same source, spam left out.

Beside `learning.evaluation`, which measures the spam model; printed by `moderation evaluate --label toxic`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.evaluating.tables import number, table
from moderation.filters.toxic import strength_of
from moderation.learning.evaluation import ALL, figures
from moderation.learning.features import extract
from moderation.learning.logistic import sigmoid
from moderation.learning.rows import BadRowError, Row
from moderation.learning.toxic import ToxicModel
from moderation.learning.toxic_training import train_toxic
from moderation.policy import Policy
from moderation.predictions import Toxicity

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of one source (or of all); held are the shares that TOXIC alone holds, None where a kind is missing.

    `familiarity` is the median.
    """

    source: str
    toxic: int
    ham: int
    auc: float | None
    ham_held: float | None
    toxic_held: float | None
    familiarity: float


def measure(model: ToxicModel, rows: Sequence[Row], policy: Policy | None = None) -> list[Measured]:
    """Measure a model at a policy (the default one): by source, `ALL` last. Raises BadRowError where all is spam."""
    policy = policy or Policy()
    rows = [row for row in rows if row.label != "spam"]
    if not rows:
        raise BadRowError("all comments are spam, neither toxic nor ham")
    logits, familiarity = _asked(model, rows)
    probabilities = sigmoid(logits)
    strengths = [
        strength_of(Toxicity(one, known))
        for one, known in zip(probabilities.tolist(), familiarity.tolist(), strict=True)
    ]
    held = np.array(strengths) * policy.points_of("TOXIC") >= policy.thresholds.hold
    toxic = np.array([row.label == "toxic" for row in rows])
    sources = np.array([row.source for row in rows])

    def of(name: str, own: npt.NDArray[np.bool_]) -> Measured:
        return Measured(
            name,
            int(np.sum(toxic & own)),
            int(np.sum(~toxic & own)),
            figures(name, probabilities[own], toxic[own], ()).auc,
            _share(held[own & ~toxic]),
            _share(held[own & toxic]),
            float(np.median(familiarity[own])),
        )

    by_source = [of(name, sources == name) for name in sorted(set(sources.tolist()))]
    return [*by_source, of(ALL, np.ones(len(rows), dtype=np.bool_))]


def without(rows: Sequence[Row], source: str) -> ToxicModel:
    """Train a model without a source, or take the shipped one, which learned nothing from a source without abuse."""
    if not any(row.source == source and row.label == "toxic" for row in rows):
        return ToxicModel.load()
    return ToxicModel(train_toxic([row for row in rows if row.source != source]))


def as_text(measured: Sequence[Measured]) -> str:
    """Write the figures as a table."""
    heads = ["source", "toxic", "ham", "AUC", "ham held", "toxic held", "familiarity"]
    lines = [
        [
            one.source,
            str(one.toxic),
            str(one.ham),
            *map(number, (one.auc, one.ham_held, one.toxic_held, one.familiarity)),
        ]
        for one in measured
    ]
    return table([heads, *lines])


def _asked(model: ToxicModel, rows: Sequence[Row]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    parts = []
    for first in range(0, len(rows), _BATCH):
        logits, familiarity, _ = model.measure(extract([row.body for row in rows[first : first + _BATCH]]))
        parts.append((logits, familiarity))
    return np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts])


def _share(held: npt.NDArray[np.bool_]) -> float | None:
    return float(np.mean(held)) if len(held) else None
