"""Surroundings: what was said where a comment stands, in few statements, by indexes, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Select, event, insert, select, text, update

from moderation.db import Database
from moderation.filters.facts import Surroundings
from moderation.identity import Keyed
from moderation.screening import screen
from moderation.sites import NewSite, add_site
from moderation.surroundings import LATEST, PARENTS
from moderation.tables import Comment, table
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import facts_of, judge_with
from tests.unit.test_filters_relevance import TITLE, UNRELATED


def _around(database: Database, comment_id: str, clock: StoppedClock) -> Surroundings:
    return facts_of(database, comment_id, clock()).surroundings


def test_title_and_parent_are_known_by_either_id(database: Database, post: Post, clock: StoppedClock) -> None:
    first = post(body="I asked first.", post_title=TITLE, external_id="wp-7")
    for parent in (first, "wp-7"):
        around = _around(database, post(parent_id=parent), clock)
        assert (around.title, around.parent, around.said) == (TITLE, "I asked first.", ())
    assert _around(database, post(parent_id="wp-8"), clock).parent is None


def test_a_parent_on_another_site_is_none(database: Database, keyed: Keyed, post: Post, clock: StoppedClock) -> None:
    first = post(external_id="wp-7")
    with database.write() as session:
        other = add_site(session, keyed, "Other", None, clock())
        session.execute(update(Comment).where(Comment.id == first).values(site_id=other.id))
    for parent in (first, "wp-7"):
        assert _around(database, post(parent_id=parent), clock).parent is None


def test_only_approved_comments_of_the_post_were_said(database: Database, post: Post, clock: StoppedClock) -> None:
    said = [post(body="What a summer."), post(body="this is spam"), post(body="Elsewhere.", post_id="1")]
    screen(database, judge_with(), said, clock)
    post(body="Not judged yet.")
    assert _around(database, post(body=UNRELATED), clock).said == ("What a summer.",)
    # A short one is compared with nothing.
    assert _around(database, post(body="Yes."), clock).said == ()


def test_no_more_than_the_latest_are_looked_at(database: Database, post: Post, clock: StoppedClock) -> None:
    screen(database, judge_with(), [post(body=f"Word {number}.") for number in range(30)], clock)
    assert len(_around(database, post(body=UNRELATED), clock).said) <= 20


@pytest.fixture
def busy_posts(database: Database, post: Post) -> None:
    """Let 3,000 comments stand on 300 posts, and let the database know what it has."""
    with database.read() as session:
        model = dict(session.execute(select(table(Comment)).where(Comment.id == post())).mappings().one())
    rows = [
        model | {"id": f"cm_{number:026}", "post_id": str(number % 300), "external_id": f"wp-{number}"}
        for number in range(3_000)
    ]
    with database.write() as session:
        session.execute(insert(table(Comment)), rows)
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE"))


@pytest.mark.usefixtures("busy_posts")
@pytest.mark.parametrize(
    ("query", "given", "index"),
    [
        (lambda _site: LATEST, {"ids": [f"cm_{number:026}" for number in range(3)]}, "comments_by_post"),
        (lambda site: PARENTS.params(sites=[site], named=["wp-7", "cm_1"]), {}, "comments_by_external_id"),
    ],
)
def test_the_indexes_serve_it(
    database: Database, site: NewSite, query: Callable[[str], Select[Any]], given: dict[str, Any], index: str
) -> None:
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"

    def note(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "comments" in statement:
            plans.append(str(cursor.execute(f"{explain} {statement}", parameters).fetchall()))

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        session.execute(query(site.id), given).all()
        event.remove(database.engine, "before_cursor_execute", note)
    [plan] = plans
    assert index in plan
    assert "Seq Scan on comments" not in plan
    assert "SCAN earlier" not in plan
    assert "SCAN nth" not in plan
    assert "SCAN comments" not in plan
