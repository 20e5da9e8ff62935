"""Write down what came of attempts, and what follows: done, tried again later, a dead letter, a disabled endpoint."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, tuple_, update
from sqlalchemy.orm import Session

from moderation.deliveries.sending import Tried
from moderation.retries import next_attempt_at
from moderation.tables import PENDING, AttemptRow, DeliveryRow, Endpoint, table


def record(session: Session, tried: Sequence[Tried], now: datetime) -> None:
    """Write the attempts down, but for those whose claim ran out and which somebody else has taken."""
    kept = _record_delivered(session, [one for one in tried if one.outcome.result == "delivered"], now)
    for one in tried:
        if one.outcome.result != "delivered" and _record_failed(session, one, now):
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


def _record_delivered(session: Session, delivered: Sequence[Tried], now: datetime) -> set[str]:
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


def _record_failed(session: Session, tried: Tried, now: datetime) -> bool:
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
