"""Holding back: what is paused waits and is found afterwards; the rest goes on."""

from datetime import timedelta

import pytest

from moderation.db import Database
from moderation.deliveries.delivering import deliver
from moderation.errors import NotFoundError
from moderation.identity import Keyed
from moderation.metrics.page import render
from moderation.pausing import drain, pause, read_controls, resume, set_log_level
from moderation.screening import screen
from moderation.settings import Settings
from moderation.sites import NewSite, add_site
from moderation.sweeping import overdue_comments, overdue_deliveries
from moderation.tables import Comment
from tests.conftest import Receiver, StoppedClock
from tests.steps.conftest import Post
from tests.steps.endpoints import LOOPBACK, add, owe
from tests.steps.judges import judge_with


def _pause(database: Database, name: str, clock: StoppedClock) -> None:
    with database.write() as session:
        pause(session, name, clock())


def _resume(database: Database, name: str) -> bool:
    with database.write() as session:
        return resume(session, name)[1]


def _swept(database: Database, clock: StoppedClock) -> tuple[str, ...]:
    with database.write() as session:
        overdue = overdue_comments(session, clock())
    return overdue.together + overdue.alone


def test_comments_of_a_paused_site_wait_and_are_judged_afterwards(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    _pause(database, "News", clock)
    comment_id = post()
    assert screen(database, judge_with(), [comment_id], clock) == []
    clock.advance(hours=1)
    assert _swept(database, clock) == ()
    with database.read() as session:
        waiting = session.get_one(Comment, comment_id)
        assert (waiting.status, waiting.rings, waiting.tries) == ("received", 0, 0)
    assert _resume(database, site.id)
    assert _swept(database, clock) == (comment_id,)
    screen(database, judge_with(), [comment_id], clock)
    with database.read() as session:
        assert session.get_one(Comment, comment_id).status == "approved"


def test_other_sites_go_on(database: Database, keyed: Keyed, post: Post, clock: StoppedClock) -> None:
    with database.write() as session:
        add_site(session, keyed, "Weather", None, clock())
    _pause(database, "Weather", clock)
    comment_id = post()
    clock.advance(minutes=1)
    assert _swept(database, clock) == (comment_id,)
    screen(database, judge_with(), [comment_id], clock)
    with database.read() as session:
        assert session.get_one(Comment, comment_id).status == "approved"


def test_nobody_is_told_of_a_paused_site_until_it_goes_on(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock, receiver: Receiver
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    owed = owe(database, post, clock)
    _pause(database, site.id, clock)
    assert deliver(database, keyed, LOOPBACK, owed, clock).tried == []
    clock.advance(minutes=2)
    with database.write() as session:
        assert overdue_deliveries(session, clock()) == []
    assert _resume(database, site.id)
    with database.write() as session:
        assert [one.delivery_id for one in overdue_deliveries(session, clock())] == owed
    assert len(deliver(database, keyed, LOOPBACK, owed, clock).tried) == 1


def test_what_processes_are_told_holds_until_it_is_taken_back(database: Database, clock: StoppedClock) -> None:
    began = clock()
    _pause(database, "deliver", clock)
    clock.advance(minutes=1)
    _pause(database, "deliver", clock)
    with database.write() as session:
        drain(session, clock())
        set_log_level(session, "DEBUG", clock())
        set_log_level(session, "ERROR", clock())
    with database.read() as session:
        told = read_controls(session)
    assert told.paused_queues == {"deliver": began}
    assert told.drained_at == began + timedelta(minutes=1)
    assert told.log_level == "ERROR"
    assert [_resume(database, name) for name in ("deliver", "workers", "screen")] == [True, True, False]
    with database.write() as session:
        set_log_level(session, None, clock())
    with database.read() as session:
        told = read_controls(session)
    assert (dict(told.paused_queues), told.drained_at, told.log_level) == ({}, None, None)


def test_what_is_neither_a_site_nor_a_queue_is_refused(database: Database, clock: StoppedClock) -> None:
    with pytest.raises(NotFoundError):
        _pause(database, "deliveries", clock)


def test_the_metrics_tell_what_is_held_back(database: Database, site: NewSite, clock: StoppedClock) -> None:
    _pause(database, site.id, clock)
    _pause(database, "screen", clock)
    text = render(Settings(redis_url="redis://127.0.0.1:1/0"), database, clock()).decode()
    assert 'moderation_paused{kind="site"} 1.0' in text
    assert 'moderation_paused{kind="queue"} 1.0' in text
    assert 'moderation_paused{kind="workers"} 0.0' in text
