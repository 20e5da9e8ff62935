"""Requeueing: what is owed is rung for before its time, and nothing else is touched."""

from datetime import timedelta

from sqlalchemy import update

from moderation.db import Database
from moderation.deliveries.delivering import deliver
from moderation.identity import Keyed
from moderation.requeueing import requeue_comments, requeue_deliveries
from moderation.screening import screen
from moderation.sites import NewSite
from moderation.sweeping import overdue_comments, overdue_deliveries
from moderation.tables import Endpoint
from tests.conftest import Receiver, StoppedClock
from tests.steps.conftest import Post
from tests.steps.endpoints import LOOPBACK, add, owe
from tests.steps.judges import judge_with

AT_ONCE = timedelta(0)


def test_comments_that_wait_are_rung_for_at_the_next_sweep(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    judged, old = post(), post()
    screen(database, judge_with(), [judged], clock)
    clock.advance(seconds=5)
    young = post()
    assert requeue_comments(database, clock(), site_id="st_other", older_than=AT_ONCE) == 0
    assert requeue_comments(database, clock(), site_id=site.id, older_than=timedelta(seconds=5)) == 1
    with database.write() as session:
        assert overdue_comments(session, clock()).together == (old,)
    # Rung for a moment ago, and once more when somebody asks for it.
    assert requeue_comments(database, clock(), site_id=None, older_than=AT_ONCE) == 2
    with database.write() as session:
        assert overdue_comments(session, clock()).together == (old, young)


def test_deliveries_to_an_endpoint_that_is_left_alone_are_tried_at_once(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock, receiver: Receiver
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    receiver.answers = [(503, {"retry-after": "600"}), (204, {})]
    owed = owe(database, post, clock)
    deliver(database, keyed, LOOPBACK, owed, clock)
    clock.advance(seconds=1)
    assert deliver(database, keyed, LOOPBACK, owed, clock).tried == []
    assert requeue_deliveries(database, clock(), site_id="st_other", older_than=AT_ONCE) == 0
    assert requeue_deliveries(database, clock(), site_id=site.id, older_than=AT_ONCE) == 1
    with database.write() as session:
        rung = [one.delivery_id for one in overdue_deliveries(session, clock())]
    assert [one.outcome.result for one in deliver(database, keyed, LOOPBACK, rung, clock).tried] == ["delivered"]


def test_what_is_due_and_waits_for_its_endpoint_alone_is_tried_at_once(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock, receiver: Receiver
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    owed = owe(database, post, clock)
    with database.write() as session:
        session.execute(update(Endpoint).values(rests_until=clock() + timedelta(minutes=30)))
    assert deliver(database, keyed, LOOPBACK, owed, clock).tried == []
    assert requeue_deliveries(database, clock(), site_id=site.id, older_than=AT_ONCE) == 1
    assert requeue_deliveries(database, clock(), site_id=site.id, older_than=AT_ONCE) == 0
    assert [one.outcome.result for one in deliver(database, keyed, LOOPBACK, owed, clock).tried] == ["delivered"]


def test_what_is_being_sent_is_not_sent_a_second_time(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    add(database, site.id, "ep_1", "http://127.0.0.1:1/", clock)
    owe(database, post, clock)
    clock.advance(seconds=-1)
    with database.write() as session:
        session.execute(update(Endpoint).values(lease="ls_1", leased_until=clock() + timedelta(seconds=30)))
    # It was owed a second ahead of this clock.
    assert requeue_deliveries(database, clock(), site_id=None, older_than=timedelta(seconds=-1)) == 0
    with database.write() as session:
        session.execute(update(Endpoint).values(lease=None, leased_until=None))
    assert requeue_deliveries(database, clock(), site_id=None, older_than=timedelta(seconds=-1)) == 1
