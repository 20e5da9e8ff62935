"""The watchdog's judgement: who hangs, who is busy, and who has nothing to do."""

import pytest

from workers.watchdog import BUSY_SECONDS, IDLE_SECONDS, Watch


def test_a_worker_that_takes_nothing_while_messages_wait_hangs() -> None:
    watch = Watch(0.0)
    assert not watch.hangs(3, 10.0, is_busy=False)
    assert not watch.hangs(3, 10.0 + IDLE_SECONDS, is_busy=False)
    assert watch.hangs(3, 10.1 + IDLE_SECONDS, is_busy=False)


def test_one_that_was_idle_for_an_hour_has_time_for_the_first_message() -> None:
    watch = Watch(0.0)
    for now in range(0, 3_600, 2):
        assert not watch.hangs(0, float(now), is_busy=False)
    assert not watch.hangs(1, 3_600.0, is_busy=False)
    assert not watch.hangs(1, 3_610.0, is_busy=False)


def test_one_that_takes_messages_from_a_long_queue_is_well() -> None:
    watch = Watch(0.0)
    for now in range(0, 600, 10):
        assert not watch.hangs(5_000, float(now), is_busy=True)
        watch.received(float(now))


def test_one_with_full_hands_has_as_long_as_a_task_may_take() -> None:
    watch = Watch(0.0)
    watch.hangs(1, 0.0, is_busy=True)
    assert not watch.hangs(1, BUSY_SECONDS, is_busy=True)
    assert watch.hangs(1, BUSY_SECONDS + 1, is_busy=True)


@pytest.mark.parametrize("waiting", [None, 0])
def test_while_the_broker_is_away_or_empty_nobody_hangs(waiting: int | None) -> None:
    watch = Watch(0.0)
    for now in range(0, 3_600, 60):
        assert not watch.hangs(waiting, float(now), is_busy=False)
    # And an outage is not counted against whoever comes back after it.
    assert not watch.hangs(5, 3_600.0, is_busy=False)
