"""Find work whose doorbell was lost: the messages may be gone, the rows are not.

The beat sends one sweep per queue every few seconds; taking it off the queue also proves that somebody consumes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from moderation.events import Owed
from moderation.metrics.counted import SWEPT
from moderation.pausing import paused_sites
from moderation.tables import PENDING, RECEIVED, Comment, DeliveryRow, Endpoint
from moderation.tallies import Tally

# After a bell, how long its message may take; in a backlog a comment is rung for again only this often.
RING_AGAIN_AFTER = timedelta(seconds=60)
# Nothing that was never tried is put off for so long: what is, was written before the clock was set back.
FAR_AHEAD = timedelta(minutes=5)
# No endpoint is left alone, or left to one sender, for so long.
LONGEST_WAIT = timedelta(hours=2)
# At most so many a sweep: the next one is seconds away.
MOST_COMMENTS = 2_000
MOST_ENDPOINTS = 1_000


@dataclass(frozen=True, slots=True)
class Overdue:
    """Comments to ring for. Those rung for before are judged alone: one of them may end its worker."""

    together: tuple[str, ...]
    alone: tuple[str, ...]


def overdue_comments(session: Session, now: datetime) -> Overdue:
    """Return comments that should have been judged by now, oldest first, and note that they are rung for."""
    rows = session.execute(
        update(Comment)
        .where(Comment.id.in_(due_comments(now)), Comment.status == RECEIVED)
        .values(ring_at=now + RING_AGAIN_AFTER, rings=Comment.rings + 1)
        .returning(Comment.id, Comment.tries)
        .execution_options(synchronize_session=False)
    ).all()
    if rows:
        tally = Tally()
        tally.count(SWEPT, by=len(rows))
        tally.write(session)
    together = sorted(row.id for row in rows if row.tries == 0)
    return Overdue(tuple(together), tuple(sorted(row.id for row in rows if row.tries > 0)))


def overdue_deliveries(session: Session, now: datetime) -> list[Owed]:
    """Return for each endpoint that is owed something, retries too, the first of it; note that it is rung for.

    What else is owed goes along with that one. So what a dead endpoint is owed, however much, is in nobody's way.
    """
    rows = session.execute(owing_endpoints(now)).all()
    if rows:
        session.execute(
            update(Endpoint)
            .where(Endpoint.id.in_([row.id for row in rows]))
            .values(rung_until=now + RING_AGAIN_AFTER)
            .execution_options(synchronize_session=False)
        )
    return [Owed(row.delivery_id, row.id) for row in rows]


def due_comments(now: datetime) -> Select[tuple[str]]:
    """Return the query for comments to ring for, oldest first."""
    return (
        select(Comment.id)
        .where(
            Comment.status == RECEIVED,
            or_(Comment.ring_at <= now, Comment.ring_at > now + FAR_AHEAD),
            Comment.site_id.not_in(paused_sites()),
        )
        .order_by(Comment.ring_at)
        .limit(MOST_COMMENTS)
        .with_for_update(skip_locked=True)
    )


def owing_endpoints(now: datetime) -> Select[tuple[str, str]]:
    """Return the query for endpoints to ring for, and what each is owed first; those left alone are left out."""
    first = (
        select(DeliveryRow.id)
        .where(
            DeliveryRow.endpoint_id == Endpoint.id,
            DeliveryRow.state == PENDING,
            or_(DeliveryRow.ring_at <= now, _was_put_off(DeliveryRow.ring_at, now)),
        )
        .order_by(DeliveryRow.ring_at)
        .limit(1)
        .correlate(Endpoint)
        .scalar_subquery()
    )
    found = (
        select(Endpoint.id, first.label("delivery_id"))
        .where(*(is_past(column, now) for column in (Endpoint.rests_until, Endpoint.leased_until, Endpoint.rung_until)))
        .where(Endpoint.site_id.not_in(paused_sites()))
        .subquery()
    )
    return (
        select(found.c.id, found.c.delivery_id)
        .where(found.c.delivery_id.is_not(None))
        .order_by(found.c.id)
        .limit(MOST_ENDPOINTS)
    )


def is_past(column: InstrumentedAttribute[datetime | None], now: datetime) -> ColumnElement[bool]:
    """Return the condition that nothing is to be waited for; what lies too far ahead was written by a wrong clock."""
    return or_(column.is_(None), column <= now, column > now + LONGEST_WAIT)


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a delivery may be tried now."""
    return or_(DeliveryRow.next_attempt_at <= now, _was_put_off(DeliveryRow.next_attempt_at, now))


def _was_put_off(column: InstrumentedAttribute[datetime], now: datetime) -> ColumnElement[bool]:
    return and_(DeliveryRow.attempts == 0, column > now + FAR_AHEAD)
