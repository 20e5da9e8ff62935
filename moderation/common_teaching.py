"""Make the layer that sites which share teach together: read, think, write, as `teaching` does for each of them.

Before `common_model`, which stores it and says who is judged by it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from moderation.clock import Clock, utc_now
from moderation.combining import SpamModel, logits_of
from moderation.common_model import newest_common, store_common
from moderation.db import Database
from moderation.learning.lessons import Lesson
from moderation.learning.site_model import fit
from moderation.log import get_logger
from moderation.tables import DecisionRow, Site
from moderation.teaching import decided

log = get_logger(__name__)

# Sites' own models learn within seconds; what they have in common is no hurry, and every one of them is refitted to it.
LEARN_TOGETHER_AFTER = timedelta(hours=1)
# Decided comments of each kind from all sites together, and from one: bounds the time of a fit.
_MOST_OF_A_KIND = 2_000
_MOST_OF_A_SITE = 500
_TEACHES = {"spam": True, "approve": False}
_ACTIONS = ("approve", "hold", "reject", "spam")


def is_owed(session: Session, base: str, now: datetime) -> bool:
    """Tell whether the layer is to be made anew: sites came or left, weights changed, or there is an hour to learn."""
    sites = _sharing(session)
    newest = newest_common(session)
    if newest is None:
        return len(sites) > 1 and _last_decision(session, sites) is not None
    if newest.sites != sites or newest.base != base:
        return True
    is_time = bool(newest.created_at <= now - LEARN_TOGETHER_AFTER)
    return is_time and newest.last_decision != _last_decision(session, sites)


def learn_together(database: Database, load_model: Callable[[], SpamModel], clock: Clock = utc_now) -> None:
    """Refit the common layer, if it is owed: read, think, write. The first to store the next version wins."""
    shipped = load_model()
    with database.read() as session:
        if not is_owed(session, shipped.version, clock()):
            return
        sites, newest = _sharing(session), newest_common(session)
        last = _last_decision(session, sites)
        # One site alone has nothing in common with anybody.
        lessons = _lessons(session, sites) if len(sites) > 1 else []
    fitted = fit(lessons, logits_of(shipped.predict([lesson.text for lesson in lessons])))
    version = newest.version + 1 if newest else 1
    with database.write() as session:
        is_stored = store_common(session, fitted, version, shipped.version, sites, last, clock())
    if is_stored:
        log.info("learned together", version=version, sites=len(sites), examples=fitted.examples)


def _sharing(session: Session) -> list[str]:
    return list(session.scalars(select(Site.id).where(Site.shares_learning).order_by(Site.id)))


def _last_decision(session: Session, sites: Sequence[str]) -> str | None:
    """Return the newest decision of these sites: one step into the index for each site and action."""
    found = (
        session.scalar(
            select(func.max(DecisionRow.id)).where(DecisionRow.site_id == site_id, DecisionRow.action == action)
        )
        for site_id in sites
        for action in _ACTIONS
    )
    return max((one for one in found if one), default=None)


def _lessons(session: Session, sites: Sequence[str]) -> list[Lesson]:
    """Return what the sites decided. A site stands where else a moderator does: none outweighs all others together."""
    most = min(_MOST_OF_A_SITE, _MOST_OF_A_KIND // len(sites) or 1)
    lessons = []
    for site_id in sites:
        after = session.scalar(select(Site.learns_after).where(Site.id == site_id)) or ""
        for action, is_spam in _TEACHES.items():
            rows = session.execute(decided(site_id, action, after).limit(most))
            lessons += [Lesson(row.body, is_spam, row.fingerprint, site_id, row.campaign_id or "") for row in rows]
    return lessons
