"""How much waits at each queue, and how fast it comes and goes: what `moderation queues` and `status` show."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from moderation.broker import BrokerAwayError, queue_lengths
from moderation.clock import seconds_since
from moderation.db import Database
from moderation.identity import new_id
from moderation.metrics.counted import ATTEMPTS, VERDICTS
from moderation.pausing import read_controls
from moderation.processes import running
from moderation.settings import Settings
from moderation.sweeping import is_due
from moderation.tables import PENDING, RECEIVED, Comment, DeliveryRow, Heartbeat
from moderation.tallies import read
from moderation.tasks import DELIVER_QUEUE, QUEUES, SCREEN_QUEUE

# What is owed is counted up to here: beyond, the age of the oldest says more.
MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue as it is. `messages` is None while the broker is away; ages are None where there is nothing that old."""

    queue: str
    workers: int
    owed: int
    oldest_seconds: float | None
    messages: int | None
    last_consumption_seconds: float | None
    paused_since: datetime | None


def look(settings: Settings, database: Database, now: datetime) -> list[QueueState]:
    """Return how each queue is."""
    try:
        lengths: Mapping[str, int] = queue_lengths(settings)
    except BrokerAwayError:
        lengths = {}
    with database.read() as session:
        workers = [one.queues for one in running(session, now)]
        paused = read_controls(session).paused_queues
        consumed = {row.queue: row.consumed_at for row in session.scalars(select(Heartbeat))}
        owed = {SCREEN_QUEUE: _comments(session), DELIVER_QUEUE: _deliveries(session, now)}
    return [
        QueueState(
            queue,
            sum(queue in queues for queues in workers),
            owed[queue][0],
            _age(owed[queue][1], now),
            lengths.get(queue),
            _age(consumed.get(queue), now),
            paused.get(queue),
        )
        for queue in QUEUES
    ]


class Meter:
    """Measures what comes and goes from the moment in which it is made."""

    def __init__(self, session: Session, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        # Ids sort by time: what is above came later.
        self._marks = new_id("cm"), new_id("dl")
        self._done = _done(session)

    def rates(self, session: Session) -> dict[str, tuple[float, float]]:
        """Return what came in and went out since, per second, by queue: comments, and messages to endpoints."""
        seconds = max(self._monotonic() - self._began, 0.001)
        comments = _count(session, select(Comment.id).where(Comment.id > self._marks[0]))
        deliveries = _count(session, select(DeliveryRow.id).where(DeliveryRow.id > self._marks[1]))
        done = _done(session)
        return {
            queue: (came / seconds, (done[queue] - self._done[queue]) / seconds)
            for queue, came in ((SCREEN_QUEUE, comments), (DELIVER_QUEUE, deliveries))
        }


def _done(session: Session) -> dict[str, float]:
    """Count the verdicts, and the attempts after which a delivery was over, of all time."""
    sums = dict.fromkeys(QUEUES, 0.0)
    for (name, *labels), value in read(session).items():
        if name == VERDICTS.name:
            sums[SCREEN_QUEUE] += value
        elif name == ATTEMPTS.name and labels != ["retry"]:
            sums[DELIVER_QUEUE] += value
    return sums


def _comments(session: Session) -> tuple[int, datetime | None]:
    waiting = Comment.status == RECEIVED
    return _count(session, select(Comment.id).where(waiting)), session.scalar(
        select(func.min(Comment.received_at)).where(waiting)
    )


def _deliveries(session: Session, now: datetime) -> tuple[int, datetime | None]:
    waiting = DeliveryRow.state == PENDING, is_due(now)
    return _count(session, select(DeliveryRow.id).where(*waiting)), session.scalar(
        select(func.min(DeliveryRow.created_at)).where(*waiting)
    )


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.limit(MOST_COUNTED).subquery())) or 0


def _age(moment: datetime | None, now: datetime) -> float | None:
    return round(seconds_since(moment, now), 1) if moment else None
