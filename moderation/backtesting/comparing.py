"""Sum up what would change: counts, and the comments that would newly be judged against a person's word.

Pure, and of bounded size however many comments there are.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from moderation.backtesting.rejudging import Decided
from moderation.verdict import Verdict

_SEVERITY = {"approve": 0, "hold": 1, "spam": 2, "discard": 3}
# Named where no signal's points have changed, or not the way the action did.
THRESHOLDS = "thresholds or rules"
_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class NewlyWrong:
    """A comment whose new verdict is further from the person's decision.

    `because` has signals and how their points changed, those that changed most first.
    """

    comment_id: str
    site_id: str
    decision: str
    action: str
    would_be: str
    score: float
    would_score: float
    because: tuple[tuple[str, float | None], ...]


@dataclass(slots=True)
class Comparison:
    """What was found so far; `most_shown` bounds how many comments are named."""

    most_shown: int
    # By decision, action and what the action would be.
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    newly_wrong: list[NewlyWrong] = field(default_factory=list)

    @property
    def comments(self) -> int:
        """How many decided comments were judged again."""
        return self.counts.total()

    @property
    def changed(self) -> int:
        """How many of them would have been judged differently."""
        return sum(count for (_, action, would_be), count in self.counts.items() if action != would_be)

    def wrong(self, decision: str, *would_be: str) -> int:
        """Count those newly wrong, by what people said and what they would be."""
        return sum(n for (d, a, w), n in self.counts.items() if d == decision and w in would_be and is_worse(d, a, w))

    def right(self, decision: str) -> int:
        """Count those that would be nearer to what people said."""
        return sum(n for (d, a, w), n in self.counts.items() if d == decision and is_better(d, a, w))

    def add(self, one: Decided, verdict: Verdict) -> None:
        """Take in one comment."""
        self.counts[one.decision, one.action, verdict.action] += 1
        if is_worse(one.decision, one.action, verdict.action) and len(self.newly_wrong) < self.most_shown:
            self.newly_wrong.append(
                NewlyWrong(
                    one.facts.comment_id,
                    one.facts.site_id,
                    one.decision,
                    one.action,
                    verdict.action,
                    one.score,
                    verdict.score,
                    _because(one, verdict),
                )
            )


def is_worse(decision: str, action: str, would_be: str) -> bool:
    """Tell whether ham (approved by people) would be dealt with more harshly, or spam would pass."""
    if decision == "approve":
        return _SEVERITY[would_be] > _SEVERITY[action]
    return decision == "spam" and would_be == "approve" != action


def is_better(decision: str, action: str, would_be: str) -> bool:
    """Tell whether ham would be dealt with less harshly, or spam would no longer pass."""
    if decision == "approve":
        return _SEVERITY[would_be] < _SEVERITY[action]
    return decision == "spam" and action == "approve" != would_be


def _because(one: Decided, verdict: Verdict) -> tuple[tuple[str, float | None], ...]:
    before = _points((signal["name"], signal["points"], bool(signal.get("shadow"))) for signal in one.signals)
    after = _points((w.signal.name, w.points, w.is_shadow) for w in verdict.signals)
    harsher = 1 if one.decision == "approve" else -1
    changes = {name: after.get(name, 0.0) - before.get(name, 0.0) for name in before | after}
    driving = sorted((name for name in changes if changes[name] * harsher > 0), key=lambda name: -abs(changes[name]))
    if not driving:
        return ((THRESHOLDS, None),)
    return tuple((name, round(changes[name], 4)) for name in driving[:_MOST_REASONS])


def _points(signals: Iterable[tuple[str, float, bool]]) -> dict[str, float]:
    points: dict[str, float] = {}
    for name, brought, is_shadow in signals:
        if not is_shadow:
            points[name] = points.get(name, 0.0) + brought
    return points
