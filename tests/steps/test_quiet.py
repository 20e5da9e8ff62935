"""Quiet endpoints: bursts, nights and campaigns are one message, of what is still held when it is sent."""

import ipaddress
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from moderation.action_links import LinkMaker, read_token
from moderation.db import Database
from moderation.deliveries.delivering import deliver
from moderation.deliveries.gathering import BETWEEN, COPIES_WAIT
from moderation.endpoints import add_endpoint, read_endpoint
from moderation.events import by_endpoint
from moderation.identity import Keyed
from moderation.keys import Caller
from moderation.outbound import Outbound
from moderation.policy import read_policy
from moderation.reminders import remind, sites_with_held
from moderation.screening import screen
from moderation.sites import NewSite, set_policy
from moderation.sweeping import overdue_deliveries
from moderation.tables import Comment, DeliveryRow, EventRow
from tests.conftest import Receiver, StoppedClock
from tests.steps.conftest import Post, decide_on
from tests.steps.judges import judge_with

LOOPBACK = Outbound((ipaddress.ip_network("127.0.0.0/8"),))
BASE = "https://moderation.example.com"
COPY = "Tonight everybody meets at the old bridge, bring candles, friends and a warm coat"

Hold = Callable[..., list[str]]
Sweep = Callable[[], list[dict[str, Any]]]
Ask = Callable[..., str]


@pytest.fixture
def ask(database: Database, site: NewSite, receiver: Receiver, clock: StoppedClock) -> Ask:
    """Return what makes an endpoint for moderators that asks for this."""

    def ask(**asked: Any) -> str:
        change = read_endpoint({"url": receiver.url, "audience": "moderators"} | asked, is_new=True)
        with database.write() as session:
            return add_endpoint(session, site.id, change, clock()).id

    return ask


@pytest.fixture
def hold(database: Database, site: NewSite, post: Post, clock: StoppedClock) -> Hold:
    """Return what has comments held: so many short ones, or those given."""
    policy = read_policy({"rules": {"hold_everything": True}, "points": {"FLOOD": 0, "NEAR_COPIES": 0, "REPEATED": 0}})
    with database.write() as session:
        set_policy(session, site.id, policy, clock())

    def hold(count: int = 0, *bodies: str, **fields: Any) -> list[str]:
        texts = [f"No. {number}" for number in range(count)] + list(bodies)
        ids = [post(body=text, email=f"reader{number}@example.com", **fields) for number, text in enumerate(texts)]
        screen(database, judge_with(), ids, clock)
        return ids

    return hold


@pytest.fixture
def sweep(database: Database, keyed: Keyed, receiver: Receiver, clock: StoppedClock) -> Sweep:
    """Return what sends what the sweep finds, a minute later, and returns what arrived."""

    def sweep() -> list[dict[str, Any]]:
        clock.advance(minutes=1)
        before = len(receiver.received)
        with database.write() as session:
            owed = overdue_deliveries(session, clock())
        for ids in by_endpoint(owed).values():
            deliver(database, keyed, LOOPBACK, ids, clock, links=LinkMaker(keyed, BASE))
        return [json.loads(one.body) for one in receiver.received[before:]]

    return sweep


def _rows(database: Database, kind: str) -> list[DeliveryRow]:
    with database.read() as session:
        query = select(DeliveryRow).join(EventRow, EventRow.id == DeliveryRow.event_id).where(EventRow.type == kind)
        return list(session.scalars(query.order_by(DeliveryRow.id)))


def test_a_burst_is_one_message_with_counts_and_links_that_work(
    database: Database, keyed: Keyed, ask: Ask, hold: Hold, sweep: Sweep, site: NewSite
) -> None:
    endpoint = ask(burst=3)
    ids = hold(7)
    [digest] = sweep()
    assert digest["type"] == "queue.digest"
    data = digest["data"]
    assert (data["site"], data["waiting"]) == (site.id, 7)
    assert data["reasons"] == [{"name": "RULE_HOLD_EVERYTHING", "count": 7}]
    assert [one["id"] for one in data["top"]] == ids[:5]
    assert data["oldest_at"] == data["top"][0]["received_at"]
    assert "example.com" not in json.dumps(data["top"]).replace(BASE, "")
    for one in data["top"]:
        for action, link in one["actions"].items():
            read = read_token(keyed, link.removeprefix(f"{BASE}/m/"))
            assert (read.action, read.comment_id, read.version, read.endpoint_id) == (
                *(action, one["id"], one["version"]),
                endpoint,
            )
    [told] = _rows(database, "queue.digest")
    assert told.state == "delivered"
    assert {(row.state, row.told_in) for row in _rows(database, "comment.held")} == {("dropped", told.id)}
    assert sweep() == []


def test_a_few_are_told_one_by_one_and_a_program_of_all(ask: Ask, hold: Hold, sweep: Sweep) -> None:
    ask(burst=3)
    ask()
    hold(3)
    assert [one["type"] for one in sweep()] == ["comment.held"] * 6
    hold(20)
    assert sorted(one["type"] for one in sweep()) == ["comment.held"] * 20 + ["queue.digest"]


def test_what_comes_after_a_digest_is_in_the_next_one(ask: Ask, hold: Hold, sweep: Sweep, clock: StoppedClock) -> None:
    ask(burst=3)
    hold(5)
    assert [one["data"]["waiting"] for one in sweep()] == [5]
    hold(4)
    assert sweep() == []
    hold(2)
    assert sweep() == []
    clock.advance(seconds=BETWEEN.total_seconds())
    assert [one["data"]["waiting"] for one in sweep()] == [6]


def test_a_digest_that_was_late_tells_of_what_is_still_held(
    database: Database,
    ask: Ask,
    hold: Hold,
    sweep: Sweep,
    receiver: Receiver,
    caller: Caller,
    clock: StoppedClock,
) -> None:
    ask(burst=3)
    receiver.answers = [(500, {}), (204, {})]
    ids = hold(5)
    assert [one["data"]["waiting"] for one in sweep()] == [5]
    for comment_id in ids[:4]:
        decide_on(database, caller, comment_id, "approve", clock)
    # What came meanwhile joins the one that is still owed.
    joining = hold(4)
    [digest] = sweep()
    assert (digest["type"], digest["data"]["waiting"]) == ("queue.digest", 5)
    assert [one["id"] for one in digest["data"]["top"]] == [ids[4], *joining]
    assert len(_rows(database, "queue.digest")) == 1


def test_a_digest_of_which_nothing_is_held_any_more_is_dropped(
    database: Database,
    ask: Ask,
    hold: Hold,
    sweep: Sweep,
    receiver: Receiver,
    caller: Caller,
    clock: StoppedClock,
) -> None:
    ask(burst=3)
    receiver.answers = [(500, {}), (204, {})]
    ids = hold(5)
    sweep()
    for comment_id in ids:
        decide_on(database, caller, comment_id, "spam", clock)
    assert sweep() == []
    [row] = _rows(database, "queue.digest")
    assert (row.state, row.last_error) == ("dropped", "stale: none of its comments is held any more")


def test_at_night_held_comments_wait_and_are_one_message_in_the_morning(
    database: Database, ask: Ask, hold: Hold, sweep: Sweep, caller: Caller, clock: StoppedClock
) -> None:
    # The clock stands at 03:04.
    ask(quiet_hours={"from": "22:00", "to": "05:00", "zone": "UTC"}, burst=0)
    ids = hold(4)
    for _ in range(60):
        assert sweep() == []
    decide_on(database, caller, ids[0], "approve", clock)
    clock.now = clock.now.replace(hour=5, minute=0)
    [digest] = sweep()
    assert (digest["type"], digest["data"]["waiting"]) == ("queue.digest", 3)
    hold(1)
    assert [one["type"] for one in sweep()] == ["comment.held"]


def test_what_waits_in_the_night_is_not_overdue(
    database: Database, ask: Ask, hold: Hold, sweep: Sweep, clock: StoppedClock
) -> None:
    ask(quiet_hours={"from": "22:00", "to": "05:00", "zone": "UTC"})
    hold(2)
    sweep()
    assert all(row.next_attempt_at > clock() + timedelta(minutes=1) for row in _rows(database, "comment.held"))
    with database.write() as session:
        clock.advance(minutes=2)
        assert overdue_deliveries(session, clock()) == []


def test_a_campaign_is_one_message_and_another_an_hour_later(
    database: Database, ask: Ask, hold: Hold, sweep: Sweep, clock: StoppedClock
) -> None:
    ask(burst=10)
    copies = []
    for number in range(4):
        copies += hold(0, f"{COPY}{'!' * number}", post_id=str(number))
    others = hold(2)
    with database.read() as session:
        campaigns = session.scalars(select(Comment.campaign_id).where(Comment.id.in_(copies))).all()
    assert set(campaigns) == {copies[0]}
    assert {one["data"]["comment"]["id"] for one in sweep()} == {copies[0], *others}
    more = hold(0, f"{COPY} please", post_id="9")
    assert sweep() == []
    clock.advance(seconds=COPIES_WAIT.total_seconds())
    [digest] = sweep()
    assert (digest["type"], digest["data"]["waiting"]) == ("queue.digest", 4)
    assert [one["id"] for one in digest["data"]["top"]] == copies[1:] + more


def test_comments_below_a_score_or_in_other_languages_are_not_told_of(
    ask: Ask, hold: Hold, sweep: Sweep, database: Database
) -> None:
    picky = ask(languages=["fa"])
    high = ask(min_score=4)
    everything = ask()
    hold(1, language="fa-IR")
    hold(1, language="en")
    # To the model it is spam, as far as one that was never taught has a say.
    hold(0, "So much spam", language="en")
    sweep()
    counts = {
        endpoint: len([row for row in _rows(database, "comment.held") if row.endpoint_id == endpoint])
        for endpoint in (picky, high, everything)
    }
    assert counts == {picky: 1, high: 1, everything: 3}


@pytest.fixture
def look(database: Database, clock: StoppedClock) -> Callable[[], int]:
    """Return what looks for what has been held for too long, and returns how many are owed word of it."""
    return lambda: len(remind(database, clock()))


def test_moderators_are_reminded_once_and_then_at_growing_distances(
    ask: Ask, hold: Hold, sweep: Sweep, look: Callable[[], int], clock: StoppedClock
) -> None:
    ask(burst=0)
    ids = hold(6)
    sweep()
    assert look() == 0
    clock.advance(hours=4)
    assert (look(), look()) == (1, 0)
    [reminder] = sweep()
    assert reminder["type"] == "queue.waiting"
    assert reminder["data"]["waiting"] == 6
    assert [one["id"] for one in reminder["data"]["top"]] == ids[:5]
    assert set(reminder["data"]["top"][0]["actions"]) == {"approve", "reject", "spam"}
    for hours in (8, 16, 32):
        clock.advance(hours=hours, minutes=-2)
        assert look() == 0
        clock.advance(minutes=2)
        assert (look(), look()) == (1, 0)


def test_what_is_settled_is_forgotten_and_the_next_reminder_is_the_first_again(
    database: Database,
    ask: Ask,
    hold: Hold,
    sweep: Sweep,
    look: Callable[[], int],
    caller: Caller,
    clock: StoppedClock,
) -> None:
    ask()
    [comment_id] = hold(1)
    sweep()
    clock.advance(hours=4)
    assert look() == 1
    decide_on(database, caller, comment_id, "approve", clock)
    # Nobody is told of what has been settled meanwhile.
    assert sweep() == []
    assert look() == 0
    hold(1)
    sweep()
    clock.advance(hours=3, minutes=58)
    assert look() == 0
    clock.advance(minutes=2)
    assert look() == 1


def test_two_workers_remind_once(ask: Ask, hold: Hold, database: Database, clock: StoppedClock) -> None:
    ask()
    hold(1)
    clock.advance(hours=5)
    barrier, counts = threading.Barrier(2), []

    def work() -> None:
        barrier.wait()
        counts.append(len(remind(database, clock())))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 1]


def test_a_site_says_after_how_long_or_never(
    database: Database, site: NewSite, ask: Ask, hold: Hold, look: Callable[[], int], clock: StoppedClock
) -> None:
    ask()
    hold(1)
    for hours, owed in ((0, 0), (48, 0), (1, 1)):
        with database.write() as session:
            set_policy(session, site.id, read_policy({"remind_after_hours": hours}), clock())
        clock.advance(hours=5)
        assert look() == owed


def test_a_reminder_waits_for_the_morning(
    ask: Ask, hold: Hold, sweep: Sweep, look: Callable[[], int], clock: StoppedClock
) -> None:
    ask(quiet_hours={"from": "22:00", "to": "09:00", "zone": "UTC"})
    hold(1)
    clock.advance(hours=4)
    assert look() == 1
    assert sweep() == []
    clock.now = clock.now.replace(hour=9, minute=0)
    assert sorted(one["type"] for one in sweep()) == ["comment.held", "queue.waiting"]


def test_looking_for_what_waits_reads_an_index(database: Database, hold: Hold) -> None:
    hold(1)
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        compiled = sites_with_held().compile(connection, compile_kwargs={"literal_binds": True})
        plan = str(connection.exec_driver_sql(f"{explain} {compiled}").all())
    assert "comments_by_status" in plan
