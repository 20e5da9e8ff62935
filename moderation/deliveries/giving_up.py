"""Give up what is owed to endpoints that have failed for days: what waits counts no attempts, and would for ever."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from moderation.db import Database
from moderation.sweeping import is_due
from moderation.tables import PENDING, DeliveryRow, Endpoint

# Longer than the whole schedule of retries.
GIVE_UP_AFTER = timedelta(days=4)
_AT_ONCE = 1_000


def give_up(database: Database, now: datetime) -> int:
    """Make dead letters of what was owed all the while that its endpoint failed, for GIVE_UP_AFTER; return how many."""
    before = now - GIVE_UP_AFTER
    old = (
        select(DeliveryRow.id)
        .join(Endpoint, Endpoint.id == DeliveryRow.endpoint_id)
        .where(
            Endpoint.failing_since < before,
            DeliveryRow.state == PENDING,
            func.coalesce(DeliveryRow.replayed_at, DeliveryRow.created_at) < before,
            is_due(now),
        )
        .limit(_AT_ONCE)
    )
    given_up = 0
    while True:
        with database.write() as session:
            ids = session.scalars(old).all()
            if not ids:
                return given_up
            session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.id.in_(ids), DeliveryRow.state == PENDING, is_due(now))
                .values(state="dead", finished_at=now, last_error="the endpoint failed for four days")
                .execution_options(synchronize_session=False)
            )
        given_up += len(ids)
