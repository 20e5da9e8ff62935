"""History: what an author did before and how fast comments come, in few statements, by indexes, on both databases."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text, update

from moderation.db import Database
from moderation.decisions import Decision, decide
from moderation.history import ADDRESSES, AUTHORS, KNOWN_AUTHORS, SITES, bound, look_up
from moderation.identity import Keyed
from moderation.keys import Caller, Kind
from moderation.screening import screen
from moderation.sites import NewModerator, NewSite, add_site
from moderation.tables import Comment, Key, table
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with

Decide = Callable[[str, str], None]


@pytest.fixture
def decided(database: Database, site: NewSite, moderator: NewModerator, clock: StoppedClock) -> Decide:
    """Return what lets the moderator decide about a comment as it stands."""
    with database.read() as session:
        key_id = session.scalars(select(Key.id).where(Key.moderator_id == moderator.id)).one()
    caller = Caller(Kind.MODERATOR, key_id, moderator.name, frozenset([site.id]), moderator.id)

    def decided(comment_id: str, action: str) -> None:
        with database.write() as session:
            version = session.scalars(select(Comment.version).where(Comment.id == comment_id)).one()
            decide(session, caller, comment_id, Decision(action, version), clock())

    return decided


def _history(database: Database, comment_id: str) -> Any:
    with database.read() as session:
        return look_up(session, [session.get_one(Comment, comment_id)])[comment_id]


def test_only_an_emails_first_comment_on_a_site_is_its_first(
    database: Database, keyed: Keyed, post: Post, clock: StoppedClock
) -> None:
    first, other = post(), post(email="other@example.com")
    clock.advance(seconds=1)
    again = post(email="READER@example.com")
    assert _history(database, first).author.is_first
    assert _history(database, other).author.is_first
    assert not _history(database, again).author.is_first
    with database.write() as session:
        elsewhere = add_site(session, keyed, "Other", None, clock())
        session.execute(update(Comment).where(Comment.id == again).values(site_id=elsewhere.id))
    assert _history(database, again).author.is_first


def test_people_mark_an_author_and_the_machine_does_not(
    database: Database, post: Post, clock: StoppedClock, decided: Decide
) -> None:
    ids = [post(body=f"this is spam number {number}") for number in range(4)]
    screen(database, judge_with(), ids, clock)
    assert _history(database, post()).author.spam_by_people == 0
    for comment_id, action in zip(ids, ("spam", "spam", "reject", "approve"), strict=True):
        decided(comment_id, action)
    author = _history(database, post()).author
    assert (author.spam_by_people, author.rejected_by_people, author.approved_by_people) == (2, 1, 1)
    # Of several decisions about one comment the last one holds.
    decided(ids[0], "approve")
    author = _history(database, post()).author
    assert (author.spam_by_people, author.rejected_by_people, author.approved_by_people) == (1, 1, 2)


def test_what_the_machine_approved_counts_once_it_has_stood_for_a_day(
    database: Database, post: Post, clock: StoppedClock
) -> None:
    ids = [post(body=f"Well said, {number}.") for number in range(3)]
    screen(database, judge_with(), ids, clock)
    clock.advance(hours=23)
    assert _history(database, post()).author.standing == 0
    clock.advance(hours=2)
    assert _history(database, post()).author.standing == 3


def test_names_are_counted_for_a_week(database: Database, post: Post, clock: StoppedClock) -> None:
    for name in ("Ann", "ann", "Bob", "Cy"):
        post(name=name)
    assert _history(database, post(name="Ann")).author.names == 3
    clock.advance(hours=24 * 8)
    assert _history(database, post(name="Dan")).author.names == 1


def test_rates_are_counted_by_email_and_by_address(database: Database, post: Post, clock: StoppedClock) -> None:
    post(ip="203.0.113.5")
    clock.advance(minutes=6)
    for number in range(6):
        post(email=f"reader{number}@example.com", ip="203.0.113.5")
    post(ip="203.0.113.6")
    last = post(ip="203.0.113.5")
    rates = _history(database, last).rates
    assert (rates.by_email, rates.by_ip) == (2, 7)
    assert _history(database, post()).rates.by_ip == 0


def test_a_site_is_compared_with_its_own_day(database: Database, post: Post, clock: StoppedClock) -> None:
    assert _history(database, post()).rates.usual_on_site is None
    for number in range(10):
        post(email=f"a{number}@example.com")
    clock.advance(hours=2)
    rates = _history(database, post()).rates
    assert rates.on_site == 1
    assert rates.usual_on_site == pytest.approx(11 / 143)


def test_imported_comments_are_no_flood(database: Database, post: Post, clock: StoppedClock) -> None:
    written = (clock() - timedelta(days=30)).isoformat()
    ids = [post(submitted_at=written, body=f"An old comment, {number}") for number in range(20)]
    assert _history(database, ids[-1]).rates.by_email == 0
    screen(database, judge_with(), ids, clock)


def test_a_robots_ten_thousand_comments_are_not_all_read(database: Database, post: Post, clock: StoppedClock) -> None:
    for _ in range(110):
        clock.advance(seconds=1)
        last = post()
    history = _history(database, last)
    assert history.rates.by_email == 100
    assert not history.author.is_first


@pytest.mark.parametrize("size", [1, 7, 40])
def test_three_statements_whatever_the_size(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock, size: int
) -> None:
    ids = [post(email=f"reader{number}@example.com", ip=f"203.0.113.{number}") for number in range(size)]
    with database.write() as session:
        other = add_site(session, keyed, "Other", None, clock())
        session.execute(update(Comment).where(Comment.id == ids[0]).values(site_id=other.id))
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    with database.read() as session:
        comments = session.scalars(select(Comment).where(Comment.id.in_(ids))).all()
        event.listen(database.engine, "before_cursor_execute", note)
        found = look_up(session, comments)
        event.remove(database.engine, "before_cursor_execute", note)
    assert set(found) == set(ids)
    assert len(statements) == 3


def test_no_comments_need_no_statement(database: Database) -> None:
    with database.read() as session:
        assert look_up(session, []) == {}


@pytest.fixture
def busy_week(database: Database, site: NewSite, post: Post, clock: StoppedClock) -> None:
    """Let 3,000 comments by 300 authors have come within a week, and let the database know what it has."""
    with database.read() as session:
        model = dict(
            session.execute(select(table(Comment)).where(Comment.id == post(ip="203.0.113.1"))).mappings().one()
        )
    rows = [
        model
        | {
            "id": f"cm_{number:026}",
            "email_token": str(number % 300),
            "ip": f"203.0.113.{number % 250}",
            "status": "approved",
            "received_at": clock() - timedelta(minutes=3 * number),
        }
        for number in range(3_000)
    ]
    with database.write() as session:
        session.execute(insert(table(Comment)), rows)
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE"))


@pytest.mark.usefixtures("busy_week")
@pytest.mark.parametrize(
    ("query", "index"),
    [
        (AUTHORS, "comments_by_author"),
        (KNOWN_AUTHORS, "comments_by_author"),
        (ADDRESSES, "comments_by_ip"),
        (SITES, "comments_by_arrival"),
    ],
    ids=["authors", "known authors", "addresses", "sites"],
)
def test_every_look_up_has_its_index(database: Database, clock: StoppedClock, query: Any, index: str) -> None:
    given = bound([f"cm_{number:026}" for number in range(3)], clock())
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    plans: list[str] = []

    def note(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "comments" in statement:
            plans.append(str(cursor.execute(f"{explain} {statement}", parameters).fetchall()))

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        session.execute(query[database.engine.dialect.name] if isinstance(query, dict) else query, given).all()
        event.remove(database.engine, "before_cursor_execute", note)
    [plan] = plans
    assert index in plan
    # Nothing reads the comments from end to end.
    assert "Seq Scan on comments" not in plan
    assert "SCAN earlier" not in plan
    assert "SCAN nth" not in plan
