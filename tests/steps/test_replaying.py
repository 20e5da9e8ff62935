"""Dead letters that are owed anew, and secrets that are replaced."""

from datetime import timedelta

from moderation.db import Database
from moderation.deliveries.breaker import LONGEST_REST
from moderation.deliveries.composing import BOTH_SIGN
from moderation.deliveries.delivering import deliver
from moderation.deliveries.giving_up import give_up
from moderation.deliveries.history import Wanted, replay
from moderation.endpoints import rotate_secret
from moderation.identity import Keyed
from moderation.keys import Caller
from moderation.retention import forget
from moderation.retries import SCHEDULE_SECONDS
from moderation.signing import sign
from moderation.sites import NewSite
from moderation.tables import Endpoint
from tests.conftest import Receiver, StoppedClock
from tests.steps.conftest import Post, decide_on
from tests.steps.endpoints import LOOPBACK, add, attempts, owe, rows


def _replay(database: Database, clock: StoppedClock, state: str = "dead") -> int:
    with database.write() as session:
        return replay(session, None, Wanted(state=state), clock()).count


def test_a_replay_has_the_whole_schedule_before_it(
    database: Database, keyed: Keyed, post: Post, site: NewSite, receiver: Receiver, clock: StoppedClock
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    receiver.answers = [(500, {})]
    ids = owe(database, post, clock)
    for _ in range(2):
        for number, _seconds in enumerate((*SCHEDULE_SECONDS, 0), start=1):
            deliver(database, keyed, LOOPBACK, ids, clock)
            [row] = rows(database)
            assert row.state == ("dead" if number > len(SCHEDULE_SECONDS) else "pending")
            # By then the endpoint may be tried again, too.
            clock.now = max(clock.now, row.next_attempt_at) + LONGEST_REST
        clock.advance(hours=1)
        assert _replay(database, clock) == 1
    assert [one.number for one in attempts(database)] == list(range(1, 21))
    assert {one.headers["webhook-id"] for one in receiver.received} == set(ids)


def test_a_replay_that_was_overtaken_is_no_news(
    database: Database,
    keyed: Keyed,
    post: Post,
    site: NewSite,
    receiver: Receiver,
    caller: Caller,
    clock: StoppedClock,
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    comment = post()
    for action in ("approve", "spam"):
        decide_on(database, caller, comment, action, clock)
        deliver(database, keyed, LOOPBACK, [row.id for row in rows(database)], clock)
    assert _replay(database, clock, "delivered") == 2
    deliver(database, keyed, LOOPBACK, [row.id for row in rows(database)], clock)
    assert [row.state for row in rows(database)] == ["dropped", "delivered"]
    assert len(receiver.received) == 3


def test_what_is_pending_is_not_replayed(
    database: Database, post: Post, site: NewSite, receiver: Receiver, clock: StoppedClock
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    owe(database, post, clock, 2)
    assert _replay(database, clock, "pending") == 0


def test_a_rotated_secret_signs_beside_the_new_one_for_a_day(
    database: Database, keyed: Keyed, post: Post, site: NewSite, receiver: Receiver, clock: StoppedClock
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    with database.write() as session:
        rotate_secret(session.get_one(Endpoint, "ep_1"), clock())
    signed = []
    for wait in (BOTH_SIGN - timedelta(seconds=1), timedelta(seconds=1)):
        clock.now += wait
        deliver(database, keyed, LOOPBACK, owe(database, post, clock), clock)
        message = receiver.received[-1]
        signed.append(message.headers["webhook-signature"].split(" "))
        timestamp = int(message.headers["webhook-timestamp"])
        wanted = [
            sign(keyed.endpoint_secret("ep_1", generation), message.headers["webhook-id"], timestamp, message.body)
            for generation in (2, 1)
        ]
        assert signed[-1] == wanted[: len(signed[-1])]
    assert [len(one) for one in signed] == [2, 1]


def test_what_waits_for_an_endpoint_that_failed_for_days_is_given_up(
    database: Database, keyed: Keyed, post: Post, site: NewSite, receiver: Receiver, clock: StoppedClock
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    receiver.answers = [(500, {})]
    old = owe(database, post, clock, 10)
    deliver(database, keyed, LOOPBACK, old, clock)
    clock.advance(days=4)
    new = owe(database, post, clock)
    # Not longer than that yet.
    assert give_up(database, clock()) == 0
    clock.advance(seconds=1)
    assert give_up(database, clock()) == len(old)
    assert {row.last_error for row in rows(database) if row.id in old} == {"the endpoint failed for four days"}
    assert [row.state for row in rows(database) if row.id in new] == ["pending"]


def test_the_log_is_kept_for_its_days_and_what_is_owed_for_longer(
    database: Database, keyed: Keyed, post: Post, site: NewSite, receiver: Receiver, clock: StoppedClock
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    deliver(database, keyed, LOOPBACK, owe(database, post, clock, 3), clock)
    owed = owe(database, post, clock)
    clock.advance(days=30)
    forget(database, clock(), ip_retention_days=30, delivery_retention_days=30)
    assert len(rows(database)) == 4
    clock.advance(seconds=1)
    forget(database, clock(), ip_retention_days=30, delivery_retention_days=30)
    assert [row.id for row in rows(database)] == owed
    assert attempts(database) == []
    with database.read() as session:
        assert session.get_one(Endpoint, "ep_1").attempts_made == 3
