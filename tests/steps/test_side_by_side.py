"""While a release is replaced by the next, both are at work on a database whose shape changes under their hands."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from moderation.clock import utc_now
from moderation.db import Database
from moderation.endpoints import EndpointChange, add_endpoint
from moderation.events import ALL, COMMENT_TYPES, ENDPOINT_TYPES, SITE_TYPES, TYPES, WAITING, Notice, record
from moderation.migrations import _config, is_current, migrate
from moderation.sites import NewSite
from moderation.tables import Endpoint, SiteModelRow
from tests.conftest import StoppedClock
from tests.steps.endpoints import add, types


def _revisions() -> list[str]:
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def _move(database: Database, revision: str) -> None:
    """Bring the database to a revision, forward or back."""
    config = _config()
    with database.reshape() as session:
        config.attributes["connection"] = session.connection()
        move = command.downgrade if revision in _revisions()[:-1] else command.upgrade
        move(config, revision)


def _columns(database: Database) -> dict[str, dict[str, Any]]:
    looked_at = inspect(database.engine)
    return {
        name: {column["name"]: column for column in looked_at.get_columns(name)} for name in looked_at.get_table_names()
    }


def test_every_step_can_be_taken_back_and_again(database: Database) -> None:
    newest = _columns(database).keys()
    _move(database, "0001")
    assert "site_models" not in _columns(database)
    _move(database, "head")
    assert _columns(database).keys() == newest


@pytest.mark.parametrize("older", _revisions()[:-1])
def test_a_release_of_before_can_go_on_writing(database: Database, older: str) -> None:
    now = _columns(database)
    _move(database, older)
    before = _columns(database)
    for table, columns in before.items():
        # What it writes is still there, and may be as it was.
        assert columns.keys() <= now[table].keys(), table
        for name, column in columns.items():
            assert now[table][name]["nullable"] or not column["nullable"], f"{table}.{name}"
            assert str(now[table][name]["type"]) == str(column["type"]), f"{table}.{name}"
        # What it doesn't write needs not be written.
        for name in now[table].keys() - columns.keys():
            assert now[table][name]["nullable"] or now[table][name]["default"] is not None, f"{table}.{name}"


def test_a_model_of_a_release_of_before_is_dated(database: Database, site: NewSite) -> None:
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO site_models (site_id, version, base, examples, created_at, weights)"
                " VALUES (:site, 1, 'base', 1, CURRENT_TIMESTAMP, :weights)"
            ),
            {"site": site.id, "weights": b""},
        )
    with database.read() as session:
        learned_until = session.scalars(select(SiteModelRow.learned_until)).one()
    assert timedelta(0) <= utc_now() - learned_until < timedelta(hours=1)


def test_endpoints_that_asked_for_all_hear_of_what_is_new(
    database: Database, site: NewSite, clock: StoppedClock
) -> None:
    comments = [*COMMENT_TYPES]
    of_before = {
        "all of the release before": [*comments, *SITE_TYPES, *ENDPOINT_TYPES],
        "all of the one before that": [*comments, *SITE_TYPES],
        "moderators of then": ["comment.held", *SITE_TYPES],
        "a website": comments,
        "held alone": ["comment.held"],
        "a choice": ["comment.held", "site.tightened"],
    }
    _move(database, "0022")
    for name, events in of_before.items():
        add(database, site.id, name, "https://a.example.com", clock, events)
    _move(database, "head")
    with database.write() as session:
        record(session, [Notice(site_id=site.id, type=WAITING, data={})], clock())
    heard = {name for name in of_before if types(database, name)}
    assert heard == {"all of the release before", "all of the one before that", "moderators of then"}
    _move(database, "0022")
    with database.read() as session:
        lists = session.scalars(select(Endpoint.events)).all()
    assert not any("*" in events for events in lists)


@pytest.mark.parametrize("asked", [[ALL], [ALL, *TYPES]])
def test_who_asks_for_all_hears_of_what_this_release_does_not_know(
    database: Database, site: NewSite, clock: StoppedClock, asked: list[str]
) -> None:
    with database.write() as session:
        add_endpoint(session, site.id, EndpointChange(url="https://a.example.com", events=tuple(asked)), clock())
        add_endpoint(session, site.id, EndpointChange(url="https://b.example.com", events=TYPES), clock())
        owed = record(session, [Notice(site_id=site.id, type="site.renamed", data={})], clock())
        stored = session.get_one(Endpoint, owed[0].endpoint_id)
        # Workers of the release before look for the name.
        assert {*TYPES} <= {*stored.events}
    assert (len(owed), stored.url) == (1, "https://a.example.com")


def test_a_migration_waits_until_others_are_through_and_has_nobody_wait_long(database: Database) -> None:
    _move(database, "0010")
    is_inside, may_go_on = threading.Event(), threading.Event()

    def hold_comments() -> None:
        with database.write() as session:
            session.execute(text("UPDATE comments SET version = version"))
            is_inside.set()
            may_go_on.wait(30)

    holder, migrator = threading.Thread(target=hold_comments), threading.Thread(target=migrate, args=[database])
    holder.start()
    assert is_inside.wait(30)
    migrator.start()
    if not database.is_sqlite:
        # It gives way: whoever came behind it gets through while the comments are held.
        for _ in range(3):
            with database.write() as session:
                session.execute(text("UPDATE comments SET version = version"))
    may_go_on.set()
    holder.join()
    migrator.join()
    assert is_current(database)
