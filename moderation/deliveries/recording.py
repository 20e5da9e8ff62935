"""Write down what came of attempts, and what follows: done, tried again, a dead letter, an endpoint left alone."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.orm import Session

from moderation.clock import seconds_since
from moderation.deliveries.breaker import Breaker
from moderation.deliveries.sending import Tried
from moderation.events import Notice, Owed
from moderation.events import record as record_events
from moderation.metrics.counted import ATTEMPTS, DELIVERY_SECONDS
from moderation.payload import moment
from moderation.retries import next_attempt_at
from moderation.tables import PENDING, AttemptRow, DeliveryRow, Endpoint, table
from moderation.tallies import Tally


def record(session: Session, endpoint_id: str, tried: Sequence[Tried], now: datetime) -> list[Owed]:
    """Write down what came of attempts at one endpoint; return what is owed to others for it.

    Left out are those whose claim ran out and which somebody else has taken.
    """
    if not tried:
        return []
    # Locked first of all, as when deliveries are taken: two that wait for each other would wait for ever.
    endpoint = session.scalars(select(Endpoint).where(Endpoint.id == endpoint_id).with_for_update(key_share=True)).one()
    tally = Tally()
    kept = _record_delivered(session, [one for one in tried if one.outcome.result == "delivered"], tally, now)
    kept |= _record_failed(session, [one for one in tried if one.outcome.result != "delivered"], now)
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
    endpoint.attempts_made += len(attempts)
    for one in tried:
        if one.sendable.id in kept:
            tally.count(ATTEMPTS, one.outcome.result)
    tally.write(session)
    return _note_health(session, endpoint, tried, now)


def _record_delivered(session: Session, delivered: Sequence[Tried], tally: Tally, now: datetime) -> set[str]:
    if not delivered:
        return set()
    claims = [(one.sendable.id, one.sendable.attempt) for one in delivered]
    written = session.execute(
        update(DeliveryRow)
        .where(tuple_(DeliveryRow.id, DeliveryRow.attempts).in_(claims), DeliveryRow.state == PENDING)
        .values(state="delivered", finished_at=now, last_error=None)
        .returning(DeliveryRow.id, DeliveryRow.created_at, DeliveryRow.replayed_at)
        .execution_options(synchronize_session=False)
    ).all()
    for row in written:
        tally.observe(DELIVERY_SECONDS, seconds_since(row.replayed_at or row.created_at, now))
    return {row.id for row in written}


def _record_failed(session: Session, failed: Sequence[Tried], now: datetime) -> set[str]:
    if not failed:
        return set()
    claims = [(one.sendable.id, one.sendable.attempt) for one in failed]
    kept = set(
        session.scalars(
            select(DeliveryRow.id)
            .where(tuple_(DeliveryRow.id, DeliveryRow.attempts).in_(claims), DeliveryRow.state == PENDING)
            .with_for_update()
        )
    )
    told = [one for one in failed if one.sendable.id in kept]
    if told:
        session.execute(update(DeliveryRow), [_told(one, now) for one in told])
    return kept


def _told(tried: Tried, now: datetime) -> dict[str, Any]:
    """Return what becomes of a delivery that failed: its id, and the columns that change."""
    one, outcome = tried.sendable, tried.outcome
    due = None
    if outcome.result == "retry":
        spread = random.random()  # noqa: S311 - spreads load, guards nothing
        due = next_attempt_at(one.attempt - one.attempts_before, outcome, now, spread)
    values: dict[str, Any] = {"id": one.id, "last_error": outcome.error}
    return values | ({"next_attempt_at": due, "ring_at": due} if due else {"state": "dead", "finished_at": now})


def _note_health(session: Session, endpoint: Endpoint, tried: Sequence[Tried], now: datetime) -> list[Owed]:
    """Note how the endpoint is doing, and tell the site's others when that changes."""
    before = Breaker(endpoint.failures, endpoint.failing_since, endpoint.rests_until, endpoint.tripped_at)
    after = before.after([one.outcome for one in tried], now)
    endpoint.failures, endpoint.failing_since = after.failures, after.failing_since
    endpoint.rests_until, endpoint.tripped_at = after.rests_until, after.tripped_at
    about: dict[str, Any] = {"endpoint": endpoint.id, "host": urlsplit(endpoint.url).hostname}
    if endpoint.enabled and any(one.outcome.result == "gone" for one in tried):
        reason = next(one.outcome.error for one in tried if one.outcome.result == "gone")
        endpoint.enabled, endpoint.disabled_reason = False, f"it {reason}"
        told = about | {"reason": reason, "failing_since": moment(after.failing_since or now), "is_tried_again": False}
        kind = "endpoint.disabled"
    elif after.tripped_at and not before.tripped_at:
        reason = next(one.outcome.error for one in reversed(tried) if one.outcome.result == "retry")
        told = about | {"reason": reason, "failing_since": moment(after.failing_since), "is_tried_again": True}
        kind = "endpoint.disabled"
    elif before.tripped_at and not after.tripped_at:
        told = about | {"failing_since": moment(before.failing_since)}
        kind = "endpoint.recovered"
    else:
        return []
    notice = Notice(site_id=endpoint.site_id, type=kind, data=told, about_endpoint=endpoint.id)
    return record_events(session, [notice], now)
