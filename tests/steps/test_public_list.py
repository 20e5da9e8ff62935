"""Public lists are kept for as long as they are right, whoever changes what is shown; by indexes, on both databases."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Select, event, insert, select, text, update
from sqlalchemy.exc import OperationalError

from moderation.db import Database
from moderation.errors import NotFoundError
from moderation.identity import Keyed
from moderation.keys import Caller
from moderation.list_cache import Answer, ListCache
from moderation.privacy import author_of, erase
from moderation.public_list import Wanted, comments, count, parents
from moderation.screening import screen
from moderation.sites import NewSite
from moderation.tables import Comment, PostVersion, table
from tests.conftest import StoppedClock
from tests.steps.conftest import Post, decide_on
from tests.steps.judges import judge_with


class _Lists:
    """A process that keeps lists: a clock that is moved by hand, and how many statements it took."""

    def __init__(self, database: Database, site_id: str) -> None:
        self.now = 0.0
        self.statements = 0
        self.cache = ListCache(database, lambda: self.now)
        self.wanted = Wanted(site_id, "8344", None, 100)
        event.listen(database.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.statements += statement.startswith("SELECT")

    def get(self, after: float = 0.0) -> Answer:
        """Return the list after so many seconds."""
        self.now += after
        return self.cache.get(self.wanted)

    def cost(self, after: float = 0.0) -> int:
        """Return how many statements it takes to answer after so many seconds."""
        before = self.statements
        self.get(after)
        return self.statements - before


@pytest.fixture
def lists(database: Database, site: NewSite) -> _Lists:
    return _Lists(database, site.id)


def _version(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(PostVersion.version)) or 0


def test_a_list_that_is_right_costs_nothing_and_then_one_small_query(
    database: Database, post: Post, clock: StoppedClock, lists: _Lists
) -> None:
    screen(database, judge_with(), [post()], clock)
    first = lists.get()
    assert lists.cost(after=0.09) == 0
    assert lists.cost(after=0.02) == 1
    assert lists.cost(after=0.09) == 0
    assert lists.get(after=30) is first
    # Somebody may have changed it who raises no versions: the release before.
    assert lists.cost(after=30) > 1


def test_whatever_changes_what_is_shown_raises_the_version_and_nothing_else_does(
    database: Database, keyed: Keyed, post: Post, caller: Caller, site: NewSite, clock: StoppedClock
) -> None:
    held = post(body="this is spam")
    versions = [_version(database)]

    def note() -> None:
        versions.append(_version(database))

    screen(database, judge_with(), [held], clock)
    note()
    ids = [post(body=f"Word {number}.") for number in range(3)]
    screen(database, judge_with(), ids, clock)
    note()
    decide_on(database, caller, ids[0], "reject", clock)
    note()
    decide_on(database, caller, held, "approve", clock)
    note()
    decide_on(database, caller, post(body="Nobody saw this one."), "spam", clock)
    note()
    erase(database, author_of(keyed, "reader@example.com", [site.id]), clock)
    note()
    assert versions == [0, 0, 1, 2, 3, 3, 4]


def test_another_process_sees_a_change_at_its_next_look(
    database: Database, post: Post, caller: Caller, clock: StoppedClock, lists: _Lists
) -> None:
    comment_id = post(body="Here it is.")
    assert b"Here it is." not in lists.get().body
    screen(database, judge_with(), [comment_id], clock)
    assert b"Here it is." in lists.get(after=0.1).body
    decide_on(database, caller, comment_id, "reject", clock)
    assert b"Here it is." not in lists.get(after=0.1).body


def test_while_one_request_looks_others_are_answered_with_what_was_right_a_moment_ago(
    database: Database, post: Post, clock: StoppedClock, lists: _Lists
) -> None:
    lists.get()
    screen(database, judge_with(), [post()], clock)
    for after, is_answered_at_once in ((0.5, True), (1.5, False)):
        looked: list[int] = []

        def meanwhile(*_given: Any, looked: list[int] = looked) -> None:
            other = threading.Thread(target=lambda: looked.append(lists.cost()))
            other.start()
            other.join()

        event.listen(database.engine, "before_cursor_execute", meanwhile, once=True)
        lists.get(after)
        assert (looked == [0]) == is_answered_at_once
        screen(database, judge_with(), [post()], clock)


def test_while_the_database_is_away_readers_see_what_was_right_before(
    database: Database, post: Post, clock: StoppedClock, lists: _Lists
) -> None:
    screen(database, judge_with(), [post()], clock)
    first = lists.get()

    def refuse(*_given: Any) -> None:
        raise OperationalError("", {}, Exception("away"))

    event.listen(database.engine, "before_cursor_execute", refuse)
    assert lists.get(after=1) is first
    # It looks again in some seconds, not for every request.
    event.remove(database.engine, "before_cursor_execute", refuse)
    assert lists.cost(after=4) == 0
    assert lists.cost(after=2) == 1
    event.listen(database.engine, "before_cursor_execute", refuse)
    with pytest.raises(OperationalError):
        lists.get(after=1_000)
    event.remove(database.engine, "before_cursor_execute", refuse)


def test_lists_take_no_more_memory_than_they_may(database: Database, post: Post, clock: StoppedClock) -> None:
    site_id = ""
    ids = [post(body="A word or two. " * 60, post_id=str(number)) for number in range(20)]
    with database.write() as session:
        session.execute(update(Comment).values(status="approved"))
        site_id = session.get_one(Comment, ids[0]).site_id
    now = 0.0
    cache = ListCache(database, lambda: now, most_bytes=10_000)
    kept = [cache.get(Wanted(site_id, str(number), None, 100)) for number in range(20)]
    assert cache.get(Wanted(site_id, "19", None, 100)) is kept[19]
    assert cache.get(Wanted(site_id, "0", None, 100)) is not kept[0]


def test_a_site_that_nobody_made_has_no_lists(database: Database) -> None:
    with pytest.raises(NotFoundError):
        ListCache(database).get(Wanted("st_unknown", "8344", None, 100))


@pytest.fixture
def busy_post(database: Database, post: Post) -> None:
    """Let 3,000 comments stand on 30 posts, one in three approved, and let the database know what it has."""
    with database.read() as session:
        model = dict(session.execute(select(table(Comment)).where(Comment.id == post())).mappings().one())
    rows = [
        model
        | {
            "id": f"cm_{number:026}",
            "post_id": str(number % 30),
            "external_id": f"wp-{number}",
            "status": ("approved", "spam", "held")[number % 3],
        }
        for number in range(3_000)
    ]
    with database.write() as session:
        session.execute(insert(table(Comment)), rows)
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE"))


@pytest.mark.usefixtures("busy_post")
@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (comments, ["comments_shown"]),
        (count, ["(COVERING INDEX|Index Only Scan using) comments_shown"]),
        (
            lambda wanted: parents(wanted, ["wp-7", "cm_1"]),
            ["comments_by_external_id", "comments_pkey|comments_by_site"],
        ),
    ],
)
def test_the_indexes_serve_it(
    database: Database, site: NewSite, query: Callable[[Wanted], Select[Any]], indexes: list[str]
) -> None:
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"

    def note(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "comments" in statement:
            plans.append(str(cursor.execute(f"{explain} {statement}", parameters).fetchall()))

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        session.execute(query(Wanted(site.id, "7", f"cm_{1_500:026}", 10))).all()
        event.remove(database.engine, "before_cursor_execute", note)
    [plan] = plans
    assert all(re.search(index, plan) for index in indexes), plan
    assert "Seq Scan on comments" not in plan
    assert "SCAN comments" not in plan
    if query is comments:
        # Read in order, page by page.
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan
