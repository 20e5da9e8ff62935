"""Hold work back for as long as an operator wants: of a site, of a queue, or of all workers.

A paused site's comments are accepted and wait, and nobody is told of anything; `sweeping`, `arrivals` and `deliveries`
leave it out. A paused queue's messages are heard and passed over: the rows wait, and the sweep finds them afterwards.
Drained workers finish and end; those that are started meanwhile wait until it is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from moderation.errors import NotFoundError
from moderation.log import get_logger
from moderation.sites import find_site
from moderation.tables import Control, Site
from moderation.tasks import QUEUES

log = get_logger(__name__)

# What `resume` calls the end of a drain.
WORKERS = "workers"
_QUEUE, _DRAIN, _LEVEL = "queue", "drain", "log_level"


@dataclass(frozen=True, slots=True)
class Controls:
    """What processes have to know: since when which queue is paused, since when all are drained, and the log level."""

    paused_queues: Mapping[str, datetime]
    drained_at: datetime | None = None
    log_level: str | None = None


def read_controls(session: Session) -> Controls:
    """Return what holds now."""
    rows = session.scalars(select(Control)).all()
    return Controls(
        {row.name: row.set_at for row in rows if row.kind == _QUEUE},
        next((row.set_at for row in rows if row.kind == _DRAIN), None),
        next((row.value for row in rows if row.kind == _LEVEL), None),
    )


def paused_sites() -> Select[tuple[str]]:
    """Select the ids of paused sites."""
    return select(Site.id).where(Site.paused_at.is_not(None))


def pause(session: Session, site_or_queue: str, now: datetime) -> str:
    """Pause a queue, or a site by its id or name, and return its name; raise NotFoundError for neither."""
    if site_or_queue in QUEUES:
        _set(session, _QUEUE, site_or_queue, None, now)
        log.info("queue paused", queue=site_or_queue)
        return site_or_queue
    site = _site(session, site_or_queue)
    site.paused_at = site.paused_at or now
    log.info("site paused", site=site.id)
    return site.name


def _site(session: Session, name: str) -> Site:
    try:
        return find_site(session, name)
    except NotFoundError as error:
        raise NotFoundError(f"{error}; the queues are {', '.join(QUEUES)}") from None


def resume(session: Session, name: str) -> tuple[str, bool]:
    """Resume a queue, a site, or (`workers`) what was drained; return its name, and whether anything was held back."""
    if name in (*QUEUES, WORKERS):
        kind = _DRAIN if name == WORKERS else _QUEUE
        gone = session.execute(delete(Control).where(Control.kind == kind, Control.name == name))
        log.info("resumed", what=name)
        return name, bool(gone.rowcount)  # type: ignore[attr-defined]
    site = _site(session, name)
    was_paused, site.paused_at = site.paused_at is not None, None
    log.info("site resumed", site=site.id)
    return site.name, was_paused


def drain(session: Session, now: datetime) -> None:
    """Have all workers finish what they do and end."""
    _set(session, _DRAIN, WORKERS, None, now)
    log.info("drained")


def set_log_level(session: Session, level: str | None, now: datetime) -> None:
    """Have all processes log from this level on; None: as their settings say."""
    if level is None:
        session.execute(delete(Control).where(Control.kind == _LEVEL))
    else:
        _set(session, _LEVEL, "all", level, now)
    log.info("log level set", level=level or "as set up")


def _set(session: Session, kind: str, name: str, value: str | None, now: datetime) -> None:
    row = session.get(Control, (kind, name))
    if row is None:
        session.add(Control(kind=kind, name=name, value=value, set_at=now))
    else:
        # It was so before: since then.
        row.value = value
