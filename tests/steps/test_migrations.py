"""Migrations: the database that they make is the one that the code expects."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from moderation.db import Database
from moderation.endpoints import EndpointChange, add_endpoint
from moderation.events import TYPES, Notice, record
from moderation.migrations import _config, is_current, migrate
from moderation.screening import screen
from moderation.sites import NewSite
from moderation.tables import Comment, DeliveryRow, EventRow, Row
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with


def _assert_shape(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Row.metadata) == []


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
    with database.reshape() as session:
        config = _config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0012")
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
