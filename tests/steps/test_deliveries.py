"""Deliveries: signed, retried, given up, and never sent by two at once."""

import ipaddress
import json
import threading
from datetime import timedelta

import pytest
import standardwebhooks
import svix.webhooks
from sqlalchemy import select, update

from moderation.action_links import ActionLink, LinkMaker, read_token
from moderation.clock import utc_now
from moderation.db import Database
from moderation.deliveries.claiming import CLAIM
from moderation.deliveries.delivering import deliver
from moderation.events import Owed
from moderation.identity import Keyed
from moderation.outbound import Outbound
from moderation.retries import SCHEDULE_SECONDS
from moderation.screening import screen
from moderation.sites import NewSite
from moderation.sweeping import overdue_deliveries
from moderation.tables import AttemptRow, DeliveryRow, Endpoint
from tests.conftest import Receiver, StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with

LOOPBACK = Outbound((ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
def endpoint(database: Database, site: NewSite, receiver: Receiver, clock: StoppedClock) -> str:
    """Let the receiver hear of everything."""
    events = ["comment.approved", "comment.held", "comment.spam", "comment.rejected"]
    with database.write() as session:
        session.add(
            Endpoint(
                id="ep_1",
                site_id=site.id,
                url=receiver.url,
                events=events,
                format="standard",
                enabled=True,
                created_at=clock(),
            )
        )
    return "ep_1"


def _owe(database: Database, post: Post, clock: StoppedClock, count: int = 1) -> list[str]:
    ids = [post(body=f"Comment number {number}") for number in range(count)]
    return [one.delivery_id for one in screen(database, judge_with(), ids, clock)]


def _rows(database: Database) -> list[DeliveryRow]:
    with database.read() as session:
        return list(session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)))


def test_stock_libraries_verify_what_arrives(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver
) -> None:
    # The libraries look at the real clock.
    ids = _owe(database, post, StoppedClock(utc_now()))
    deliver(database, keyed, LOOPBACK, ids)
    [webhook] = receiver.wait_for(1)
    secret = keyed.endpoint_secret(endpoint, 1)
    standardwebhooks.Webhook(secret).verify(webhook.body, webhook.headers)
    svix.webhooks.Webhook(secret).verify(webhook.body, webhook.headers)
    message = json.loads(webhook.body)
    assert message["type"] == "comment.approved"
    assert message["data"]["comment"]["name"] == "A reader"
    assert message["data"]["verdict"]["action"] == "approve"
    assert webhook.headers["webhook-id"] == ids[0]
    assert webhook.headers["content-type"] == "application/json"


def test_only_what_is_held_comes_with_links_that_settle_it(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    [approved] = _owe(database, post, clock)
    [held] = [one.delivery_id for one in screen(database, judge_with(), [post(body="Some spam.")], clock)]
    owed_at = clock()
    clock.advance(hours=1)
    deliver(database, keyed, LOOPBACK, [approved, held], clock, links=LinkMaker(keyed, "https://m.example.com"))
    told = [json.loads(one.body)["data"] for one in receiver.wait_for(2)]
    plain, message = sorted(told, key=lambda data: data["comment"]["status"])
    assert plain["actions"] is None
    assert list(message["actions"]) == ["approve", "reject", "spam"]
    for action, link in message["actions"].items():
        token = link.removeprefix("https://m.example.com/m/")
        assert read_token(keyed, token) == ActionLink(
            action, message["comment"]["id"], message["comment"]["version"], endpoint, owed_at + timedelta(days=7)
        )


def test_a_message_that_comes_again_is_the_same_to_the_byte(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(500, {}), (204, {})]
    [held] = [one.delivery_id for one in screen(database, judge_with(), [post(body="Some spam.")], clock)]
    for _ in range(2):
        clock.advance(minutes=1)
        deliver(database, keyed, LOOPBACK, [held], clock, links=LinkMaker(keyed, "https://m.example.com"))
    first, again = receiver.received
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body
    assert json.loads(first.body)["data"]["actions"]


def test_a_delivery_is_made_once_and_its_attempt_is_kept(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    ids = _owe(database, post, clock)
    deliver(database, keyed, LOOPBACK, ids, clock)
    deliver(database, keyed, LOOPBACK, ids, clock)
    assert len(receiver.received) == 1
    [row] = _rows(database)
    assert (row.state, row.attempts, row.finished_at) == ("delivered", 1, clock())
    with database.read() as session:
        [attempt] = session.scalars(select(AttemptRow)).all()
    assert (attempt.number, attempt.status, attempt.error) == (1, 204, None)


def test_a_refusal_is_tried_again_on_schedule_under_the_same_id_and_then_is_a_dead_letter(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(500, {})]
    [delivery_id] = _owe(database, post, clock)
    for number, seconds in enumerate(SCHEDULE_SECONDS, start=1):
        deliver(database, keyed, LOOPBACK, [delivery_id], clock)
        [row] = _rows(database)
        assert (row.state, row.attempts, row.last_error) == ("pending", number, "answered 500")
        wait = (row.next_attempt_at - clock()).total_seconds()
        assert seconds <= wait <= seconds * 1.1 + 1
        # Not a second earlier, whoever asks.
        clock.now = row.next_attempt_at - timedelta(seconds=1)
        assert deliver(database, keyed, LOOPBACK, [delivery_id], clock).tried == []
        clock.now = row.next_attempt_at
    deliver(database, keyed, LOOPBACK, [delivery_id], clock)
    [row] = _rows(database)
    assert (row.state, row.attempts) == ("dead", 10)
    assert {one.headers["webhook-id"] for one in receiver.received} == {delivery_id}
    assert len({one.headers["webhook-timestamp"] for one in receiver.received}) == 10
    assert len({one.body for one in receiver.received}) == 1


def test_a_receiver_that_asks_for_patience_gets_it(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(429, {"retry-after": "3600"})]
    ids = _owe(database, post, clock)
    deliver(database, keyed, LOOPBACK, ids, clock)
    assert _rows(database)[0].next_attempt_at == clock() + timedelta(hours=1)


def test_a_redirect_is_not_followed(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(302, {"location": receiver.url + "/elsewhere"})]
    deliver(database, keyed, LOOPBACK, _owe(database, post, clock), clock)
    assert [one.path for one in receiver.received] == ["/hook"]
    assert _rows(database)[0].last_error == "answered 302"


def test_410_disables_the_endpoint_and_what_it_is_owed_is_dead(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [(410, {})]
    ids = _owe(database, post, clock, count=3)
    deliver(database, keyed, LOOPBACK, ids, clock)
    with database.read() as session:
        found = session.get_one(Endpoint, endpoint)
    assert (found.enabled, found.disabled_reason) == (False, "it answered 410")
    assert [row.state for row in _rows(database)] == ["dead", "dead", "dead"]
    heard = len(receiver.received)
    clock.advance(days=1)
    deliver(database, keyed, LOOPBACK, ids, clock)
    assert len(receiver.received) == heard
    # And nothing new is owed to it.
    assert _owe(database, post, clock) == []


def test_an_address_that_is_not_allowed_is_a_dead_letter_at_once(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    deliver(database, keyed, Outbound(), _owe(database, post, clock), clock)
    [row] = _rows(database)
    assert (row.state, row.last_error) == ("dead", "127.0.0.1 is not a public address")
    assert receiver.received == []


def test_workers_that_race_send_each_delivery_once(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    ids = _owe(database, post, clock, count=20)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        deliver(database, keyed, LOOPBACK, ids, clock)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.headers["webhook-id"] for one in receiver.received) == sorted(ids)


def test_a_delivery_whose_worker_died_is_sent_again_when_its_claim_has_run_out(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    [delivery_id] = _owe(database, post, clock)

    class Dying(Outbound):
        def post(self, *_: object) -> None:  # type: ignore[override]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(database, keyed, Dying(), [delivery_id], clock)
    assert deliver(database, keyed, LOOPBACK, [delivery_id], clock).tried == []
    clock.now += CLAIM
    with database.write() as session:
        assert overdue_deliveries(session, clock()) == [Owed(delivery_id, endpoint)]
    deliver(database, keyed, LOOPBACK, [delivery_id], clock)
    assert [one.headers["webhook-id"] for one in receiver.received] == [delivery_id]


def test_a_delivery_of_before_the_clock_was_set_back_is_found_and_sent(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    [delivery_id] = _owe(database, post, clock)
    clock.advance(hours=-1)
    with database.write() as session:
        assert overdue_deliveries(session, clock()) == [Owed(delivery_id, endpoint)]
        assert overdue_deliveries(session, clock()) == []
    deliver(database, keyed, LOOPBACK, [delivery_id], clock)
    assert [one.headers["webhook-id"] for one in receiver.received] == [delivery_id]


def test_a_worker_that_was_too_slow_does_not_overwrite_what_another_found(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    [delivery_id] = _owe(database, post, clock)

    class Overtaken(Outbound):
        def post(self, *_: object) -> None:  # type: ignore[override]
            with database.write() as session:
                session.execute(update(DeliveryRow).values(attempts=2, state="delivered"))
            raise AssertionError

    class Slow(Overtaken):
        def post(self, *arguments: object) -> None:  # type: ignore[override]
            from moderation.outbound import OutboundError

            try:
                super().post(*arguments)
            except AssertionError:
                raise OutboundError("no answer in time") from None

    deliver(database, keyed, Slow(), [delivery_id], clock)
    [row] = _rows(database)
    assert (row.state, row.attempts) == ("delivered", 2)


def test_a_removed_endpoint_gets_nothing_more(
    database: Database, keyed: Keyed, post: Post, endpoint: str, receiver: Receiver, clock: StoppedClock
) -> None:
    ids = _owe(database, post, clock)
    with database.write() as session:
        session.execute(update(Endpoint).values(deleted_at=clock()))
    deliver(database, keyed, LOOPBACK, ids, clock)
    assert receiver.received == []
    assert _rows(database)[0].state == "dead"
