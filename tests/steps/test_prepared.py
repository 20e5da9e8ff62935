"""Statements that are put into words once: the same rows as SQLAlchemy's, for lists of any length, on both."""

from typing import Any

import pytest
from sqlalchemy import bindparam, event, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from moderation.columns import UtcDateTime
from moderation.db import Database
from moderation.identity import new_id
from moderation.prepared import Prepared
from moderation.sites import NewSite
from moderation.tables import Comment, DeliveryRow, EventRow, Site, TextBand, table
from tests.conftest import StoppedClock
from tests.steps.conftest import Post

_comment = table(Comment).c
_OF = select(Comment.__table__).where(
    _comment.id.in_(bindparam("ids", expanding=True)),
    _comment.received_at <= bindparam("until", type_=UtcDateTime),
    _comment.status == "received",
)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
def test_rows_are_as_sqlalchemy_gives_them(database: Database, post: Post, clock: StoppedClock, count: int) -> None:
    ids = [post(body=f"Comment {number}", submitted_at=clock().isoformat()) for number in range(9)][:count]
    prepared = Prepared(_OF.order_by(_comment.id))
    with database.read() as session:
        expected = session.execute(_OF.order_by(_comment.id), {"ids": ids, "until": clock()}).all()
        found = prepared.rows(session, ids=ids, until=clock())
        again = prepared.rows(session, ids=ids, until=clock())
    assert [tuple(one) for one in found] == [tuple(one) for one in expected] == [tuple(one) for one in again]
    assert [(one.id, one.received_at, one.is_trapped) for one in found] == [(one, clock(), False) for one in ids]


def test_lists_of_numbers_and_several_of_them(database: Database, post: Post) -> None:
    first, second = post(), post()
    with database.write() as session:
        session.execute(
            insert(table(TextBand)), [{"band": band, "comment_id": one} for band in (-5, 7) for one in (first, second)]
        )
        band = table(TextBand).c
        which = select(band.band, band.comment_id).where(
            band.band.in_(bindparam("bands", expanding=True)), band.comment_id.in_(bindparam("of", expanding=True))
        )
        found = Prepared(which).rows(session, bands=[7, 2**62, -(2**63)], of={second})
    assert found == [(7, second)]


def test_writing_many_keeps_json_moments_and_defaults(database: Database, site: NewSite, clock: StoppedClock) -> None:
    events = [new_id("ev") for _ in range(3)]
    row = {"site_id": site.id, "comment_id": None, "type": "t", "version": 0, "decision_id": None}
    with database.write() as session:
        Prepared(insert(table(EventRow))).run_for_all(
            session, [row | {"id": one, "occurred_at": clock(), "data": {"n": [1, "ü"]}} for one in events]
        )
        written = session.execute(select(EventRow.id, EventRow.occurred_at, EventRow.data).order_by(EventRow.id)).all()
    assert [tuple(one) for one in written] == [(one, clock(), {"n": [1, "ü"]}) for one in sorted(events)]
    assert table(DeliveryRow).c.attempts_before.default is not None, "a default that Python fills in"
    with database.write() as session, pytest.raises(SQLAlchemyError, match=r"(?i)foreign key"):
        # All but its default: what is missed is the endpoint.
        Prepared(insert(table(DeliveryRow))).run_for_all(
            session,
            [
                {"id": new_id("dl"), "event_id": events[0], "endpoint_id": "ep_none", "site_id": site.id}
                | {"state": "pending", "attempts": 0, "next_attempt_at": clock(), "ring_at": clock()}
                | {"created_at": clock(), "finished_at": None, "last_error": None}
            ],
        )


def test_a_change_returns_rows_too(database: Database, post: Post, clock: StoppedClock) -> None:
    ids = [post(), post(), post()]
    claim = Prepared(
        update(table(Comment))
        .where(_comment.id.in_(bindparam("ids", expanding=True)), _comment.status == "received")
        .values(status=bindparam("became"), settled_at=bindparam("at"))
        .returning(_comment.id, _comment.received_at)
    )
    with database.write() as session:
        taken = claim.rows(session, ids=ids[:2], became="held", at=clock())
        assert sorted((one.id, one.received_at) for one in taken) == [(one, clock()) for one in sorted(ids[:2])]
        assert [one.id for one in claim.rows(session, ids=ids, became="held", at=clock())] == ids[2:]


def test_texts_of_sql_take_lists(database: Database, site: NewSite) -> None:
    found = text("UPDATE sites SET name = :name WHERE id IN :ids").bindparams(bindparam("ids", expanding=True))
    with database.write() as session:
        Prepared(found).run(session, name="Renamed", ids=[site.id, "st_none"])
    with database.read() as session:
        assert session.scalars(select(Site.name)).all() == ["Renamed"]


def test_what_was_added_to_the_session_is_seen(database: Database, clock: StoppedClock) -> None:
    with database.write() as session:
        session.add(Site(id="st_1", name="Added", domain=None, created_at=clock()))
        assert Prepared(select(table(Site).c.id)).rows(session) == [("st_1",)]


def test_what_looks_without_a_session_changes_nothing_until_it_says_so(database: Database, site: NewSite) -> None:
    rename = Prepared({name: update(table(Site)).values(name=bindparam("name")) for name in ("sqlite", "postgresql")})
    with database.engine.connect() as connection:
        rename.run(connection, name="Renamed")
    with database.look() as connection:
        assert Prepared(select(table(Site).c.name)).rows(connection) == [("News",)]
    with database.engine.connect() as connection:
        rename.run(connection, name="Renamed")
        connection.commit()
        assert Prepared(select(table(Site).c.name)).rows(connection) == [("Renamed",)]


def test_errors_and_listeners_are_as_always(database: Database) -> None:
    heard: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        heard.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    with database.read() as session, pytest.raises(SQLAlchemyError) as raised:
        Prepared(text("SELECT nothing FROM nowhere WHERE a = :a")).rows(session, a="what a stranger wrote")
    event.remove(database.engine, "before_cursor_execute", note)
    assert any("nowhere" in one for one in heard)
    assert "stranger" not in str(raised.value)
