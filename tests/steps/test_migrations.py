"""Migrations: the database that they make is the one that the code expects."""

import re

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, event, select
from sqlalchemy.exc import IntegrityError

from moderation.db import Database
from moderation.endpoints import EndpointChange, add_endpoint
from moderation.events import TYPES, Notice, record
from moderation.migrations import _config, is_current, migrate
from moderation.migrations.large_indexes import LARGE_INDEXES
from moderation.screening import screen
from moderation.sites import NewSite
from moderation.tables import Comment, DeliveryRow, EventRow, Row
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with


def _assert_shape(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Row.metadata) == []


def _downgrade(database: Database, revision: str) -> None:
    with database.reshape() as session:
        config = _config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, revision)


def test_the_steps_make_what_the_tables_say(database: Database) -> None:
    _assert_shape(database)


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)
    assert is_current(database)


def test_tables_of_a_database_in_use_are_made_anew_and_nothing_is_lost(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    with database.write() as session:
        add_endpoint(session, site.id, EndpointChange(url="https://a.example.com", events=TYPES), clock())
    screen(database, judge_with(), [post()], clock)
    with database.write() as session:
        record(session, [Notice(site_id=site.id, type="site.relaxed", data={})], clock())
    _downgrade(database, "0012")
    migrate(database)
    _assert_shape(database)
    with database.read() as session:
        # The release before knows of no event that is about no comment.
        [(kind, data)] = session.execute(select(EventRow.type, EventRow.data).join(DeliveryRow)).all()
    assert (kind, data) == ("comment.approved", None)
    # References are checked again afterwards.
    with pytest.raises(IntegrityError), database.write() as session:
        session.execute(delete(EventRow))


def test_a_shape_in_which_rows_refer_to_nothing_is_refused(database: Database, post: Post, clock: StoppedClock) -> None:
    screen(database, judge_with(), [post()], clock)
    expected = RuntimeError if database.is_sqlite else IntegrityError
    # Its verdict and its event refer to it.
    with pytest.raises(expected), database.reshape() as session:
        session.execute(delete(Comment))
    with database.read() as session:
        assert session.scalars(select(Comment)).all()


def test_postgresql_makes_indexes_of_large_tables_while_others_write(database: Database) -> None:
    _downgrade(database, "0015")
    made: list[tuple[str, str]] = []
    found = re.compile(r"CREATE INDEX (CONCURRENTLY )?(?:IF NOT EXISTS )?(\w+) ON (\w+)")

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if (match := found.match(statement)) and match[3] in ("comments", "deliveries", "verdicts", "attempts"):
            made.append((match[2], "beside" if match[1] else "within"))

    event.listen(database.engine, "before_cursor_execute", note)
    migrate(database)
    _assert_shape(database)
    beside = [name for name, how in made if how == "beside"]
    # SQLite has one writer, whoever it is, and cannot make them otherwise.
    assert sorted(beside) == ([] if database.is_sqlite else sorted(index.name for index in LARGE_INDEXES))
    # What a step asks for is there by then, so it has nothing to make.
    within = [(at, name) for at, (name, how) in enumerate(made) if how == "within"]
    assert within
    assert database.is_sqlite or all((name, "beside") in made[:at] for at, name in within)
