"""Have work that is owed rung for at the next sweep, instead of when its time comes.

For an operator who has mended what was in its way. Nothing is done anew: who is claimed already stays so.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from moderation.db import Database
from moderation.sweeping import is_past
from moderation.tables import PENDING, RECEIVED, Comment, DeliveryRow, Endpoint

# Rows per transaction: short enough that nobody waits for it.
_AT_ONCE = 1_000


def requeue_comments(database: Database, now: datetime, *, site_id: str | None, older_than: timedelta) -> int:
    """Let the next sweeps ring for comments without a verdict that came so long ago; return how many."""
    wanted = [Comment.status == RECEIVED, Comment.ring_at > now, Comment.received_at <= now - older_than]
    if site_id is not None:
        wanted.append(Comment.site_id == site_id)
    requeued = 0
    while True:
        with database.write() as session:
            ids = session.scalars(select(Comment.id).where(*wanted).limit(_AT_ONCE)).all()
            if not ids:
                return requeued
            session.execute(
                update(Comment)
                # One that somebody judges meanwhile is theirs.
                .where(Comment.id.in_(ids), Comment.status == RECEIVED)
                .values(ring_at=now)
                .execution_options(synchronize_session=False)
            )
        requeued += len(ids)


def requeue_deliveries(database: Database, now: datetime, *, site_id: str | None, older_than: timedelta) -> int:
    """Let pending deliveries be tried at once, also those to endpoints that are left alone; return how many.

    Left out are those of endpoints that somebody sends to right now: they are next anyway.
    """
    free: list[ColumnElement[bool]] = [is_past(Endpoint.leased_until, now)]
    if site_id is not None:
        free.append(Endpoint.site_id == site_id)
    requeued = 0
    while True:
        with database.write() as session:
            waiting = session.execute(
                select(DeliveryRow.id, DeliveryRow.endpoint_id)
                .join(Endpoint, Endpoint.id == DeliveryRow.endpoint_id)
                .where(
                    *free,
                    DeliveryRow.state == PENDING,
                    DeliveryRow.created_at <= now - older_than,
                    # What is due, and waits for its endpoint alone, is requeued with it.
                    or_(DeliveryRow.next_attempt_at > now, Endpoint.rests_until > now),
                )
                .limit(_AT_ONCE)
            ).all()
            if not waiting:
                return requeued
            # Endpoints first, as everywhere: two that wait for each other would wait for ever.
            session.execute(
                update(Endpoint)
                .where(Endpoint.id.in_({row.endpoint_id for row in waiting}))
                .values(rests_until=None, rung_until=None)
                .execution_options(synchronize_session=False)
            )
            session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.id.in_([row.id for row in waiting]), DeliveryRow.state == PENDING)
                .values(next_attempt_at=now, ring_at=now)
                .execution_options(synchronize_session=False)
            )
        requeued += len(waiting)
