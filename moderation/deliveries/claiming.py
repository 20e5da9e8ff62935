"""Take deliveries that are due, so that nobody else sends them, and give back those that were not tried.

An endpoint has one sender at a time: it holds the endpoint's lease, and takes batch after batch. So no more than it has
threads are under way to an endpoint, whoever else rings, and what happened later is never sent before.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from moderation.deliveries.digests import TYPES as MANY
from moderation.deliveries.digests import still_held
from moderation.deliveries.gathering import Rules, gather
from moderation.deliveries.sending import IN_FLIGHT, is_for_programs
from moderation.events import Owed
from moderation.outbound import TOTAL_SECONDS
from moderation.pausing import paused_sites
from moderation.quiet import burst_of
from moderation.sweeping import is_due, is_past
from moderation.tables import PENDING, Comment, DeliveryRow, Endpoint, EventRow

# Deliveries claimed together at most; sets how much is sent again when a worker dies.
MOST_AT_ONCE = 200
# After so long what came of a batch is written down, and what is left of it is handed back.
BATCH_SECONDS = 2.0
# After so long a task hands the rest back and leaves its thread to other endpoints.
SENDING_SECONDS = 10.0
# How long a claim holds: longer than a batch takes, with the last request that it began.
CLAIM = timedelta(seconds=BATCH_SECONDS + TOTAL_SECONDS + 15)


def owing(session: Session, ids: Sequence[str], now: datetime) -> list[Owed]:
    """Return the first of these deliveries that each endpoint is owed now."""
    found = session.execute(
        select(func.min(DeliveryRow.id), DeliveryRow.endpoint_id)
        .where(DeliveryRow.id.in_(ids), DeliveryRow.state == PENDING, is_due(now))
        .group_by(DeliveryRow.endpoint_id)
        .order_by(DeliveryRow.endpoint_id)
    )
    return [Owed(delivery_id, endpoint_id) for delivery_id, endpoint_id in found]


def next_due(session: Session, endpoint_id: str, now: datetime) -> list[Owed]:
    """Return the first that the endpoint is owed now, to ring for; none is an empty list."""
    found = session.scalars(
        select(DeliveryRow.id)
        .where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.state == PENDING, is_due(now))
        .order_by(DeliveryRow.id)
        .limit(1)
    )
    return [Owed(delivery_id, endpoint_id) for delivery_id in found]


def take(session: Session, endpoint_id: str, lease: str, now: datetime, *, is_slow: bool = False) -> dict[str, int]:
    """Take the endpoint's lease, or keep it, and the next of what it is owed: numbers of attempts by delivery id.

    None while somebody else holds the lease, while the endpoint is left alone or its site paused, and when it is owed
    nothing. One that failed last gets one delivery, as a trial; one that is slow, or for people, no more than
    BATCH_SECONDS may take.
    """
    held = session.execute(
        update(Endpoint)
        .where(
            Endpoint.id == endpoint_id,
            or_(Endpoint.lease == lease, is_past(Endpoint.leased_until, now)),
            is_past(Endpoint.rests_until, now),
            Endpoint.site_id.not_in(paused_sites()),
        )
        .values(lease=lease, leased_until=now + CLAIM, rung_until=None)
        .returning(
            *(Endpoint.failures, Endpoint.enabled, Endpoint.deleted_at),
            *(Endpoint.site_id, Endpoint.format, Endpoint.burst, Endpoint.quiet_hours),
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if held is None:
        return {}
    if not held.enabled or held.deleted_at is not None:
        _give_up(session, endpoint_id, now)
        return {}
    rules = Rules(burst_of(held.burst, held.format), held.quiet_hours)
    if rules.burst or rules.quiet_hours:
        gather(session, endpoint_id, held.site_id, rules, now)
    most = MOST_AT_ONCE if is_for_programs(held.format) and not is_slow else IN_FLIGHT
    while claimed := _claim(session, endpoint_id, now, most, is_trial=held.failures > 0):
        stale = _overtaken(session, claimed) | _settled(session, claimed)
        _drop(session, stale, now)
        if len(stale) < len(claimed):
            return {one: number for one, number in claimed.items() if one not in stale}
    return {}


def release(session: Session, endpoint_id: str, lease: str) -> None:
    """Leave the endpoint to others.

    In the transaction that found nothing more to take: whoever was turned away until then had its deliveries seen.
    """
    session.execute(
        update(Endpoint)
        .where(Endpoint.id == endpoint_id, Endpoint.lease == lease)
        .values(lease=None, leased_until=None)
        .execution_options(synchronize_session=False)
    )


def hand_back(session: Session, claimed: Sequence[tuple[str, int]], now: datetime) -> None:
    """Undo the claim of deliveries, with the numbers of attempts that were not made; they are due at once."""
    if not claimed:
        return
    session.execute(
        update(DeliveryRow)
        .where(tuple_(DeliveryRow.id, DeliveryRow.attempts).in_(claimed), DeliveryRow.state == PENDING)
        .values(attempts=DeliveryRow.attempts - 1, next_attempt_at=now, ring_at=now)
        .execution_options(synchronize_session=False)
    )


def _claim(session: Session, endpoint_id: str, now: datetime, most: int, *, is_trial: bool) -> dict[str, int]:
    """Claim what is due, oldest first; for a trial one, of those that were tried least."""
    order = (DeliveryRow.attempts, DeliveryRow.id) if is_trial else (DeliveryRow.id,)
    # By itself: within the update PostgreSQL may run it more than once, and take more than the limit.
    found = session.scalars(
        select(DeliveryRow.id)
        .where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.state == PENDING, is_due(now))
        .order_by(*order)
        .limit(1 if is_trial else most)
        # Workers of the release before know no lease.
        .with_for_update(skip_locked=True)
    ).all()
    if not found:
        return {}
    claimed = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(found), DeliveryRow.state == PENDING)
        .values(attempts=DeliveryRow.attempts + 1, next_attempt_at=now + CLAIM, ring_at=now + CLAIM)
        .returning(DeliveryRow.id, DeliveryRow.attempts)
        .execution_options(synchronize_session=False)
    )
    return {row.id: row.attempts for row in claimed}


def _overtaken(session: Session, claimed: Collection[str]) -> dict[str, str]:
    """Return those that are no news any more, since more has happened to their comment, and why."""
    later = aliased(EventRow)
    overtaken = session.execute(
        select(DeliveryRow.id, later.version, later.type)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .join(later, and_(later.comment_id == EventRow.comment_id, later.version > EventRow.version))
        .where(DeliveryRow.id.in_(claimed))
        .order_by(later.version)
    )
    return {row.id: f"stale: {row.type} came after it (version {row.version})" for row in overtaken}


def _settled(session: Session, claimed: Collection[str]) -> dict[str, str]:
    """Return messages about many comments of which none is held any more, and why they are dropped."""
    about_many = session.execute(
        select(DeliveryRow.id, EventRow)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .where(DeliveryRow.id.in_(claimed), EventRow.type.in_(MANY))
    ).all()
    return {
        delivery_id: "stale: none of its comments is held any more"
        for delivery_id, event in about_many
        if session.scalar(select(Comment.id).where(still_held(delivery_id, event)).limit(1)) is None
    }


def _drop(session: Session, dropped: Mapping[str, str], now: datetime) -> None:
    """Drop claimed deliveries, each for its reason; the attempts that they were claimed for are not made."""
    if not dropped:
        return
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(dropped))
        .values(
            state="dropped",
            attempts=DeliveryRow.attempts - 1,
            finished_at=now,
            last_error=case(dropped, value=DeliveryRow.id),
        )
        .execution_options(synchronize_session=False)
    )


def _give_up(session: Session, endpoint_id: str, now: datetime) -> None:
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.state == PENDING)
        .values(state="dead", finished_at=now, last_error="the endpoint is disabled")
        .execution_options(synchronize_session=False)
    )
