"""Remind a site's moderators of comments that have been held for long: once, and then at growing distances.

The beat looks every few seconds (`remind`). The UPDATE that counts the reminder claims the telling. What is told is
made when it is sent (`deliveries.digests`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.db import Database
from moderation.events import WAITING, Notice, Owed, record
from moderation.log import get_logger
from moderation.sites import policies_of
from moderation.tables import Comment, Site, SiteState, table

log = get_logger(__name__)

# Each reminder comes after twice as long as the one before, up to this.
LONGEST = timedelta(days=7)
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class _Look:
    """How a site is: whether something has been held for too long, and what was said of it. `limit` 0: nobody asks."""

    site_id: str
    is_waiting: bool
    limit: timedelta
    reminded_at: datetime | None
    reminders: int

    def is_due(self, now: datetime) -> bool:
        """Tell whether it is time to say so, or to say so again."""
        distance = min(self.limit * 2 ** min(self.reminders, _MOST_DOUBLINGS), LONGEST)
        return self.is_waiting and (self.reminded_at is None or now - self.reminded_at >= distance)

    def is_over(self) -> bool:
        """Tell whether what was reminded of is settled."""
        return not self.is_waiting and self.reminded_at is not None


def remind(database: Database, now: datetime) -> list[Owed]:
    """Remind of what has been held for too long; return what is owed. Running it twice at once is harmless."""
    with database.read() as session:
        looked_at = [one for one in _look(session, now) if one.is_due(now) or one.is_over()]
    if not looked_at:
        return []
    with database.write() as session:
        reminded = [one.site_id for one in looked_at if _claim(session, one, now)]
        return record(session, [Notice(site_id=site_id, type=WAITING, data={}) for site_id in reminded], now)


def _look(session: Session, now: datetime) -> Sequence[_Look]:
    found = session.execute(sites_with_held()).all()
    policies = policies_of(session, [row.id for row in found])
    looked_at = []
    for row in found:
        limit = timedelta(hours=policies[row.id].remind_after_hours)
        is_waiting = bool(limit) and row.oldest_at is not None and now - row.oldest_at >= limit
        looked_at.append(_Look(row.id, is_waiting, limit, row.reminded_at, row.reminders or 0))
    return looked_at


def sites_with_held() -> Select[tuple[str, datetime | None, datetime | None, int | None]]:
    """Return the query for sites where something is held or was reminded of; one entry of an index for each site."""
    oldest = (
        select(Comment.received_at)
        .where(Comment.site_id == Site.id, Comment.status == "held")
        .order_by(Comment.id)
        .limit(1)
        .correlate(Site)
        .scalar_subquery()
    )
    every = select(Site.id, oldest.label("oldest_at")).subquery()
    return (
        select(every.c.id, every.c.oldest_at, SiteState.reminded_at, SiteState.reminders)
        .outerjoin(SiteState, SiteState.site_id == every.c.id)
        .where(or_(every.c.oldest_at.is_not(None), SiteState.reminded_at.is_not(None)))
    )


def _claim(session: Session, one: _Look, now: datetime) -> bool:
    """Count the reminder, or forget those before; return whether moderators are to be reminded now."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(table(SiteState)).values(site_id=one.site_id).on_conflict_do_nothing())
    seen = SiteState.reminded_at.is_(None) if one.reminded_at is None else SiteState.reminded_at == one.reminded_at
    at, times = (now, one.reminders + 1) if one.is_waiting else (None, 0)
    claimed = session.scalar(
        update(SiteState)
        .where(SiteState.site_id == one.site_id, seen)
        .values(reminded_at=at, reminders=times)
        .returning(SiteState.site_id)
        .execution_options(synchronize_session=False)
    )
    if claimed is None or not one.is_waiting:
        return False
    log.info("reminded of what waits", site=one.site_id, times=times)
    return True
