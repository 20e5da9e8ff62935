"""Turn people's decisions into the site's own model: read, think, write.

After `decisions`, which rang for it, or the sweep, which rang again; `site_models` keeps what comes out. A version is a
function of the committed decisions, so learning twice, at once or half changes nothing: whoever stores the next version
first wins, and what the loser knew is owed still.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.orm import Session

from moderation.clock import Clock, utc_now
from moderation.combining import SpamModel, logits_of
from moderation.common_model import base_of, common_of, shared_base
from moderation.db import Database
from moderation.learning.lessons import Lesson
from moderation.learning.site_features import who
from moderation.learning.site_model import SiteModel, fit
from moderation.log import get_logger
from moderation.site_models import newest_row, outdated_sites, store
from moderation.tables import Comment, DecisionRow, Site

log = get_logger(__name__)

# A site that decides all the time is refitted so often at most; what came meanwhile is learned together.
LEARN_AGAIN_AFTER = timedelta(seconds=5)
# Decided comments of each kind that a version learns from, the newest: bounds its time (a second) and its memory.
MOST_OF_A_KIND = 1_000
# Decisions marked as learned at once; the next sweep finds the rest.
_MOST_MARKED = 1_000
# Sites that one sweep rings for.
_MOST_SITES = 200
_TEACHES = {"spam": True, "approve": False}


@dataclass(frozen=True, slots=True)
class _Owed:
    """What is to be learned for a site, as it was read; `version` is the newest one stored, 0 for none.

    `asked` says how often it was asked for anew by then, None for a site whose model stays as it is.
    """

    decisions: Sequence[str]
    lessons: Sequence[Lesson]
    version: int
    asked: int | None


def learn(
    database: Database, load_model: Callable[[], SpamModel], site_ids: Iterable[str], clock: Clock = utc_now
) -> None:
    """Refit the models of those sites that owe it. One that was refitted just now is left to the next sweep."""
    shipped = load_model()
    for site_id in site_ids:
        with database.read() as session:
            model = base_of(shipped, common_of(session, [site_id]), site_id)
            owed = _read(session, site_id, model.version, clock())
        if owed is None:
            continue
        if owed.asked is None:
            with database.write() as session:
                _mark(session, owed.decisions, clock())
            continue
        fitted = fit(owed.lessons, logits_of(model.predict([lesson.text for lesson in owed.lessons])))
        with database.write() as session:
            is_stored = _store(session, site_id, owed, fitted, base=model.version, now=clock())
        if is_stored:
            log.info("learned", site=site_id, version=owed.version + 1, examples=fitted.examples)


def _store(session: Session, site_id: str, owed: _Owed, fitted: SiteModel, *, base: str, now: datetime) -> bool:
    # Whoever took something back since it was read, or stopped it, has the last word.
    claimed = session.scalar(
        update(Site)
        .where(Site.id == site_id, Site.relearn_asked == owed.asked, Site.is_learning)
        .values(relearn_done=owed.asked)
        .returning(Site.id)
        .execution_options(synchronize_session=False)
    )
    if claimed is None:
        return False
    # Nothing to learn yet, and nothing to take back: no version.
    is_due = bool(fitted.examples or owed.version)
    is_stored = is_due and store(session, site_id, owed.version + 1, fitted, base=base, now=now)
    if is_stored or not is_due:
        _mark(session, owed.decisions, now)
    return is_stored


def sites_owing(session: Session, base: str) -> list[str]:
    """Return sites with decisions not learned yet, or whose model is asked for anew or rests on another than `base`.

    What sites that share rest on is the common layer over `base`.
    """
    owing = {*session.scalars(due_sites()), *session.scalars(asked_sites())}
    for shares, wanted in ((False, base), (True, shared_base(session, base))):
        owing.update(outdated_sites(session, wanted, _MOST_SITES, shares=shares))
    return sorted(owing)


def due_sites() -> Select[tuple[str]]:
    """Return the query for sites with decisions that are not learned yet."""
    return select(DecisionRow.site_id).where(DecisionRow.learned_at.is_(None)).distinct().limit(_MOST_SITES)


def asked_sites() -> Select[tuple[str]]:
    """Return the query for sites whose model is to be made anew for another reason than a decision."""
    return select(Site.id).where(Site.relearn_done < Site.relearn_asked, Site.is_learning).limit(_MOST_SITES)


def _read(session: Session, site_id: str, base: str, now: datetime) -> _Owed | None:
    newest = newest_row(session, site_id)
    if newest is not None and newest.created_at > now - LEARN_AGAIN_AFTER:
        return None
    decisions = session.scalars(
        select(DecisionRow.id)
        .where(DecisionRow.site_id == site_id, DecisionRow.learned_at.is_(None))
        .order_by(DecisionRow.id)
        .limit(_MOST_MARKED)
    ).all()
    site = session.get_one(Site, site_id)
    is_asked = site.relearn_done < site.relearn_asked
    if not decisions and not is_asked and (newest is None or newest.base == base):
        return None
    version = newest.version if newest else 0
    if not site.is_learning:
        return _Owed(decisions, (), version, None)
    after = site.learns_after or ""
    lessons = [lesson for action in _TEACHES for lesson in _lessons(session, site_id, action, after)]
    return _Owed(decisions, lessons, version, site.relearn_asked)


def decided(site_id: str, action: str, after: str = "") -> Select[Any]:
    """Return the query for the newest comments whose last word was this action: an undone decision teaches nothing.

    Decisions up to the id `after` are left out.
    """
    return (
        select(
            Comment.body,
            Comment.fingerprint,
            Comment.campaign_id,
            Comment.name,
            Comment.email,
            Comment.website,
            func.coalesce(DecisionRow.moderator_id, DecisionRow.key_id, DecisionRow.endpoint_id).label("by"),
        )
        .join(DecisionRow, and_(DecisionRow.comment_id == Comment.id, DecisionRow.version == Comment.version))
        .where(DecisionRow.site_id == site_id, DecisionRow.action == action, DecisionRow.id > after)
        .order_by(DecisionRow.id.desc())
        .limit(MOST_OF_A_KIND)
    )


def _lessons(session: Session, site_id: str, action: str, after: str) -> list[Lesson]:
    return [
        Lesson(
            row.body,
            _TEACHES[action],
            row.fingerprint,
            row.by,
            row.campaign_id or "",
            who(row.name, row.email, row.website),
        )
        for row in session.execute(decided(site_id, action, after))
    ]


def _mark(session: Session, decisions: Sequence[str], now: datetime) -> None:
    session.execute(
        update(DecisionRow)
        .where(DecisionRow.id.in_(decisions), DecisionRow.learned_at.is_(None))
        .values(learned_at=now)
    )
