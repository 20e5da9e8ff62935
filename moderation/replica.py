"""Reads lists from a replica of PostgreSQL that has all that the primary had committed when it was asked.

So nobody can tell which of the two answered: a decision just made is in the list that is read next, by whomever. A
replica that is away or behind is left alone for a moment, and its lists are read from the primary.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from moderation.db import Database, make_engine
from moderation.errors import SettingsError
from moderation.log import get_logger
from moderation.settings import PREFIX, Settings

log = get_logger(__name__)
Result = TypeVar("Result")

# A replica follows within some milliseconds; one that takes longer is no help to who waits for a list.
PATIENCE_SECONDS = 0.05
_LOOK_EVERY_SECONDS = 0.002
# Left alone for so long; then one request tries again.
BEHIND_SECONDS = 1.0
AWAY_SECONDS = 5.0
# How long the kernel goes on sending to a machine that is gone: the connection looks fine until then.
_GONE_MILLISECONDS = 3_000

# Committed, and so visible, means flushed: the promise that a 202 outlives a power cut needs that anyway.
_COMMITTED = text("SELECT CAST(pg_current_wal_flush_lsn() AS text)")
# NULL where the server follows nobody.
_HAS = text("SELECT pg_last_wal_replay_lsn() >= CAST(:point AS pg_lsn)")


class ReplicaAwayError(Exception):
    """The replica does not answer or does not follow; the text says which."""


class Replica:
    """What reads lists: from a replica where there is one, else from the primary. Safe for threads."""

    def __init__(
        self,
        database: Database | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._left_alone_until = 0.0
        # Why it is left alone, or nothing.
        self._trouble = ""

    @classmethod
    def of(cls, settings: Settings, *, pool_size: int = 1, patience: float = PATIENCE_SECONDS) -> "Replica":
        """Make what the settings name; raise SettingsError where the primary can have no replica."""
        if not settings.database_read_url:
            return cls()
        if settings.uses_sqlite:
            raise SettingsError(f"{PREFIX}DATABASE_READ_URL needs a PostgreSQL in {PREFIX}DATABASE_URL.")
        url = make_url(settings.database_read_url)
        if "tcp_user_timeout" not in url.query:
            url = url.update_query_dict({"tcp_user_timeout": str(_GONE_MILLISECONDS)})
        is_pooled = bool(settings.database_pooler)
        engine = make_engine(url.render_as_string(hide_password=False), pool_size=pool_size, is_pooled=is_pooled)
        return cls(Database(engine, is_pooled=is_pooled), patience=patience)

    def read(self, session: Session, work: Callable[[Session], Result]) -> Result:
        """Do the work, which only reads, and return what it returns; `session` is one of the primary.

        Where the replica reads, the primary's connection is given back meanwhile.
        """
        if self._database is None or not self._may_be_asked():
            return work(session)
        point = session.scalar(_COMMITTED)
        session.rollback()
        try:
            with self._database.read() as copy:
                if self._follows(copy, str(point)):
                    done = work(copy)
                    self._is_well()
                    return done
        except SQLAlchemyError as error:
            # Its text may hold the URL, or what a stranger wrote.
            self._leave_alone(AWAY_SECONDS, f"does not answer ({type(error).__name__})")
        else:
            self._leave_alone(BEHIND_SECONDS, "is behind the primary, or follows nobody")
        return work(session)

    def check(self, session: Session) -> None:
        """Raise ReplicaAwayError where it is of no use right now; `session` is one of the primary."""
        self._left_alone_until = 0.0
        self.read(session, lambda one: one.scalar(text("SELECT 1")))
        if self._trouble:
            raise ReplicaAwayError(self._trouble)

    @property
    def is_there(self) -> bool:
        """Tell whether there is one at all."""
        return self._database is not None

    def close(self) -> None:
        """Close its connections."""
        if self._database is not None:
            self._database.close()

    def _follows(self, copy: Session, point: str) -> bool:
        """Tell whether it has all up to this point, within our patience."""
        for _ in range(round(self._patience / _LOOK_EVERY_SECONDS)):
            has = copy.scalar(_HAS, {"point": point})
            if has or has is None:
                return bool(has)
            time.sleep(_LOOK_EVERY_SECONDS)
        return False

    def _may_be_asked(self) -> bool:
        if not self._trouble:
            return True
        with self._lock:
            now = self._clock()
            if now < self._left_alone_until:
                return False
            # This request tries; others go to the primary meanwhile.
            self._left_alone_until = now + AWAY_SECONDS
            return True

    def _leave_alone(self, seconds: float, trouble: str) -> None:
        with self._lock:
            is_news = trouble != self._trouble
            self._trouble = trouble
            self._left_alone_until = self._clock() + seconds
        if is_news:
            log.warning("replica left alone", what=trouble)

    def _is_well(self) -> None:
        if self._trouble:
            with self._lock:
                self._trouble = ""
            log.info("replica used again")
