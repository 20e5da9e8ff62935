"""Sweeping: work whose message was lost is found, and a backlog is not rung for over and over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Select, text, update

from moderation.db import Database
from moderation.intake import RING_AFTER
from moderation.screening import screen
from moderation.sweeping import RING_AGAIN_AFTER, due_comments, overdue_comments, owing_endpoints
from moderation.tables import Comment
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with


def _sweep(database: Database, clock: StoppedClock) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with database.write() as session:
        overdue = overdue_comments(session, clock())
    return overdue.together, overdue.alone


def test_a_comment_whose_message_was_lost_is_rung_for_again(
    database: Database, post: Post, clock: StoppedClock
) -> None:
    comment_id = post()
    assert _sweep(database, clock) == ((), ())
    clock.now += RING_AFTER
    assert _sweep(database, clock) == ((comment_id,), ())
    # Its message may wait in a backlog: the next sweeps leave it alone for a while.
    assert _sweep(database, clock) == ((), ())
    clock.now += RING_AGAIN_AFTER
    assert _sweep(database, clock) == ((comment_id,), ())


def test_a_comment_that_was_begun_before_is_rung_for_alone(database: Database, post: Post, clock: StoppedClock) -> None:
    suspect, other = post(), post()
    with database.write() as session:
        session.execute(update(Comment).where(Comment.id == suspect).values(tries=1))
    clock.now += RING_AFTER
    assert _sweep(database, clock) == ((other,), (suspect,))


def test_a_judged_comment_is_not_rung_for(database: Database, post: Post, clock: StoppedClock) -> None:
    screen(database, judge_with(), [post()], clock)
    clock.now += timedelta(days=1)
    assert _sweep(database, clock) == ((), ())


def test_a_comment_of_before_the_clock_was_set_back_is_found(
    database: Database, post: Post, clock: StoppedClock
) -> None:
    comment_id = post()
    clock.advance(hours=-1)
    assert _sweep(database, clock) == ((comment_id,), ())
    assert _sweep(database, clock) == ((), ())


@pytest.mark.parametrize(
    ("query", "index"),
    [(due_comments, "comments_owed"), (owing_endpoints, "deliveries_owed_by_endpoint")],
    ids=["comments", "deliveries"],
)
def test_the_sweeps_use_the_index_of_what_is_owed(
    database: Database, clock: StoppedClock, query: Callable[[datetime], Select[Any]], index: str
) -> None:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    compiled = query(clock()).compile(database.engine, compile_kwargs={"render_postcompile": True})
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            # An empty table is read whole for less: say that this is no option.
            connection.execute(text("SET enable_seqscan = off"))
        parameters = [compiled.params[name] for name in compiled.positiontup or ()] or compiled.params
        bound = tuple(str(one) for one in parameters) if database.is_sqlite else parameters
        plan = connection.exec_driver_sql(f"{explain} {compiled}", bound).all()
    assert index in str(plan)
