"""What the filter makes of a kind of site that it never saw: trained without it, then measured on it.

After `learning.training`, once for each source (or subset of one) that is left out; minutes each on one core.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from moderation.evaluating.tables import number, table
from moderation.evaluating.text_model import Scored, measure, score
from moderation.learning.model import TextModel
from moderation.learning.rows import Row
from moderation.learning.training import train
from moderation.progress import Tell

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How one subset fared that was left out; shares from 0 to 1, a row is called spam from .5 on."""

    subset: str
    rows: int
    accuracy: float
    f1: float
    auc: float | None
    recall: float | None


def each_left_out(
    train_rows: Sequence[Row], rows: Sequence[Row], tell: Tell
) -> Iterator[tuple[str, TextModel, list[Row]]]:
    """Yield each source of `rows`, a model trained without it, and its rows."""
    sources = sorted({row.source for row in rows})
    for source in sources:

        def is_of_source(row: Row, source: str = source) -> bool:
            return row.source == source

        model = _without(train_rows, is_of_source, source, tell)
        yield source, model, [row for row in rows if is_of_source(row)]


def scored_left_out(train_rows: Sequence[Row], rows: Sequence[Row], tell: Tell) -> Scored:
    """Score every row by the model that never saw its source."""
    parts = [score(model, own) for _, model, own in each_left_out(train_rows, rows, tell)]
    return Scored(
        [row for part in parts for row in part.rows],
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.is_spam for part in parts]),
    )


def subsets_left_out(rows: Sequence[Row], source: str, tell: Tell) -> list[Accuracy]:
    """Measure each subset of a source by a model trained on all other rows."""
    subsets = sorted({row.subset for row in rows if row.source == source})
    measured = []
    for subset in subsets:

        def is_left_out(row: Row, subset: str = subset) -> bool:
            return row.source == source and row.subset == subset

        model = _without(rows, is_left_out, subset, tell)
        measured.append(accuracy(subset, score(model, [row for row in rows if is_left_out(row)])))
    return measured


def accuracy(subset: str, scored: Scored) -> Accuracy:
    """Measure a subset."""
    called = scored.probabilities >= _HALF
    true = int(np.sum(called & scored.is_spam))
    wrong = int(np.sum(called != scored.is_spam))
    found = measure(subset, scored).figures
    return Accuracy(
        subset,
        len(called),
        float(np.mean(called == scored.is_spam)),
        2 * true / (2 * true + wrong) if true + wrong else 1.0,
        found.auc,
        dict(found.recalls)[0.01],
    )


def subsets_as_text(measured: Sequence[Accuracy]) -> str:
    """Write the figures as a table, their means last."""
    lines = [(one.subset, str(one.rows), *map(number, (one.accuracy, one.f1, one.auc, one.recall))) for one in measured]
    means = (
        "mean",
        "",
        number(_mean([one.accuracy for one in measured])),
        number(_mean([one.f1 for one in measured])),
        number(_mean([one.auc for one in measured])),
        number(_mean([one.recall for one in measured])),
    )
    return table([("left out", "rows", "accuracy", "F1", "AUC", "r@1%"), *lines, means])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _without(rows: Sequence[Row], is_left_out: Callable[[Row], bool], name: str, tell: Tell) -> TextModel:
    def tell_of(step: str, done: int, of: int) -> None:
        tell(f"without {name}: {step}", done, of)

    return TextModel(train([row for row in rows if not is_left_out(row)], tell=tell_of))
