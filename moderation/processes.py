"""Which processes run, as rows that each keeps fresh, and what operators told them (`pausing`).

A worker's row is written where work is done, so it proves that it consumes; an API's and a beat's by `Presence`.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from moderation.clock import utc_now
from moderation.db import Database
from moderation.log import set_level
from moderation.pausing import Controls, read_controls
from moderation.tables import ProcessRow, table

# What an operator says is heard after so long.
LOOK_SECONDS = 2.0
# A row that nobody touched for so long is of a process that is gone, or hangs. Workers touch theirs when they take
# something, and dozens of idle ones take turns at the sweeps.
GONE_AFTER = {"api": timedelta(seconds=20), "beat": timedelta(seconds=20), "worker": timedelta(seconds=120)}
_FORGOTTEN_AFTER = timedelta(days=1)
_NOTED_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process that runs. `kind`: api, worker, beat."""

    name: str
    kind: str
    host: str
    queues: tuple[str, ...]
    seen_at: datetime


def note_process(database: Database, name: str, kind: str, queues: Sequence[str], now: datetime) -> None:
    """Note that a process of this machine is well."""
    values = {"kind": kind, "host": socket.gethostname(), "queues": list(queues), "seen_at": now}
    dialect = sqlite if database.is_sqlite else postgresql
    row = dialect.insert(table(ProcessRow)).values(name=name, **values)
    with database.write() as session:
        session.execute(row.on_conflict_do_update(index_elements=[ProcessRow.name], set_=values))


def forget_process(database: Database, name: str) -> None:
    """Note that a process has ended."""
    with database.write() as session:
        session.execute(delete(ProcessRow).where(ProcessRow.name == name))


def forget_gone(database: Database, now: datetime) -> None:
    """Forget processes that ended long ago and could not say so."""
    with database.write() as session:
        session.execute(delete(ProcessRow).where(ProcessRow.seen_at < now - _FORGOTTEN_AFTER))


def running(session: Session, now: datetime) -> list[Process]:
    """Return the processes that run, by kind and name."""
    rows = session.scalars(select(ProcessRow).order_by(ProcessRow.kind, ProcessRow.name))
    return [
        Process(row.name, row.kind, row.host, tuple(row.queues), row.seen_at)
        for row in rows
        if row.seen_at >= now - GONE_AFTER[row.kind]
    ]


class Lookout:
    """Looks at what operators say, every LOOK_SECONDS at most, and sets this process' log level by it."""

    def __init__(self, database: Database, level: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._level = level
        self._monotonic = monotonic
        self._looked_at = float("-inf")
        self._controls = Controls({})

    def look(self) -> Controls:
        """Return what holds; while the database is away, what held before."""
        now = self._monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            try:
                with self._database.read() as session:
                    self._controls = read_controls(session)
            except SQLAlchemyError:
                return self._controls
            set_level(self._controls.log_level or self._level)
        return self._controls


class Presence:
    """A thread that looks out for its process, and keeps its row fresh for as long as `is_well` says so."""

    def __init__(self, database: Database, level: str, kind: str, is_well: Callable[[], bool] = lambda: True) -> None:
        self._database = database
        self._lookout = Lookout(database, level)
        self._kind = kind
        self._is_well = is_well
        self._noted_at = float("-inf")

    def start(self) -> None:
        """Begin, for as long as the process lives."""
        threading.Thread(target=self._run, name="presence", daemon=True).start()

    def look(self) -> None:
        """Look once; a database that is away is looked for again the next time."""
        self._lookout.look()
        if time.monotonic() - self._noted_at < _NOTED_EVERY_SECONDS or not self._is_well():
            return
        try:
            note_process(self._database, process_name(self._kind), self._kind, (), utc_now())
        except SQLAlchemyError:
            return
        self._noted_at = time.monotonic()

    def _run(self) -> None:
        while True:
            self.look()
            time.sleep(LOOK_SECONDS)


def process_name(kind: str) -> str:
    """Return the name of this process."""
    return f"{kind}-{os.getpid()}@{socket.gethostname()}"
