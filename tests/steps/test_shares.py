"""Shares: a comment of one site does not wait until the flood of another is judged."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, event, select, text, update

from moderation.arrivals import arrivals
from moderation.db import Database
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.policy import Policy
from moderation.screening import screen
from moderation.shares import (
    BEHIND,
    HELD_FOR,
    MOST_OF_OTHERS,
    OLDEST,
    TAKE,
    WAITING_SITES,
    take_others,
)
from moderation.sites import NewSite, add_site, set_policy
from moderation.submission import read_submission
from moderation.sweeping import overdue_comments
from moderation.tables import Comment, Site
from tests.conftest import StoppedClock
from tests.steps.judges import judge_with

Flood = Callable[..., list[str]]


@pytest.fixture
def flood(database: Database, keyed: Keyed, clock: StoppedClock) -> Flood:
    """Return what posts so many comments to a site in one transaction and returns their ids."""

    def flood(site: NewSite, count: int) -> list[str]:
        sent = [
            {"name": "A reader", "email": f"r{one}@example.com", "body": f"Word {one}", "post_id": "1"}
            for one in range(count)
        ]
        read = [read_submission(fields) for fields in sent]
        return list(accept(database, keyed, site.id, read, clock(), shape=lambda _: {}).ids)

    return flood


@pytest.fixture
def other(database: Database, keyed: Keyed, clock: StoppedClock) -> NewSite:
    """Return another site."""
    with database.write() as session:
        return add_site(session, keyed, "Weather", None, clock())


def _received(database: Database, site: NewSite) -> int:
    with database.read() as session:
        return len(
            session.scalars(select(Comment.id).where(Comment.site_id == site.id, Comment.status == "received")).all()
        )


def test_a_comment_is_judged_with_the_next_batch_of_another_sites_flood(
    database: Database, site: NewSite, other: NewSite, flood: Flood, clock: StoppedClock
) -> None:
    flooded = flood(site, 600)
    clock.advance(seconds=30)
    screen(database, judge_with(), flooded[:200], clock)
    [late] = flood(other, 1)
    clock.advance(seconds=1)
    screen(database, judge_with(), flooded[200:400], clock)
    assert _received(database, other) == 0
    assert _received(database, site) == 200
    # Its own message, which comes last, finds nothing to do.
    assert screen(database, judge_with(), [late], clock) == []
    with database.read() as session:
        assert session.get_one(Comment, late).version == 2


def test_several_sites_share_what_room_there_is(
    database: Database, keyed: Keyed, site: NewSite, other: NewSite, flood: Flood, clock: StoppedClock
) -> None:
    with database.write() as session:
        third = add_site(session, keyed, "Sports", None, clock())
    flooded = flood(site, 3)
    large, small = flood(other, 2 * MOST_OF_OTHERS), flood(third, 2)
    clock.advance(seconds=30)
    screen(database, judge_with(), flooded, clock)
    assert _received(database, third) == 0
    assert _received(database, other) == len(large) - MOST_OF_OTHERS // 2
    with database.read() as session:
        # The oldest first.
        assert session.get_one(Comment, large[0]).status == "approved"
        assert session.get_one(Comment, small[0]).status == "approved"


def test_nobody_looks_while_nothing_waits_for_long(
    database: Database, site: NewSite, other: NewSite, flood: Flood, clock: StoppedClock
) -> None:
    mine, _ = flood(site, 1), flood(other, 1)
    clock.now += BEHIND - timedelta(milliseconds=1)
    screen(database, judge_with(), mine, clock)
    assert _received(database, other) == 1


def test_of_two_that_look_at_once_one_judges(
    database: Database, site: NewSite, other: NewSite, flood: Flood, clock: StoppedClock
) -> None:
    mine, theirs = flood(site, 1), flood(other, 3)
    clock.advance(seconds=30)
    with database.read() as session:
        arrived = arrivals(session, mine)
    assert take_others(database, arrived, clock) == theirs
    assert take_others(database, arrived, clock) == []
    # Whoever took them may die: the sweep finds them.
    clock.now += HELD_FOR
    with database.write() as session:
        assert set(theirs) <= set(overdue_comments(session, clock()).together)


@pytest.mark.parametrize("why", ["paused", "suspect", "asked about"])
def test_some_are_left_where_they_are(
    database: Database, site: NewSite, other: NewSite, flood: Flood, clock: StoppedClock, why: str
) -> None:
    if why == "asked about":
        with database.write() as session:
            set_policy(session, other.id, Policy(remote=("stop_forum_spam",)), clock())
    mine, theirs = flood(site, 1), flood(other, 1)
    if why == "asked about":
        screen(database, judge_with(), theirs, clock)
    with database.write() as session:
        if why == "paused":
            session.get_one(Site, other.id).paused_at = clock()
        if why == "suspect":
            session.execute(update(Comment).where(Comment.id.in_(theirs)).values(tries=1))
    # The question about it is about to be given up.
    clock.advance(seconds=60)
    with database.read() as session:
        assert take_others(database, arrivals(session, mine), clock) == []


def test_a_comment_that_may_end_its_worker_takes_nobody_along(
    database: Database, site: NewSite, other: NewSite, flood: Flood, clock: StoppedClock
) -> None:
    mine, _ = flood(site, 1), flood(other, 1)
    with database.write() as session:
        session.execute(update(Comment).where(Comment.id.in_(mine)).values(tries=1, rings=1))
    clock.advance(seconds=30)
    screen(database, judge_with(), mine, clock)
    assert _received(database, other) == 1


@pytest.mark.parametrize(
    ("query", "given", "index"),
    [
        (WAITING_SITES, {"most": 1_000}, "comments_waiting"),
        (OLDEST, {"sites": ["st_1", "st_2"], "last": 24}, "comments_by_status"),
        (TAKE, {"ids": ["cm_1", "cm_2"]}, "comments_pkey|sqlite_autoindex_comments_1"),
    ],
    ids=["sites", "oldest", "take"],
)
def test_the_indexes_serve_it(
    database: Database, clock: StoppedClock, query: Executable, given: dict[str, Any], index: str
) -> None:
    moments: dict[str, datetime] = {"soon": clock(), "until": clock()} if query is not WAITING_SITES else {}
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    plans: list[str] = []

    def note(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "comments" in statement:
            plans.append(str(cursor.execute(f"{explain} {statement}", parameters).fetchall()))

    with database.write() as session:
        if not database.is_sqlite:
            # An empty table is read whole for less: say that this is no option.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(database.engine, "before_cursor_execute", note)
        session.execute(query, given | moments).all()
        event.remove(database.engine, "before_cursor_execute", note)
    [plan] = plans
    assert any(name in plan for name in index.split("|")), plan
    assert "Seq Scan on comments" not in plan
    assert "SCAN comments" not in plan.replace("SCAN comments USING COVERING INDEX comments_waiting", "")
    assert "SCAN nth" not in plan
