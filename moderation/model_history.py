"""Take back what a site's model learned: go back to a version, stop and resume, start anew, drop what knew too much.

`teaching` makes the versions and yields to whatever happens here: every step notes that the model is asked for anew,
in the transaction that changes it, so a version that is being fitted meanwhile is not stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.orm import Session

from moderation.errors import NotFoundError
from moderation.identity import new_id
from moderation.learning.site_model import SiteModel
from moderation.log import get_logger
from moderation.site_models import forget_oldest
from moderation.tables import Site, SiteModelRow, table

log = get_logger(__name__)

# Decisions and versions are dated by different machines.
_CLOCKS_APART = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Version:
    """A stored version of a site's model; `base` names the model under it, `copy_of` the version that it repeats."""

    version: int
    base: str
    examples: int
    created_at: datetime
    copy_of: int | None


@dataclass(frozen=True, slots=True)
class History:
    """A site's versions, the one in use first; `is_learning` says whether decisions make new ones."""

    versions: tuple[Version, ...]
    is_learning: bool


def history_of(session: Session, site_id: str) -> History:
    """Return what is kept of a site's model."""
    is_learning = session.get_one(Site, site_id).is_learning
    return History(tuple(Version(*row[:5]) for row in _rows(session, site_id)), is_learning)


def roll_back(session: Session, site_id: str, to: int, now: datetime) -> int:
    """Put a version back into use as the newest and stop learning; return its new number. Twice is as good as once.

    Raises NotFoundError for a version that is not kept.
    """
    _ask_anew(session, site_id, is_learning=False)
    rows = _rows(session, site_id)
    wanted = next((row for row in rows if row.version == to), None)
    newest = rows[0] if rows else None
    if newest is not None and to in (newest.version, newest.copy_of):
        return int(newest.version)
    if wanted is None or newest is None:
        kept = ", ".join(str(row.version) for row in rows) or "none"
        raise NotFoundError(f"no version {to} of this site's model is kept; there are: {kept}")
    version = _put_back(session, site_id, wanted, newest.version + 1, now)
    log.info("model rolled back", site=site_id, version=version, copy_of=to)
    return version


def stop_learning(session: Session, site_id: str) -> None:
    """Let the model stay as it is, whatever is decided."""
    _ask_anew(session, site_id, is_learning=False)
    log.info("model stopped learning", site=site_id)


def resume_learning(session: Session, site_id: str) -> None:
    """Learn again, from all decisions, those made meanwhile among them."""
    _ask_anew(session, site_id, is_learning=True)
    log.info("model learns again", site=site_id)


def start_anew(session: Session, site_id: str, now: datetime) -> None:
    """Forget every version, and let no decision made until now teach again."""
    _ask_anew(session, site_id, is_learning=True)
    session.execute(update(Site).where(Site.id == site_id).values(learns_after=new_id("dc")))
    _drop(session, site_id, datetime.min.replace(tzinfo=now.tzinfo), now)
    log.info("model forgotten", site=site_id)


def unlearn(session: Session, site_id: str, since: datetime, now: datetime) -> None:
    """Drop all versions that may know a decision made since then, and ask for a new one.

    Until that is made, the newest of the others is in use; where there is none, the shipped model alone.
    """
    _ask_anew(session, site_id)
    _drop(session, site_id, since - _CLOCKS_APART, now)


def _ask_anew(session: Session, site_id: str, *, is_learning: bool | None = None) -> None:
    """Note the wish. It also locks the site's row, so that what follows is alone with the versions."""
    switched = {} if is_learning is None else {"is_learning": is_learning}
    session.execute(
        update(Site)
        .where(Site.id == site_id)
        .values(relearn_asked=Site.relearn_asked + 1, **switched)
        .execution_options(synchronize_session=False)
    )


def _rows(session: Session, site_id: str) -> Sequence[Row[Any]]:
    return session.execute(
        select(
            SiteModelRow.version,
            SiteModelRow.base,
            SiteModelRow.examples,
            SiteModelRow.created_at,
            SiteModelRow.copy_of,
            SiteModelRow.learned_until,
        )
        .where(SiteModelRow.site_id == site_id)
        .order_by(SiteModelRow.version.desc())
    ).all()


def _drop(session: Session, site_id: str, since: datetime, now: datetime) -> None:
    rows = _rows(session, site_id)
    dropped = [row for row in rows if row.learned_until >= since]
    if not dropped:
        return
    kept = [row for row in rows if row.learned_until < since]
    # Numbers only rise: a verdict names one version for ever, and workers keep versions by number.
    version = rows[0].version + 1
    if kept:
        _put_back(session, site_id, kept[0], version, now)
    else:
        empty = {"base": rows[0].base, "examples": 0, "copy_of": None, "learned_until": now}
        _add(session, site_id, version, empty | {"weights": SiteModel.empty().dump()}, now)
    session.execute(
        delete(SiteModelRow).where(
            SiteModelRow.site_id == site_id, SiteModelRow.version.in_([row.version for row in dropped])
        )
    )


def _put_back(session: Session, site_id: str, row: Row[Any], version: int, now: datetime) -> int:
    weights = session.scalar(
        select(SiteModelRow.weights).where(SiteModelRow.site_id == site_id, SiteModelRow.version == row.version)
    )
    same = {"base": row.base, "examples": row.examples, "learned_until": row.learned_until, "weights": weights}
    _add(session, site_id, version, same | {"copy_of": row.version}, now)
    forget_oldest(session, site_id, version)
    return version


def _add(session: Session, site_id: str, version: int, values: Mapping[str, Any], now: datetime) -> None:
    session.execute(insert(table(SiteModelRow)).values(site_id=site_id, version=version, created_at=now, **values))
