"""Send what is owed: claim, send, write down what came back.

Comes after `events`, which wrote the rows. At least once: a worker that dies after sending sends again, under the same
`webhook-id`, by which the receiver knows it.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, insert, select, tuple_, update
from sqlalchemy.orm import Session

from moderation.clock import Clock, utc_now
from moderation.db import Database
from moderation.identity import Keyed
from moderation.log import get_logger
from moderation.outbound import TOTAL_SECONDS, Outbound, OutboundError
from moderation.payload import build, build_notice, decision_document
from moderation.retries import Outcome, next_attempt_at, read_answer
from moderation.signing import sign
from moderation.sweeping import is_due
from moderation.tables import (
    PENDING,
    AttemptRow,
    Comment,
    DecisionRow,
    DeliveryRow,
    Endpoint,
    EventRow,
    Moderator,
    Post,
    VerdictRow,
    table,
)

log = get_logger(__name__)

# Deliveries sent by one task at most; sets how much is sent again when its worker dies.
MOST_AT_ONCE = 50
# After so long a task hands the rest back, so that a slow endpoint can't run past its claim.
SENDING_SECONDS = 20.0
# How long a claim holds: longer than a task may send, and than the last request it began may last.
CLAIM = timedelta(seconds=SENDING_SECONDS + TOTAL_SECONDS + 15)
# When one delivery could not be made, the others of that endpoint wait for so long without counting an attempt.
HAND_BACK = timedelta(seconds=5)
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Sendable:
    """A claimed delivery with its message."""

    id: str
    attempt: int
    endpoint_id: str
    comment_id: str | None
    event_type: str
    url: str
    generation: int
    body: bytes
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that was made."""

    sendable: Sendable
    started_at: datetime
    seconds: float
    outcome: Outcome
    status: int | None = None
    answer: str | None = None


def deliver(
    database: Database, keyed: Keyed, outbound: Outbound, ids: Sequence[str], clock: Clock = utc_now
) -> list[Tried]:
    """Send those of the deliveries that are due and that nobody else is sending; return the attempts made.

    What else their endpoints are owed goes along: in a backlog the first message does the work of many, and the others
    find nothing left to do.
    """
    with database.read() as session:
        due = _due(session, ids, clock())
    if not due:
        return []
    with database.write() as session:
        claimed = _claim(session, due, clock())
        sendables = _read(session, claimed)
    tried, handed_back = _send(keyed, outbound, sendables, clock)
    if tried or handed_back:
        with database.write() as session:
            _write(session, tried, clock())
            _hand_back(session, handed_back, clock())
    for one in tried:
        log.info(
            "attempted",
            delivery=one.sendable.id,
            comment=one.sendable.comment_id,
            event_type=one.sendable.event_type,
            endpoint=one.sendable.endpoint_id,
            attempt=one.sendable.attempt,
            result=one.outcome.result,
            error=one.outcome.error,
        )
    return tried


def _due(session: Session, ids: Sequence[str], now: datetime) -> Sequence[str]:
    """Return those of the deliveries that are due, and what else their endpoints are owed, up to a batch."""
    wanted = (DeliveryRow.state == PENDING, is_due(now))
    asked = session.execute(
        select(DeliveryRow.id, DeliveryRow.endpoint_id).where(DeliveryRow.id.in_(ids), *wanted).limit(MOST_AT_ONCE)
    ).all()
    if not asked:
        return []
    along = session.scalars(
        select(DeliveryRow.id)
        .where(DeliveryRow.endpoint_id.in_({row.endpoint_id for row in asked}), *wanted)
        .order_by(DeliveryRow.id)
        .limit(MOST_AT_ONCE)
    )
    return list(dict.fromkeys([row.id for row in asked] + list(along)))[:MOST_AT_ONCE]


def _claim(session: Session, ids: Sequence[str], now: datetime) -> dict[str, int]:
    """Take the deliveries that are due; return the number of this attempt by id."""
    due = (
        select(DeliveryRow.id)
        .where(DeliveryRow.id.in_(ids), DeliveryRow.state == PENDING, is_due(now))
        .order_by(DeliveryRow.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    claimed = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(due), DeliveryRow.state == "pending")
        .values(attempts=DeliveryRow.attempts + 1, next_attempt_at=now + CLAIM, ring_at=now + CLAIM)
        .returning(DeliveryRow.id, DeliveryRow.attempts)
        .execution_options(synchronize_session=False)
    )
    return {row.id: row.attempts for row in claimed}


def _read(session: Session, claimed: dict[str, int]) -> list[Sendable]:
    rows = session.execute(
        select(DeliveryRow, EventRow, Endpoint, Comment, Post, VerdictRow, DecisionRow, Moderator.name)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .join(Endpoint, Endpoint.id == DeliveryRow.endpoint_id)
        .outerjoin(Comment, Comment.id == EventRow.comment_id)
        .outerjoin(Post, and_(Post.site_id == Comment.site_id, Post.id == Comment.post_id))
        .outerjoin(VerdictRow, VerdictRow.comment_id == Comment.id)
        .outerjoin(DecisionRow, DecisionRow.id == EventRow.decision_id)
        .outerjoin(Moderator, Moderator.id == DecisionRow.moderator_id)
        .where(DeliveryRow.id.in_(claimed))
        .order_by(DeliveryRow.id)
    )
    return [
        Sendable(
            id=delivery.id,
            attempt=claimed[delivery.id],
            endpoint_id=endpoint.id,
            comment_id=event.comment_id,
            event_type=event.type,
            url=endpoint.url,
            generation=endpoint.generation,
            body=build(
                event, comment, post, verdict, decision_document(decision, by or "website") if decision else None
            )
            if comment
            else build_notice(event),
            is_enabled=endpoint.enabled and endpoint.deleted_at is None,
        )
        for delivery, event, endpoint, comment, post, verdict, decision, by in rows
    ]


def _send(
    keyed: Keyed, outbound: Outbound, sendables: Sequence[Sendable], clock: Clock
) -> tuple[list[Tried], list[Sendable]]:
    """Send one after the other; an endpoint that fails is left alone for the rest of the batch."""
    began = time.monotonic()
    tried: list[Tried] = []
    handed_back: list[Sendable] = []
    failing: set[str] = set()
    for one in sendables:
        if not one.is_enabled:
            tried.append(Tried(one, clock(), 0.0, Outcome("dead", "the endpoint is disabled")))
        elif one.endpoint_id in failing or time.monotonic() - began > SENDING_SECONDS:
            handed_back.append(one)
        else:
            attempt = _attempt(keyed, outbound, one, clock)
            tried.append(attempt)
            if attempt.outcome.result in ("retry", "gone"):
                failing.add(one.endpoint_id)
    return tried, handed_back


def _attempt(keyed: Keyed, outbound: Outbound, one: Sendable, clock: Clock) -> Tried:
    started_at = clock()
    timestamp = int(started_at.timestamp())
    secrets = keyed.endpoint_secrets(one.endpoint_id, one.generation)
    headers = {
        "content-type": "application/json",
        "user-agent": "comment-moderation",
        "webhook-id": one.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, one.id, timestamp, one.body) for secret in secrets),
    }
    began = time.monotonic()
    try:
        answer = outbound.post(one.url, headers, one.body)
    except OutboundError as error:
        outcome = Outcome("dead" if error.permanent else "retry", str(error))
        return Tried(one, started_at, time.monotonic() - began, outcome)
    outcome = read_answer(answer.status, answer.headers, clock())
    shown = answer.body[:_SHOWN].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return Tried(one, started_at, answer.seconds, outcome, answer.status, shown)


def _write(session: Session, tried: Sequence[Tried], now: datetime) -> None:
    """Write the attempts down, but for those whose claim ran out and which somebody else has taken."""
    kept = _write_delivered(session, [one for one in tried if one.outcome.result == "delivered"], now)
    for one in tried:
        if one.outcome.result != "delivered" and _write_failed(session, one, now):
            kept.add(one.sendable.id)
    attempts = [
        {
            "delivery_id": one.sendable.id,
            "number": one.sendable.attempt,
            "started_at": one.started_at,
            "seconds": one.seconds,
            "status": one.status,
            "answer": one.answer,
            "error": one.outcome.error,
        }
        for one in tried
        if one.sendable.id in kept
    ]
    if attempts:
        session.execute(insert(table(AttemptRow)), attempts)


def _write_delivered(session: Session, delivered: Sequence[Tried], now: datetime) -> set[str]:
    if not delivered:
        return set()
    claims = [(one.sendable.id, one.sendable.attempt) for one in delivered]
    written = session.scalars(
        update(DeliveryRow)
        .where(tuple_(DeliveryRow.id, DeliveryRow.attempts).in_(claims), DeliveryRow.state == PENDING)
        .values(state="delivered", finished_at=now, last_error=None)
        .returning(DeliveryRow.id)
        .execution_options(synchronize_session=False)
    )
    return set(written)


def _write_failed(session: Session, tried: Tried, now: datetime) -> bool:
    one, outcome = tried.sendable, tried.outcome
    due = None
    if outcome.result == "retry":
        due = next_attempt_at(one.attempt, outcome, now, random.random())  # noqa: S311 - spreads load, guards nothing
    values: dict[str, Any] = {"last_error": outcome.error}
    values |= {"next_attempt_at": due, "ring_at": due} if due else {"state": "dead", "finished_at": now}
    if outcome.result == "gone":
        session.execute(
            update(Endpoint)
            .where(Endpoint.id == one.endpoint_id)
            .values(enabled=False, disabled_reason="it answered 410 Gone")
        )
    changed = session.scalars(
        update(DeliveryRow)
        .where(DeliveryRow.id == one.id, DeliveryRow.state == PENDING, DeliveryRow.attempts == one.attempt)
        .values(**values)
        .returning(DeliveryRow.id)
        .execution_options(synchronize_session=False)
    )
    return changed.one_or_none() is not None


def _hand_back(session: Session, handed_back: Sequence[Sendable], now: datetime) -> None:
    """Undo the claim: these were not tried."""
    if not handed_back:
        return
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_([one.id for one in handed_back]), DeliveryRow.state == "pending")
        .values(
            attempts=DeliveryRow.attempts - 1,
            next_attempt_at=now + HAND_BACK,
            ring_at=now + HAND_BACK,
        )
    )
