"""What would change if what is in the shadow had a say: a site's verdicts by what they were and would have been.

Read by `moderation shadow`; `metrics` counts the same over all sites.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from moderation.tables import Comment, DecisionRow, VerdictRow
from moderation.verdict import STATUS_OF

# What people's decisions make right or wrong; `hold` and `reject` are no words the machine has.
_STATUS_OF_DECISION = {"approve": "approved", "spam": "spam"}


@dataclass(frozen=True, slots=True)
class Change:
    """So many comments that got `action` and would have got `would_be`; those that people approved, called spam."""

    action: str
    would_be: str
    comments: int
    approved_by_people: int
    spam_by_people: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How comments that people approved or called spam had been judged: alike, the other way round, held."""

    right: int
    wrong: int
    held: int


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """`verdict` and `shadow` are over the same decided comments."""

    changes: tuple[Change, ...]
    verdict: Agreement
    shadow: Agreement

    @property
    def comments(self) -> int:
        """How many comments were judged with something in the shadow."""
        return sum(one.comments for one in self.changes)

    @property
    def differing(self) -> int:
        """How many of them would have been judged differently."""
        return sum(one.comments for one in self.changes if one.action != one.would_be)


def shadow_report(session: Session, site_id: str, since: datetime) -> ShadowReport:
    """Compare the verdicts on a site's comments that came since then with what they would have been."""
    changes = tuple(Change(*row) for row in session.execute(changes_of(site_id, since)))
    return ShadowReport(
        changes,
        _agreement([(one.action, one) for one in changes]),
        _agreement([(one.would_be, one) for one in changes]),
    )


def changes_of(site_id: str, since: datetime) -> Select[Any]:
    """Select the counts of a `Change`, most comments first; a person's newest word counts."""
    comments = func.count()
    decided = DecisionRow.action
    return (
        select(
            VerdictRow.action,
            VerdictRow.shadow_action,
            comments,
            func.count(case((decided == "approve", 1))),
            func.count(case((decided == "spam", 1))),
        )
        .select_from(Comment)
        .join(VerdictRow, VerdictRow.comment_id == Comment.id)
        .outerjoin(DecisionRow, and_(DecisionRow.comment_id == Comment.id, DecisionRow.version == Comment.version))
        .where(Comment.site_id == site_id, Comment.received_at >= since, VerdictRow.shadow_action.is_not(None))
        .group_by(VerdictRow.action, VerdictRow.shadow_action)
        .order_by(comments.desc(), VerdictRow.action, VerdictRow.shadow_action)
    )


def _agreement(judged: Sequence[tuple[str, Change]]) -> Agreement:
    right = wrong = held = 0
    for action, change in judged:
        counts = {"approve": change.approved_by_people, "spam": change.spam_by_people}
        for decision, count in counts.items():
            status = STATUS_OF[action]  # type: ignore[index]
            if status == "held":
                held += count
            elif status == _STATUS_OF_DECISION[decision]:
                right += count
            else:
                wrong += count
    return Agreement(right, wrong, held)
