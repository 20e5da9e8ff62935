"""A comment's whole way in the order of time, put together from the rows that it left behind.

Comes after everything: it only reads. Ids, names of signals and times; nothing of what somebody wrote.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from moderation.errors import NotFoundError
from moderation.payload import moment
from moderation.tables import (
    AttemptRow,
    Comment,
    DecisionRow,
    DeliveryRow,
    EventRow,
    RemoteQuestion,
    VerdictRow,
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a comment, or (`is_to_come`) is going to."""

    at: datetime
    what: str
    details: dict[str, Any]
    is_to_come: bool = False

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"at": moment(self.at), "what": self.what, "is_to_come": self.is_to_come, **self.details}


def trace(session: Session, comment_id: str) -> list[Step]:
    """Return all that is known of a comment's way; raise NotFoundError for one that is not there."""
    comment = session.get(Comment, comment_id)
    if comment is None:
        raise NotFoundError(f"no comment {comment_id}")
    steps = [*_of_comment(comment), *_of_questions(session, comment_id), *_of_verdict(session, comment)]
    steps += [*_of_decisions(session, comment_id), *_of_events(session, comment_id)]
    # Of what happened in one moment, in the order in which it is listed here.
    return sorted(steps, key=lambda step: step.at)


def _of_comment(comment: Comment) -> Iterator[Step]:
    sent = {"site": comment.site_id, "language": comment.language, "form_problem": comment.form_problem}
    yield Step(comment.received_at, "accepted", _known(sent))
    if comment.status == "received":
        rung = {"rung_again": comment.rings, "tries": comment.tries}
        yield Step(comment.ring_at, "rung for", rung, is_to_come=True)
    if comment.erased_at:
        yield Step(comment.erased_at, "erased", {})


def _of_questions(session: Session, comment_id: str) -> Iterator[Step]:
    questions = select(RemoteQuestion).where(RemoteQuestion.comment_id == comment_id)
    for one in session.scalars(questions.order_by(RemoteQuestion.service)):
        yield Step(one.asked_at, "asked outside", {"service": one.service})
        if one.answered_at:
            names = [signal["name"] for signal in one.signals or []]
            yield Step(one.answered_at, "answered from outside", {"service": one.service, "signals": names})


def _of_verdict(session: Session, comment: Comment) -> Iterator[Step]:
    verdict = session.get(VerdictRow, comment.id)
    if verdict is None:
        return
    told = {
        "action": verdict.action,
        "score": verdict.score,
        "signals": {one["name"]: one["points"] for one in verdict.signals},
        "model": verdict.model,
        "policy": verdict.policy,
        # Bells of the sweep until then: 0 where the first one was heard.
        "rung_again": comment.rings,
        "campaign": comment.campaign_id,
        "would_be": verdict.shadow_action if verdict.shadow_action != verdict.action else None,
    }
    yield Step(verdict.judged_at, "judged", _known(told))


def _of_events(session: Session, comment_id: str) -> Iterator[Step]:
    events = select(EventRow).where(EventRow.comment_id == comment_id).order_by(EventRow.version)
    for event in session.scalars(events):
        yield Step(event.occurred_at, event.type, {"event": event.id, "version": event.version})
        deliveries = select(DeliveryRow).where(DeliveryRow.event_id == event.id).order_by(DeliveryRow.id)
        for delivery in session.scalars(deliveries):
            yield from _of_delivery(session, delivery)


def _of_delivery(session: Session, delivery: DeliveryRow) -> Iterator[Step]:
    which = {"delivery": delivery.id}
    yield Step(delivery.created_at, "delivery owed", which | {"endpoint": delivery.endpoint_id})
    attempts = select(AttemptRow).where(AttemptRow.delivery_id == delivery.id).order_by(AttemptRow.number)
    for one in session.scalars(attempts):
        heard = {"attempt": one.number, "seconds": round(one.seconds, 3), "status": one.status, "error": one.error}
        yield Step(one.started_at, "attempted", which | _known(heard))
    if delivery.replayed_at:
        yield Step(delivery.replayed_at, "delivery owed anew", which)
    if delivery.finished_at:
        yield Step(
            delivery.finished_at,
            f"delivery {delivery.state}",
            which | _known({"error": delivery.last_error, "told_in": delivery.told_in}),
        )
    elif delivery.state == "pending":
        yield Step(delivery.next_attempt_at, "delivery due", which, is_to_come=True)


def _of_decisions(session: Session, comment_id: str) -> Iterator[Step]:
    decisions = select(DecisionRow).where(DecisionRow.comment_id == comment_id).order_by(DecisionRow.version)
    for one in session.scalars(decisions):
        by = one.moderator_id or one.endpoint_id or one.key_id
        told = {"decision": one.id, "action": one.action, "by": by, "version": one.version}
        yield Step(one.decided_at, "decided", _known(told))
        if one.learned_at:
            yield Step(one.learned_at, "learned", {"decision": one.id})


def _known(details: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value is not None}
