"""Is everything that a comment needs on its way here and well? Named parts, each with what is wrong with it."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from moderation.broker import BrokerAwayError, ping_redis, queue_lengths
from moderation.clock import seconds_since, utc_now
from moderation.db import Database
from moderation.migrations import is_current
from moderation.pausing import read_controls
from moderation.processes import GONE_AFTER, running
from moderation.replica import Replica, ReplicaAwayError
from moderation.settings import Settings
from moderation.tables import Heartbeat, ProcessRow
from moderation.tasks import QUEUES

# The beat sends a sweep to every queue each SWEEP_SECONDS; so many missed ones mean that nobody consumes.
_MISSED_SWEEPS = 5
_LEAST_SECONDS = 20
# A replica that is a second behind has trouble.
_REPLICA_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the set; `detail` says in words what is wrong, and is empty when nothing is.

    `seconds` is how long looking took.
    """

    name: str
    is_well: bool
    detail: str = ""
    seconds: float = 0.0


def note_heartbeat(database: Database, queue: str, worker: str, now: datetime) -> None:
    """Note that a worker took a message off this queue."""
    with database.write() as session:
        dialect = sqlite if database.is_sqlite else postgresql
        row = dialect.insert(Heartbeat).values(queue=queue, worker=worker, consumed_at=now)
        session.execute(
            row.on_conflict_do_update(index_elements=[Heartbeat.queue], set_={"worker": worker, "consumed_at": now})
        )


def forget_heartbeats(database: Database) -> None:
    """Forget who ran and consumed before, for a set of which nothing runs yet: it proves nothing now."""
    with database.write() as session:
        session.execute(delete(Heartbeat))
        session.execute(delete(ProcessRow))


def check(settings: Settings, database: Database, now: datetime | None = None) -> list[Part]:
    """Look at every part, also after one was found unwell."""
    return [
        _part("database", _database_answers, database),
        _part("migrations", _migrations_ran, database),
        _part("redis", ping_redis, settings),
        _part("broker", queue_lengths, settings),
        *(_part(f"worker:{queue}", _is_consumed, settings, database, queue, now or utc_now()) for queue in QUEUES),
    ]


def check_replica(settings: Settings, database: Database) -> list[Part]:
    """Look at the replica, where there is one. No part of `check`: without it lists come from the primary."""
    replica = Replica.of(settings, patience=_REPLICA_SECONDS)
    try:
        return [_part("replica", _replica_follows, database, replica)] if replica.is_there else []
    finally:
        replica.close()


class UnwellError(Exception):
    """A part answers, and is not well; the text says why."""


def _part(name: str, look: Callable[..., object], *arguments: object) -> Part:
    began = time.perf_counter()
    detail = ""
    try:
        look(*arguments)
    except BrokerAwayError as error:
        detail = f"does not answer ({error})"
    except SQLAlchemyError as error:
        # Only its kind: a driver's message may carry the URL with its password.
        detail = f"does not answer ({type(error).__name__})"
    except (UnwellError, ReplicaAwayError) as error:
        detail = str(error)
    return Part(name, is_well=not detail, detail=detail, seconds=time.perf_counter() - began)


def _database_answers(database: Database) -> None:
    with database.read() as session:
        session.execute(text("SELECT 1"))


def _replica_follows(database: Database, replica: Replica) -> None:
    with database.read() as session:
        replica.check(session)


def _migrations_ran(database: Database) -> None:
    if not is_current(database):
        raise UnwellError("steps are missing: run `moderation migrate`")


def _is_consumed(settings: Settings, database: Database, queue: str, now: datetime) -> None:
    with database.read() as session:
        consumed_at = session.scalar(select(Heartbeat.consumed_at).where(Heartbeat.queue == queue))
    if consumed_at is None:
        raise UnwellError("no worker has consumed from this queue yet")
    silent = now - consumed_at
    if silent > timedelta(seconds=max(_LEAST_SECONDS, _MISSED_SWEEPS * settings.sweep_seconds)):
        raise UnwellError(f"nobody has consumed from this queue for {silent.total_seconds():.0f} seconds")


def silent_process(
    session: Session, settings: Settings, kind: str, queues: Sequence[str], host: str, now: datetime
) -> str:
    """Say what is wrong with the worker of these queues, or the beat, of this machine; nothing is an empty text."""
    controls = read_controls(session)
    if kind == "worker" and controls.drained_at is not None:
        return ""
    found = running(session, now)
    if kind == "worker" and not any(one.kind == "beat" for one in found):
        # Without its sweeps there may be nothing to take, which is no fault of the worker's.
        return ""
    ours = [
        one
        for one in found
        if one.kind == kind and one.host == host and (kind != "worker" or set(queues) & set(one.queues))
    ]
    if not ours:
        name = f"worker of {', '.join(queues)}" if kind == "worker" else kind
        return f"no {name} of {host} did anything for {GONE_AFTER[kind].total_seconds():.0f} seconds"
    # Workers of one queue take turns: the more there are, the rarer is each one's.
    peers = sum(one.kind == kind and set(one.queues) == set(ours[0].queues) for one in found)
    patience = max(_LEAST_SECONDS, _MISSED_SWEEPS * settings.sweep_seconds) * max(peers, 1)
    silent = min(seconds_since(one.seen_at, now) for one in ours)
    return f"it did nothing for {silent:.0f} seconds" if silent > patience else ""


def all_well(parts: Iterable[Part]) -> bool:
    """Tell whether every part is well."""
    return all(part.is_well for part in parts)
