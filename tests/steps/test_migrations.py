"""Migrations: the database that they make is the one that the code expects."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from moderation.db import Database
from moderation.migrations import is_current, migrate
from moderation.tables import Row


def test_the_steps_make_what_the_tables_say(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Row.metadata) == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)
    assert is_current(database)
