"""Puts the text model's figures into words: a short table first, the rest where it is asked for."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from moderation.evaluating.calibration import bins, calibration_error
from moderation.evaluating.intervals import Interval
from moderation.evaluating.tables import number, table
from moderation.evaluating.text_model import Measured, Scored, by_language, by_source, by_time, mistakes
from moderation.learning.evaluation import SPAM_BELOW, Figures
from moderation.learning.rows import Row

_EXCERPT = 100


def as_text(scored: Scored, *, has_details: bool = False, most_mistakes: int = 0) -> str:
    """Return the report: by source; with details by language and time, bounds for a policy, and calibration too."""
    sources = by_source(scored)
    parts = [_table("source", sources)]
    if has_details:
        times = by_time(scored)
        parts += [
            "Where a policy could put its bounds\n" + _bounds([one.figures for one in sources]),
            "By language\n" + _table("language", by_language(scored)),
            "By time, dated comments only\n" + _table("dates", times) if times else "",
            _calibration(scored),
        ]
    if most_mistakes:
        ham, spam = mistakes(scored, most_mistakes)
        parts += [_mistakes("Ham most like spam", ham), _mistakes("Spam least like spam", spam)]
    return "\n\n".join(part for part in parts if part)


def as_values(scored: Scored, most_mistakes: int = 0) -> dict[str, Any]:
    """Return all of it as JSON values; mistakes by id alone."""
    found = bins(scored.probabilities, scored.is_spam)
    ham, spam = mistakes(scored, most_mistakes)
    return {
        "figures": [_values(one) for one in by_source(scored)],
        "languages": [_values(one) for one in by_language(scored)],
        "times": [_values(one) for one in by_time(scored)],
        "calibration": {"error": calibration_error(found), "bins": [asdict(one) for one in found]},
        "mistakes": {
            "ham": [{"id": row.id, "probability": probability} for probability, row in ham],
            "spam": [{"id": row.id, "probability": probability} for probability, row in spam],
        },
    }


_HEADS = (
    *("spam", "ham", "AUC", "(95 %)", "r@0.1%", "r@0.5%", "r@1%", "(95 %)"),
    *("precision", "PR AUC", "Brier"),
)


def _table(name: str, measured: Sequence[Measured]) -> str:
    return table([(name, *_HEADS), *(_line(one) for one in measured)])


def _line(one: Measured) -> list[str]:
    found = one.figures
    recalls = [number(recall) for _, recall in found.recalls]
    return [
        *(found.source, str(found.spam), str(found.ham), number(found.auc), _interval(one.auc_interval)),
        *(*recalls, _interval(one.recall_interval)),
        *(number(one.precision), number(one.pr_auc), number(found.brier)),
    ]


def _interval(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval[0]:.2f}-{interval[1]:.2f}"


def _values(one: Measured) -> dict[str, Any]:
    rest = asdict(one)
    own: dict[str, Any] = rest.pop("figures")
    return own | rest


def _bounds(found: Sequence[Figures]) -> str:
    first = found[0]
    heads = [
        "source",
        *(f"{kind}>{above.threshold:g}".replace("0.", ".") for kind in ("ham", "spam") for above in first.above),
        *(f"ham {share:.1%}<".replace(".0%", "%") for share, _ in first.ham_bounds),
        f"spam {SPAM_BELOW:.0%}>",
    ]
    lines = [
        [
            one.source,
            *(number(above.ham) for above in one.above),
            *(number(above.spam) for above in one.above),
            *(number(bound) for _, bound in one.ham_bounds),
            number(one.spam_bound),
        ]
        for one in found
    ]
    return table([heads, *lines])


def _calibration(scored: Scored) -> str:
    found = bins(scored.probabilities, scored.is_spam)
    heads = ("probability", "rows", "mean", "is spam")
    lines = [
        (f"{one.low:.1f}-{one.high:.1f}", str(one.rows), number(one.predicted), number(one.observed)) for one in found
    ]
    return f"Calibration, mean error {calibration_error(found):.3f}\n" + table([heads, *lines])


def _mistakes(title: str, worst: Sequence[tuple[float, Row]]) -> str:
    if not worst:
        return ""
    return "\n".join([title, *(f"{probability:.3f}  {row.id}  {_excerpt(row.body)}" for probability, row in worst)])


def _excerpt(text: str) -> str:
    """Return the beginning in one line, without what could steer a terminal."""
    line = "".join(one if one.isprintable() else " " for one in text[: _EXCERPT * 2])
    line = " ".join(line.split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"
