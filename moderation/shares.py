"""Have sites that wait behind another's flood judged along with it.

Messages are heard in the order in which they came, so what a flood brought stands before whatever comes after it.
Called by `screening`: a batch that waited for long takes some of each other site along, so that a comment is judged
within a batch or two of its arrival, whoever else is flooded. The message about it finds it judged.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, exists, func, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from moderation.arrivals import Arrival
from moderation.clock import Clock
from moderation.columns import UtcDateTime
from moderation.db import Database
from moderation.sweeping import RING_AGAIN_AFTER
from moderation.tables import RECEIVED, Comment, RemoteQuestion, Site, table

# Sooner than this nobody notices a delay. Where nothing waits that long, nothing is asked.
BEHIND = timedelta(seconds=1)
# Of all other sites together, beside up to 200 of a message: a fifth of the work.
MOST_OF_OTHERS = 50
# Longer than a task may take (`celery_config`), and than it takes until a bell is rung again: whoever else looks
# meanwhile leaves these alone. If this process dies they are found like all that is owed.
HELD_FOR = timedelta(seconds=75)
# Comes after the id of every comment (`cm_…`).
_AFTER_ALL = "cn"
# A step in an index for each. A site beyond them has its turn when others are through.
_MOST_SITES = 1_000

# From one site to the next in the index of what waits, however much that is. A text: in SQLAlchemy's words such a walk
# reads worse.
WAITING_SITES = text(
    """
    WITH RECURSIVE waiting (site_id) AS (
        SELECT min(site_id) FROM comments WHERE status = 'received'
        UNION ALL
        SELECT (SELECT min(site_id) FROM comments WHERE status = 'received' AND site_id > waiting.site_id)
        FROM waiting WHERE waiting.site_id IS NOT NULL
    )
    SELECT site_id FROM waiting WHERE site_id IS NOT NULL LIMIT :most
    """
)


def take_others(database: Database, arrived: Sequence[Arrival], clock: Clock) -> list[str]:
    """Claim comments of sites that are not in the batch, if that waited for long; return their ids.

    One that may end its worker is judged alone: nobody goes along with it.
    """
    now = clock()
    oldest = min((one.comment.received_at for one in arrived), default=now)
    if now - oldest < BEHIND or any(one.comment.tries for one in arrived):
        return []
    with database.read() as session:
        ids = _waiting(session, {one.comment.site_id for one in arrived}, now)
    if not ids:
        return []
    with database.write() as session:
        given = {"ids": ids, "soon": now + RING_AGAIN_AFTER, "until": now + HELD_FOR}
        return sorted(session.scalars(TAKE, given))


def _waiting(session: Session, but_of: set[str], now: datetime) -> list[str]:
    """Return the oldest comments of each other site, as many of each as there is room for."""
    found = session.scalars(WAITING_SITES, {"most": _MOST_SITES})
    sites = [site_id for site_id in found if site_id not in but_of][:MOST_OF_OTHERS]
    if not sites:
        return []
    last = MOST_OF_OTHERS // len(sites) - 1
    return list(session.scalars(OLDEST, {"sites": sites, "soon": now + RING_AGAIN_AFTER, "last": last}))


def _is_free(comments: FromClause) -> ColumnElement[bool]:
    """Nobody claimed it, it is no danger to others, and no service is asked about it."""
    question = table(RemoteQuestion)
    return and_(
        comments.c.status == RECEIVED,
        comments.c.ring_at <= bindparam("soon", type_=UtcDateTime),
        comments.c.tries == 0,
        ~exists().where(question.c.comment_id == comments.c.id),
    )


def _oldest() -> Select[tuple[str]]:
    """Select what waits of the `sites`, of each no more than one after `last` others."""
    site, comment, nth = table(Site), table(Comment), table(Comment).alias("nth")
    at_last = (
        select(nth.c.id)
        .where(nth.c.site_id == site.c.id, _is_free(nth))
        .order_by(nth.c.id)
        .offset(bindparam("last"))
        .limit(1)
        .correlate(site)
        .scalar_subquery()
    )
    # Worked out once per site, before the join: as a condition of it, PostgreSQL would ask per comment.
    asked = (
        select(site.c.id, func.coalesce(at_last, _AFTER_ALL).label("until"))
        .where(site.c.id.in_(bindparam("sites", expanding=True)), site.c.paused_at.is_(None))
        .cte("asked")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    theirs = and_(comment.c.site_id == asked.c.id, comment.c.id <= asked.c.until, _is_free(comment))
    return select(comment.c.id).select_from(asked.join(comment, theirs))


def _take() -> ReturningUpdate[tuple[str]]:
    """Claim those of the `ids` that nobody has claimed meanwhile."""
    comment = table(Comment)
    free = (
        select(comment.c.id)
        .where(comment.c.id.in_(bindparam("ids", expanding=True)), _is_free(comment))
        .order_by(comment.c.id)
        .with_for_update(skip_locked=True)
    )
    return (
        update(comment)
        .where(comment.c.id.in_(free.scalar_subquery()))
        .values(ring_at=bindparam("until"))
        .returning(comment.c.id)
    )


# Made once: to make them anew takes longer than to run them.
OLDEST, TAKE = _oldest(), _take()
