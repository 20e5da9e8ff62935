"""The one door to databases: engines for SQLite and PostgreSQL, and the unit of work.

`Database.write()` is a transaction that changes rows; `Database.read()` is one that does not and never waits for a
writer on SQLite.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session

from moderation.flushing import Flush
from moderation.settings import Settings
from moderation.together import Result, Together
from moderation.turn import Turn

# How long a writer waits for another one on SQLite before it gives up.
SQLITE_BUSY_SECONDS = 15
# A database that does not answer at once is away; whoever asked is told so (503) instead of kept waiting.
CONNECT_SECONDS = 3
# No statement of ours takes long; one that does is stuck behind a lock.
STATEMENT_MILLISECONDS = 15_000


# Of SQLite's log, 4 kB each, before a commit has to copy it into the file and flush both: by default 1,000, which is
# every batch of two hundred verdicts. With both this and the pages held a batch writes in three fifths of the time.
_PAGES_OF_LOG = 4_000

# A connection that nobody used for so long is tried before it is used.
TRIED_AFTER_SECONDS = 1.0


class Database:
    """Connections to one database. Making one connects to nothing."""

    def __init__(self, engine: Engine, *, is_pooled: bool = False) -> None:
        self.engine = engine
        # Others' transactions run on the same connection to the server: nothing may be left on it.
        self.is_pooled = is_pooled
        self._writer = engine.execution_options(is_write=True)
        # PgBouncer is told what a statement may take once it is in a transaction, and SQLite begins them as we say.
        self._looker = engine if is_pooled or self.is_sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")
        # PostgreSQL lets writers in side by side.
        self._turn = Turn(Path(f"{engine.url.database}-turn")) if self.is_sqlite else contextlib.nullcontext()
        redoes = engine.get_execution_options().get("can_redo", False)
        self._flush = Flush(str(engine.url.database)) if self.is_sqlite and not redoes else None
        self._together = Together(self.write)

    @classmethod
    def of(cls, settings: Settings, *, pool_size: int = 5, can_redo: bool = False) -> "Database":
        """Make the database that the settings name; `pool_size` is how many threads of this process use it at once.

        `can_redo` is for those whose work is found undone and done again if its last moments are lost (workers).
        """
        is_pooled = bool(settings.database_pooler) and not settings.uses_sqlite
        url = settings.effective_database_url
        return cls(make_engine(url, pool_size=pool_size, can_redo=can_redo, is_pooled=is_pooled), is_pooled=is_pooled)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Run a transaction: committed at the end of the block, rolled back when it raises.

        What is committed outlives a power cut, but for work that can be redone.
        """
        with self._turn, Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session
        if self._flush is not None:
            self._flush()

    def write_together(self, work: Callable[[Session], Result]) -> Result:
        """Run the work in a transaction that it may share with that of other threads; see `Together`."""
        return self._together.run(work)

    @contextmanager
    def reshape(self) -> Iterator[Session]:
        """Run a transaction that may make tables anew, as changing one means on SQLite.

        There the rows that refer to one would seem to lose what they refer to; whether they did is asked at the end.
        """
        with self._turn, self._writer.connect() as connection:
            self._check_references(connection, is_on=False)
            try:
                with Session(connection, expire_on_commit=False) as session, session.begin():
                    yield session
                    if self.is_sqlite and session.execute(text("PRAGMA foreign_key_check")).first() is not None:
                        raise RuntimeError("rows would be left that refer to nothing")
            finally:
                self._check_references(connection, is_on=True)
        if self._flush is not None:
            self._flush()

    def _check_references(self, connection: Connection, *, is_on: bool) -> None:
        if self.is_sqlite:
            # Within a transaction it has no effect, and SQLAlchemy would begin one.
            driver: Any = connection.connection.driver_connection
            driver.execute(f"PRAGMA foreign_keys = {'ON' if is_on else 'OFF'}")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Run statements that only read, in a transaction on SQLite.

        On PostgreSQL each is one of its own: it sees what is committed when it begins either way, and a transaction
        takes two turns, three with the one in which psycopg forgets at each ROLLBACK whatever it had prepared.
        """
        with Session(self._looker, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Read as with `read`, without a session."""
        with self._looker.connect() as connection:
            yield connection

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self.engine.dispose()
        if isinstance(self._turn, Turn):
            self._turn.close()


def make_engine(url: str, *, pool_size: int = 5, can_redo: bool = False, is_pooled: bool = False) -> Engine:
    """Make an engine with what either database needs to keep the promises; connects to nothing yet.

    `is_pooled` is for a PgBouncer that gives each transaction another connection.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(url, parsed.database, pool_size, can_redo=can_redo)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    kept = {"options": f"-c statement_timeout={STATEMENT_MILLISECONDS} -c timezone=UTC"}
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        # An error would else carry what a stranger wrote into the logs.
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "moderation"}
        | ({"prepare_threshold": None} if is_pooled else kept),
    )
    event.listen(engine, "connect", _note_use)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_try_idle, engine))
    if is_pooled:
        event.listen(engine, "begin", _prepare_transaction)
    return engine


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _try_idle(engine: Engine, connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection whether it is still there, unless it was a moment ago: two turns less for each crowd."""
    if time.monotonic() - record.info["used_at"] < TRIED_AFTER_SECONDS:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _prepare_transaction(connection: Connection) -> None:
    # One statement more for each transaction: PgBouncer passes no options on.
    connection.exec_driver_sql(
        f"SELECT set_config('statement_timeout', '{STATEMENT_MILLISECONDS}', true), set_config('timezone', 'UTC', true)"
    )


def _sqlite_engine(url: str, path: str | None, pool_size: int, *, can_redo: bool) -> Engine:
    if not path or path == ":memory:":
        raise ValueError("a database in memory is lost with its process; give SQLite a file")
    if path.startswith("file:"):
        raise ValueError("give SQLite the path of a file, not a URI")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": SQLITE_BUSY_SECONDS},
        execution_options={"can_redo": can_redo},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    if can_redo:
        event.listen(engine, "connect", _hold_a_batch)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # None: we say BEGIN ourselves, so that a writer takes its lock at once and can't deadlock half-way.
    connection.isolation_level = None
    pragma: Callable[[str], Any] = connection.execute
    pragma("PRAGMA journal_mode = WAL")
    # Outlives a crash of any process. A power cut may undo the last commits, never tear one; see `flushing`.
    pragma("PRAGMA synchronous = NORMAL")
    pragma("PRAGMA foreign_keys = ON")
    pragma(f"PRAGMA wal_autocheckpoint = {_PAGES_OF_LOG}")


def _hold_a_batch(connection: sqlite3.Connection, _record: Any) -> None:
    # Two hundred verdicts change a thousand pages. With less than those, SQLite writes them down and reads them again
    # before the commit. In KiB, as far as they are needed.
    connection.execute("PRAGMA cache_size = -8000")


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("is_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
