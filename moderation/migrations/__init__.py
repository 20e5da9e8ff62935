"""Bring a database to the newest shape, one process at a time; Alembic keeps the steps."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from moderation.db import Database
from moderation.migrations.large_indexes import make_large_indexes

# Any number, the same in every process: names the lock in PostgreSQL.
_LOCK = 0x6D6F_6465


# A step that waits for a lock has all others wait behind it: it gives up soon, and tries again when they are through.
_LOCK_TIMEOUT = "3s"
_TRIES = 20
_PAUSE_SECONDS = 0.5
# PostgreSQL's codes for a deadlock and for a lock that did not come in time.
_IN_THE_WAY = ("40P01", "55P03")


def migrate(database: Database) -> None:
    """Run all steps that are missing, in one transaction, under a lock; does nothing on a database that is up to date.

    SQLite's write transaction is the lock there. Two processes that start together both return when it is done. May
    run while others read and write: steps that get into each other's way with them are undone and tried again.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            _upgrade(database)
        except OperationalError as error:
            if not tries_left or getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _upgrade(database: Database) -> None:
    if not database.is_sqlite:
        make_large_indexes(database.engine)
    with database.reshape() as session:
        connection = session.connection()
        if not database.is_sqlite:
            # An index of a large table takes as long as it takes.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(database: Database) -> bool:
    """Tell whether every step that this release knows has run. Steps of a newer release don't matter."""
    scripts = ScriptDirectory.from_config(_config())
    with database.read() as session:
        current = MigrationContext.configure(session.connection()).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    return current == scripts.get_current_head() or (current is not None and current not in known)


def _config() -> Config:
    config = Config()
    # Alembic reads % as interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
