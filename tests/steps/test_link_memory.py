"""Where comments link to: what became of comments with the same places, per site, by indexes, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, event, func, insert, select, text

from moderation.db import Database
from moderation.decisions import Decision, decide
from moderation.filters.facts import LinkHistory
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.keys import Caller, Kind
from moderation.link_memory import histories, number_of
from moderation.screening import screen
from moderation.sites import NewModerator, NewSite, add_site
from moderation.submission import read_submission
from moderation.tables import Comment, Key, LinkDomain, VerdictRow, table
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import facts_of, judge_with

Judged = Callable[..., str]


@pytest.fixture
def judged(database: Database, site: NewSite, moderator: NewModerator, post: Post, clock: StoppedClock) -> Judged:
    """Return what posts a comment, has it judged, and lets a moderator decide; it returns the comment's id."""
    with database.read() as session:
        key_id = session.scalars(select(Key.id).where(Key.moderator_id == moderator.id)).one()
    caller = Caller(Kind.MODERATOR, key_id, moderator.name, frozenset([site.id]), moderator.id)

    def judged(action: str | None = None, **fields: str) -> str:
        comment_id = post(**fields)
        screen(database, judge_with(), [comment_id], clock)
        if action is not None:
            with database.write() as session:
                version = session.scalars(select(Comment.version).where(Comment.id == comment_id)).one()
                decide(session, caller, comment_id, Decision(action, version), clock())
        return comment_id

    return judged


def _known(database: Database, comment_id: str, clock: StoppedClock) -> dict[str, LinkHistory]:
    return dict(facts_of(database, comment_id, clock()).link_histories)


def test_what_people_made_of_comments_with_the_same_domain_is_known(
    database: Database, post: Post, judged: Judged, clock: StoppedClock
) -> None:
    judged("spam", body="Buy it at https://shop.cheap.example/1")
    judged("reject", body="Elsewhere www.cheap.example/2")
    judged("approve", website="https://good.example")
    judged(body="My favourite is http://good.example/x, what is yours?")
    new = post(body="see https://cheap.example/3 or https://good.example or https://new.example/x")
    assert _known(database, new, clock) == {
        "cheap.example": LinkHistory(seen=2, spam=1),
        "good.example": LinkHistory(seen=2, approved=1, standing=1),
        "new.example": LinkHistory(),
    }


def test_the_second_comment_with_a_bad_link_is_held_and_says_why(database: Database, judged: Judged) -> None:
    judged("spam", body="Buy it at https://cheap.example/1 for less")
    held = judged(body="An entirely different text, and a page that explains it: http://m.cheap.example/?q=2")
    with database.read() as session:
        verdict = session.get_one(VerdictRow, held)
    [signal] = [one for one in verdict.signals if one["name"] == "LINK_KNOWN_BAD"]
    assert verdict.action == "hold"
    assert [one["text"] for one in signal["evidence"]] == [
        "http://m.cheap.example/?q=2",
        "cheap.example: 1 decided to be spam of the latest 1 with it",
    ]


def test_what_one_site_saw_no_other_site_knows(
    database: Database, keyed: Keyed, judged: Judged, clock: StoppedClock
) -> None:
    judged("spam", body="Buy it at https://cheap.example/1")
    with database.write() as session:
        other = add_site(session, keyed, "Other", None, clock())
    sent = {"name": "A", "email": "a@example.com", "body": "https://cheap.example/2 is it", "post_id": "1"}
    accepted = accept(database, keyed, other.id, [read_submission(sent)], clock(), shape=lambda ids: {"id": ids[0]})
    assert _known(database, accepted.ids[0], clock) == {"cheap.example": LinkHistory()}


def test_links_to_the_website_itself_are_not_remembered(database: Database, judged: Judged) -> None:
    judged(body="As https://news.example.com/1 and https://www.news.example.com/2 said, and https://t.me too")
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LinkDomain)) == 0


def test_a_comment_without_links_asks_nothing(database: Database, post: Post, clock: StoppedClock) -> None:
    comment_id = post()
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    assert _known(database, comment_id, clock) == {}
    event.remove(database.engine, "before_cursor_execute", note)
    assert statements
    assert not any("link_domains" in one for one in statements)


def test_what_is_erased_is_forgotten(database: Database, site: NewSite, post: Post, clock: StoppedClock) -> None:
    comment_id = post(body="https://cheap.example/1 is it")
    with database.write() as session:
        session.execute(insert(LinkDomain), {"domain": number_of(site.id, "cheap.example"), "comment_id": comment_id})
    with database.write() as session:
        session.execute(delete(Comment).where(Comment.id == comment_id))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LinkDomain)) == 0


def test_a_popular_domain_costs_no_more_than_its_latest_comments(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    with database.read() as session:
        model = dict(session.execute(select(table(Comment)).where(Comment.id == post())).mappings().one())
    ids = [f"cm_{number:026}" for number in range(3_000)]
    domain = number_of(site.id, "popular.example")
    with database.write() as session:
        session.execute(insert(table(Comment)), [model | {"id": one, "status": "approved"} for one in ids])
        session.execute(
            insert(table(LinkDomain)),
            [{"domain": domain if at % 2 else at, "comment_id": one} for at, one in enumerate(ids)],
        )
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE"))
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"

    def note(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "link_domains" in statement:
            plans.append(str(cursor.execute(f"{explain} {statement}", parameters).fetchall()))

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        found = {row.domain: row.seen for row in session.execute(histories([domain, 2]))}
        event.remove(database.engine, "before_cursor_execute", note)
    assert found == {domain: 100, 2: 1}
    [plan] = plans
    assert "Seq Scan on link_domains" not in plan
    assert "Seq Scan on comments" not in plan
    assert not any(f"SCAN {name}" in plan for name in ("link ", "latest", "linking"))
