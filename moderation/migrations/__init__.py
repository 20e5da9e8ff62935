"""Bring a database to the newest shape, one process at a time; Alembic keeps the steps.

Alembic is imported by who migrates: those who only ask whether somebody did would keep 8 MB of it for good.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from moderation.db import Database
from moderation.errors import SettingsError
from moderation.migrations.large_indexes import make_large_indexes

if TYPE_CHECKING:
    from alembic.config import Config

_HOME = Path(__file__).parent

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
    if database.is_pooled:
        if is_current(database):
            return
        raise SettingsError(
            "Migrations hold locks that a pooler would lose: run `moderation migrate` with MODERATION_DATABASE_URL "
            "naming PostgreSQL itself and without MODERATION_DATABASE_POOLER."
        )
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
    from alembic import command

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
    if not database.is_sqlite:
        make_large_indexes(database.engine)


def is_current(database: Database) -> bool:
    """Tell whether every step that this release knows has run. Steps of a newer release don't matter."""
    # A step's file is named after its number, and they follow each other in one line.
    known = sorted(path.name[:4] for path in (_HOME / "versions").glob("[0-9]*.py"))
    with database.read() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return False
        current = session.scalar(text("SELECT version_num FROM alembic_version"))
    return current == known[-1] or (current is not None and current not in known)


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    # Alembic reads % as interpolation.
    config.set_main_option("script_location", str(_HOME).replace("%", "%%"))
    return config
