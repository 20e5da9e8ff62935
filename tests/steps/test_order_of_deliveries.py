"""Order: what happened to a comment is never told as news after what happened to it later."""

import ipaddress
import json
import threading
from collections.abc import Mapping

import pytest
from sqlalchemy import event

from moderation.db import Database
from moderation.deliveries.delivering import deliver
from moderation.events import COMMENT_TYPES
from moderation.identity import Keyed
from moderation.keys import Caller
from moderation.outbound import Answer, Outbound
from moderation.sites import NewSite
from moderation.tables import DeliveryRow, Endpoint
from tests.conftest import Receiver, StoppedClock
from tests.steps.conftest import Post, decide_on
from tests.steps.endpoints import LOOPBACK, add, attempts, owe, rows, types


def _comment_of(database: Database, delivery_id: str) -> str:
    from moderation.tables import EventRow

    with database.read() as session:
        delivery = session.get_one(DeliveryRow, delivery_id)
        return str(session.get_one(EventRow, delivery.event_id).comment_id)


def _told(receiver: Receiver) -> list[tuple[str, int]]:
    told = [json.loads(one.body) for one in receiver.received]
    return [(one["type"], one["data"]["comment"]["version"]) for one in told]


def test_what_was_overtaken_before_it_was_sent_is_dropped_and_says_why(
    database: Database,
    keyed: Keyed,
    post: Post,
    site: NewSite,
    receiver: Receiver,
    caller: Caller,
    clock: StoppedClock,
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    [first] = owe(database, post, clock)
    comment = _comment_of(database, first)
    for action in ("hold", "spam"):
        decide_on(database, caller, comment, action, clock)
    ids = [row.id for row in rows(database)]
    deliver(database, keyed, LOOPBACK, ids, clock)
    assert _told(receiver) == [("comment.spam", 4)]
    found = rows(database)
    assert [row.state for row in found] == ["dropped", "dropped", "delivered"]
    assert [row.attempts for row in found] == [0, 0, 1]
    assert {row.last_error for row in found[:2]} == {"stale: comment.spam came after it (version 4)"}
    assert len(attempts(database)) == 1


def test_a_retry_that_was_overtaken_is_dropped(
    database: Database,
    keyed: Keyed,
    post: Post,
    site: NewSite,
    receiver: Receiver,
    caller: Caller,
    clock: StoppedClock,
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    receiver.answers = [(500, {}), (204, {})]
    [first] = owe(database, post, clock)
    deliver(database, keyed, LOOPBACK, [first], clock)
    decide_on(database, caller, _comment_of(database, first), "spam", clock)
    clock.advance(minutes=1)
    deliver(database, keyed, LOOPBACK, [first], clock)
    assert _told(receiver) == [("comment.approved", 2), ("comment.spam", 3)]
    assert [(row.state, row.attempts) for row in rows(database)] == [("dropped", 1), ("delivered", 1)]


def test_moderators_are_not_asked_about_what_was_settled_meanwhile(
    database: Database,
    keyed: Keyed,
    post: Post,
    site: NewSite,
    receiver: Receiver,
    caller: Caller,
    clock: StoppedClock,
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock, ["comment.approved"])
    add(database, site.id, "ep_2", receiver.url, clock, ["comment.held"])
    comment = _comment_of(database, owe(database, post, clock)[0])
    for action in ("hold", "approve"):
        decide_on(database, caller, comment, action, clock)
    deliver(database, keyed, LOOPBACK, [row.id for row in rows(database)], clock)
    assert _told(receiver) == [("comment.approved", 4)]
    assert [row.state for row in rows(database, "ep_2")] == ["dropped"]


def test_a_website_hears_every_final_state_and_its_own_id_of_the_comment(
    database: Database,
    keyed: Keyed,
    post: Post,
    site: NewSite,
    receiver: Receiver,
    caller: Caller,
    clock: StoppedClock,
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock, COMMENT_TYPES)
    comment = post(external_id="77")
    actions = ("approve", "reject", "approve", "spam", "hold")
    for action in actions:
        decide_on(database, caller, comment, action, clock)
        deliver(database, keyed, LOOPBACK, [row.id for row in rows(database)], clock)
    told = [json.loads(one.body) for one in receiver.received]
    assert [one["type"].partition(".")[2] for one in told] == ["approved", "rejected", "approved", "spam", "held"]
    assert {one["data"]["comment"]["external_id"] for one in told} == {"77"}
    assert [one["data"]["decision"]["action"] for one in told] == list(actions)
    assert types(database, "ep_1") == [one["type"] for one in told]


def test_a_message_that_can_not_be_made_is_a_dead_letter_and_keeps_no_other_waiting(
    database: Database, keyed: Keyed, post: Post, site: NewSite, receiver: Receiver, clock: StoppedClock
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    ids = owe(database, post, clock)
    with database.write() as session:
        session.get_one(Endpoint, "ep_1").format = "fax"
    deliver(database, keyed, LOOPBACK, ids, clock)
    [row] = rows(database)
    assert (row.state, row.last_error) == ("dead", "the message could not be made (KeyError)")


def test_what_is_stale_is_dropped_in_one_statement(
    database: Database,
    keyed: Keyed,
    post: Post,
    site: NewSite,
    receiver: Receiver,
    caller: Caller,
    clock: StoppedClock,
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    first = owe(database, post, clock, 30)
    for delivery_id in first:
        decide_on(database, caller, _comment_of(database, delivery_id), "spam", clock)
    said = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    deliver(database, keyed, LOOPBACK, [row.id for row in rows(database)], clock)
    assert [row.state for row in rows(database)] == ["dropped"] * 30 + ["delivered"] * 30
    assert sum("CASE" in one for one in said if one.startswith("UPDATE deliveries")) == 1
    assert sum(one.startswith("UPDATE deliveries") for one in said) < 10


class _Broken(Outbound):
    """Fails once, in the middle, in a way that nobody thought of."""

    posted = 0
    counting = threading.Lock()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        with self.counting:
            self.posted += 1
            is_broken = self.posted == 2
        if is_broken:
            raise RuntimeError("can't start new thread")
        return super().post(url, headers, body)


def test_an_error_that_nobody_thought_of_is_an_attempt_of_its_own_delivery_and_of_no_other(
    database: Database, keyed: Keyed, post: Post, site: NewSite, receiver: Receiver, clock: StoppedClock
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    ids = owe(database, post, clock, 12)
    broken = _Broken((ipaddress.ip_network("127.0.0.0/8"),))
    deliver(database, keyed, broken, ids, clock)
    [failed] = [row for row in rows(database) if row.last_error]
    assert (failed.state, failed.attempts, failed.last_error) == ("pending", 1, "sending failed (RuntimeError)")
    # What arrived is known to have arrived, and what was not tried is due.
    arrived = [one.headers["webhook-id"] for one in receiver.received]
    assert {row.id for row in rows(database) if row.state == "delivered"} == set(arrived)
    clock.advance(seconds=6)
    deliver(database, keyed, broken, ids, clock)
    assert sorted(one.headers["webhook-id"] for one in receiver.received) == sorted(ids)


@pytest.mark.parametrize("is_removed", [True, False], ids=["removed", "disabled"])
def test_what_an_endpoint_is_owed_that_hears_no_more_is_dead_without_an_attempt(
    database: Database,
    keyed: Keyed,
    post: Post,
    site: NewSite,
    receiver: Receiver,
    clock: StoppedClock,
    is_removed: bool,
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    ids = owe(database, post, clock, 60)
    with database.write() as session:
        found = session.get_one(Endpoint, "ep_1")
        found.enabled, found.deleted_at = is_removed, clock() if is_removed else None
    deliver(database, keyed, LOOPBACK, ids, clock)
    assert receiver.received == []
    assert attempts(database) == []
    assert {(row.state, row.attempts, row.last_error) for row in rows(database)} == {
        ("dead", 0, "the endpoint is disabled")
    }
