"""Endpoints that fail: left alone, tried by one, taken back; their owner hears of it, and nobody else waits."""

import json
import threading
from datetime import timedelta

import pytest

from moderation.db import Database
from moderation.deliveries.breaker import TRIPS_AFTER
from moderation.deliveries.delivering import deliver
from moderation.deliveries.sending import IN_FLIGHT
from moderation.endpoints import EndpointChange, change_endpoint
from moderation.events import ENDPOINT_TYPES
from moderation.identity import Keyed
from moderation.sites import NewSite
from moderation.sweeping import RING_AGAIN_AFTER, overdue_deliveries
from moderation.tables import Endpoint
from tests.conftest import Receiver, StoppedClock, receiving
from tests.stand_ins import Reply, stand_in
from tests.steps.conftest import Post
from tests.steps.endpoints import LOOPBACK, add, owe, rows


@pytest.fixture
def endpoint(database: Database, site: NewSite, receiver: Receiver, clock: StoppedClock) -> str:
    """Let the receiver hear of comments."""
    return add(database, site.id, "ep_1", receiver.url, clock)


def _fail(database: Database, keyed: Keyed, ids: list[str], clock: StoppedClock, times: int) -> None:
    """Have the endpoint tried so many times, each as soon as it may be."""
    for _ in range(times):
        deliver(database, keyed, LOOPBACK, ids, clock)
        with database.read() as session:
            clock.now = max(clock.now, session.get_one(Endpoint, "ep_1").rests_until or clock.now)


def test_what_waits_for_an_endpoint_that_fails_counts_no_attempts(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(500, {})]
    ids = owe(database, post, clock, 20)
    deliver(database, keyed, LOOPBACK, ids, clock)
    # Those that were under way together, and no others.
    under_way = len(receiver.received)
    assert under_way <= IN_FLIGHT
    for _ in range(3):
        deliver(database, keyed, LOOPBACK, ids, clock)
    assert len(receiver.received) == under_way
    # Then one after the other, each time one that was tried least.
    _fail(database, keyed, ids, clock, 6)
    assert len(receiver.received) == under_way + 5
    assert max(row.attempts for row in rows(database)) == 1
    assert {row.state for row in rows(database)} == {"pending"}


def test_an_endpoint_that_comes_back_gets_all_it_is_owed_at_once(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(503, {})]
    ids = owe(database, post, clock, 12)
    _fail(database, keyed, ids, clock, TRIPS_AFTER)
    receiver.answers = [(204, {})]
    clock.advance(minutes=10)
    deliver(database, keyed, LOOPBACK, ids, clock)
    assert [row.state for row in rows(database)] == ["delivered"] * 12
    with database.read() as session:
        found = session.get_one(Endpoint, endpoint)
    assert (found.failures, found.failing_since, found.rests_until, found.tripped_at) == (0, None, None, None)


def test_the_owner_hears_at_another_endpoint_that_one_fails_and_that_it_is_back(
    database: Database,
    keyed: Keyed,
    post: Post,
    site: NewSite,
    endpoint: str,
    receiver: Receiver,
    clock: StoppedClock,
) -> None:
    began = clock()
    receiver.answers = [(500, {})]
    with receiving() as chat:
        other = add(database, site.id, "ep_2", chat.url, clock, ENDPOINT_TYPES)
        with database.write() as session:
            session.get_one(Endpoint, endpoint).events = ["comment.approved", *ENDPOINT_TYPES]
        ids = owe(database, post, clock, 12)
        _fail(database, keyed, ids, clock, TRIPS_AFTER - 1)
        assert rows(database, other) == []
        [bell] = deliver(database, keyed, LOOPBACK, ids, clock).owed
        assert bell.endpoint_id == other
        receiver.answers = [(204, {})]
        clock.advance(hours=1)
        deliver(database, keyed, LOOPBACK, ids, clock)
        deliver(database, keyed, LOOPBACK, [row.id for row in rows(database, other)], clock)
        down, up = sorted((json.loads(one.body) for one in chat.received), key=lambda told: told["timestamp"])
    # Nothing of it was told to the endpoint itself.
    assert [row.state for row in rows(database, endpoint)] == ["delivered"] * 12
    since = began.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    about = {"site": site.id, "endpoint": endpoint, "host": "127.0.0.1", "failing_since": since}
    assert down["type"] == "endpoint.disabled"
    assert down["data"] == about | {"reason": "answered 500", "is_tried_again": True}
    assert (up["type"], up["data"]) == ("endpoint.recovered", about)


def test_the_owner_hears_of_an_endpoint_that_is_gone_once(
    database: Database, keyed: Keyed, post: Post, site: NewSite, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(410, {})]
    other = add(database, site.id, "ep_2", receiver.url, clock, ENDPOINT_TYPES)
    ids = owe(database, post, clock, 3)
    for _ in range(2):
        deliver(database, keyed, LOOPBACK, ids, clock)
    assert len(rows(database, other)) == 1


def test_an_endpoint_that_asks_for_patience_gets_it_for_all_it_is_owed(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(429, {"retry-after": "120"})]
    deliver(database, keyed, LOOPBACK, owe(database, post, clock), clock)
    later = owe(database, post, clock, 2)
    receiver.answers = [(204, {})]
    clock.advance(seconds=119)
    assert deliver(database, keyed, LOOPBACK, later, clock).tried == []
    clock.advance(seconds=1)
    deliver(database, keyed, LOOPBACK, later, clock)
    assert [row.state for row in rows(database)] == ["delivered"] * 3


def test_an_endpoint_that_is_enabled_anew_or_moved_is_tried_at_once(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(500, {})]
    ids = owe(database, post, clock, 2)
    for change in (EndpointChange(enabled=True), EndpointChange(url=receiver.url)):
        _fail(database, keyed, ids, clock, TRIPS_AFTER)
        heard = len(receiver.received)
        clock.advance(seconds=-1)
        assert deliver(database, keyed, LOOPBACK, ids, clock).tried == []
        with database.write() as session:
            change_endpoint(session.get_one(Endpoint, endpoint), change)
        ids += owe(database, post, clock)
        deliver(database, keyed, LOOPBACK, ids, clock)
        assert len(receiver.received) > heard
        clock.advance(seconds=1)


def test_no_more_than_so_many_are_under_way_to_an_endpoint_however_many_workers_there_are(
    database: Database, keyed: Keyed, post: Post, site: NewSite, clock: StoppedClock
) -> None:
    lock, several = threading.Lock(), threading.Event()
    now, most = 0, 0

    def respond(_received: object) -> Reply:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            if now == IN_FLIGHT:
                several.set()
        # Until as many are here as may be: they come together.
        several.wait(10)
        with lock:
            now -= 1
        return Reply(status=204)

    with stand_in(respond) as slow:
        slow.may_answer.set()
        add(database, site.id, "ep_1", slow.url, clock)
        ids = owe(database, post, clock, 30)
        workers = [threading.Thread(target=deliver, args=(database, keyed, LOOPBACK, ids, clock)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(slow.received) == 30
    assert most == IN_FLIGHT
    assert [row.state for row in rows(database)] == ["delivered"] * 30


def test_the_sweep_rings_once_for_an_endpoint_and_not_for_one_that_is_left_alone(
    database: Database, keyed: Keyed, post: Post, site: NewSite, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(500, {})]
    deliver(database, keyed, LOOPBACK, owe(database, post, clock, 3), clock)
    add(database, site.id, "ep_2", receiver.url, clock)
    owe(database, post, clock, 2)
    with database.write() as session:
        session.get_one(Endpoint, endpoint).rests_until = clock() + timedelta(minutes=10)

    def swept() -> list[str]:
        with database.write() as session:
            return [one.endpoint_id for one in overdue_deliveries(session, clock())]

    clock.advance(seconds=10)
    assert swept() == ["ep_2"]
    assert swept() == []
    clock.now += RING_AGAIN_AFTER
    assert swept() == ["ep_2"]
    clock.advance(minutes=10)
    assert swept() == [endpoint, "ep_2"]
