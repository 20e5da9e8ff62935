"""How the whole set stands: what runs, waits, is held back and is wrong. `moderation status` shows it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from moderation.clock import seconds_since
from moderation.db import Database
from moderation.flow import MOST_COUNTED, QueueState, look
from moderation.health import Part, check, check_replica
from moderation.pausing import Controls, read_controls
from moderation.processes import Process, running
from moderation.settings import Settings
from moderation.tables import DEAD, HELD, Comment, DeliveryRow, Endpoint, RemoteService, Site
from moderation.tasks import DELIVER_QUEUE, SCREEN_QUEUE

# What waits for longer is late: sweeps come every few seconds.
LATE_SECONDS = {SCREEN_QUEUE: 60, DELIVER_QUEUE: 300}
# Dead letters are kept for long; those of this time are news.
_NEWS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for people, and since when the oldest does."""

    what: str
    count: int
    oldest_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the set stands. `held_back` and `wrong` are lines for people; nothing is wrong where there are none."""

    processes: tuple[Process, ...]
    parts: tuple[Part, ...]
    queues: tuple[QueueState, ...]
    waiting: tuple[Waiting, ...]
    held_back: tuple[str, ...]
    wrong: tuple[str, ...]


def look_at_all(settings: Settings, database: Database, now: datetime) -> Standing:
    """Return how the set stands; of a database that is away only that it is."""
    parts = (*check(settings, database, now), *check_replica(settings, database))
    wrong = [f"{part.name}: {part.detail}" for part in parts if not part.is_well]
    if not all(part.is_well for part in parts if part.name in ("database", "migrations")):
        return Standing((), parts, (), (), (), tuple(wrong))
    queues = tuple(look(settings, database, now))
    with database.read() as session:
        controls = read_controls(session)
        paused = session.scalars(select(Site.name).where(Site.paused_at.is_not(None)).order_by(Site.id)).all()
        processes = tuple(running(session, now))
        waiting = tuple(_waiting(session, now))
        wrong += _late(queues, controls, has_paused_sites=bool(paused))
        wrong += _endpoints(session, now)
        wrong += _outside(session, now)
    kinds = Counter(one.kind for one in processes)
    wrong += [f"no {kind} runs" for kind in ("api", "beat") if not kinds[kind]]
    held_back = [f"site {name} is paused" for name in paused]
    held_back += [f"queue {name} is paused" for name in sorted(controls.paused_queues)]
    held_back += ["workers are drained: `moderation resume workers`"] if controls.drained_at else []
    held_back += [f"log level is {controls.log_level}"] if controls.log_level else []
    return Standing(processes, parts, queues, waiting, tuple(held_back), tuple(wrong))


def _waiting(session: Session, now: datetime) -> Iterator[Waiting]:
    held = select(Comment.id).where(Comment.status == HELD).limit(MOST_COUNTED).subquery()
    since = session.scalar(select(func.min(Comment.settled_at)).where(Comment.status == HELD))
    count = session.scalar(select(func.count()).select_from(held)) or 0
    yield Waiting("comments held for a moderator", count, seconds_since(since, now) if since else None)
    yield Waiting("dead letters", _dead(session, None))


def _dead(session: Session, since: datetime | None) -> int:
    dead = select(DeliveryRow.id).where(DeliveryRow.state == DEAD)
    if since is not None:
        dead = dead.where(DeliveryRow.finished_at >= since)
    return session.scalar(select(func.count()).select_from(dead.limit(MOST_COUNTED).subquery())) or 0


def _late(queues: tuple[QueueState, ...], controls: Controls, *, has_paused_sites: bool) -> Iterator[str]:
    if controls.drained_at or has_paused_sites:
        # What is held back is no wonder.
        return
    for state in queues:
        late = state.oldest_seconds is not None and state.oldest_seconds > LATE_SECONDS[state.queue]
        if late and state.queue not in controls.paused_queues:
            yield f"{state.queue}: {state.owed:,} wait, the oldest for {state.oldest_seconds:.0f} seconds"


def _endpoints(session: Session, now: datetime) -> Iterator[str]:
    endpoints = select(Endpoint).where(Endpoint.deleted_at.is_(None)).order_by(Endpoint.id)
    for one in session.scalars(endpoints):
        if not one.enabled:
            yield f"endpoint {one.id} is disabled: {one.disabled_reason or 'switched off'}"
        elif one.rests_until is not None and one.rests_until > now:
            yield f"endpoint {one.id} fails ({one.failures} times in a row), and is left alone for now"
    if dead := _dead(session, now - _NEWS):
        yield f"{dead:,} deliveries were given up since yesterday: `moderation deadletters list`"


def _outside(session: Session, now: datetime) -> Iterator[str]:
    for service in session.scalars(select(RemoteService.service).where(RemoteService.open_until > now)):
        yield f"service {service} fails, and is left alone for now"
