"""Slow endpoints: together they hold half of a worker's threads, and what they are owed is not forgotten."""

import time
from concurrent.futures import ThreadPoolExecutor

from moderation.db import Database
from moderation.deliveries.delivering import Delivered, deliver
from moderation.deliveries.slow_lane import SLOW_SECONDS, SlowLane
from moderation.events import Owed
from moderation.identity import Keyed
from moderation.sites import NewSite
from tests.conftest import Receiver, StoppedClock
from tests.stand_ins import Reply, stand_in
from tests.steps.conftest import Post
from tests.steps.endpoints import LOOPBACK, add, owe, rows

THREADS = 8
EACH = 3


def test_a_fast_endpoint_is_served_while_as_many_slow_ones_as_there_are_threads_have_backlogs(
    database: Database, keyed: Keyed, post: Post, site: NewSite, receiver: Receiver, clock: StoppedClock
) -> None:
    lane = SlowLane(THREADS)

    def turn(endpoint_id: str) -> Delivered:
        ids = [row.id for row in rows(database, endpoint_id)]
        return deliver(database, keyed, LOOPBACK, ids, clock, lane=lane)

    with stand_in(lambda _received: Reply(status=204)) as slow:
        names = [add(database, site.id, f"ep_slow_{n}", slow.url, clock) for n in range(THREADS)]
        add(database, site.id, "ep_fast", receiver.url, clock)
        for name in names:
            lane.note(name, [2 * SLOW_SECONDS])
        owe(database, post, clock, EACH)
        slow.may_answer.clear()
        with ThreadPoolExecutor(THREADS) as workers:
            turns = [workers.submit(turn, name) for name in names]
            try:
                workers.submit(turn, "ep_fast")
                receiver.wait_for(EACH)
                # None of them got an answer so far.
                assert {row.state for name in names for row in rows(database, name)} == {"pending"}
            finally:
                slow.may_answer.set()
        owed = [one.endpoint_id for done in turns for one in done.result().owed]
        # Half of them had to wait.
        assert len(set(owed)) == THREADS // 2
        while owed:
            owed = [one.endpoint_id for name in dict.fromkeys(owed) for one in turn(name).owed]
    assert [row.state for row in rows(database)] == ["delivered"] * (THREADS + 1) * EACH


def test_an_endpoint_that_turns_out_to_be_slow_gives_its_thread_back_after_a_batch(
    database: Database, keyed: Keyed, post: Post, site: NewSite, clock: StoppedClock
) -> None:
    def dawdle(_received: object) -> Reply:
        time.sleep(1.1 * SLOW_SECONDS)
        return Reply(status=204)

    lane = SlowLane(2)
    with stand_in(dawdle) as slow:
        add(database, site.id, "ep_1", slow.url, clock)
        ids = owe(database, post, clock, 30)
        done = deliver(database, keyed, LOOPBACK, ids, clock, lane=lane)
    assert lane.is_slow("ep_1")
    assert 0 < len(done.tried) < len(ids)
    assert {row.attempts for row in rows(database) if row.state == "pending"} == {0}
    assert [one.endpoint_id for one in done.owed] == ["ep_1"]


def test_who_waits_for_a_place_is_rung_for_in_turn_and_once() -> None:
    lane = SlowLane(2)
    first, second, third = (Owed(f"dl_{n}", f"ep_{n}") for n in range(3))
    assert lane.enter(first)
    assert [lane.enter(one) for one in (second, third, second)] == [False] * 3
    assert lane.leave() == [second]
    assert lane.enter(second)
    assert lane.leave() == [third]
    assert lane.enter(third)
    assert lane.leave() == []


def test_an_endpoint_that_answers_faster_again_needs_no_place() -> None:
    lane = SlowLane(8)
    lane.note("ep_1", [0.1, 3 * SLOW_SECONDS])
    assert lane.is_slow("ep_1")
    lane.note("ep_1", [])
    assert lane.is_slow("ep_1")
    lane.note("ep_1", [0.1, 0.2])
    assert not lane.is_slow("ep_1")
