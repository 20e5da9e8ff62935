"""Limits: sliding windows on a clock that the test moves, and counts that several processes add up."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.limiting.limits import Limit, read_limit
from moderation.limiting.shared import Limiter
from moderation.limiting.windows import MOST_BUCKETS, Bucket, Windows

ONE = {"address": "a"}


class Clock:
    """Seconds since the epoch, as the test says."""

    now = 6_000.0

    def __call__(self) -> float:
        return self.now


class Store:
    """What Redis does, in memory; away when told so."""

    def __init__(self) -> None:
        self.totals: dict[Bucket, int] = {}
        self.is_away = False

    def add(self, counts: Mapping[Bucket, int], _seconds: Mapping[str, int]) -> Mapping[Bucket, int]:
        """Add and return."""
        if self.is_away:
            raise ConnectionError
        for bucket, count in counts.items():
            self.totals[bucket] = self.totals.get(bucket, 0) + count
        return {bucket: self.totals[bucket] for bucket in counts}


def _accepted(windows: Windows, now: float, times: int) -> int:
    return sum(not windows.take(ONE, 1, now)[0][0].is_over for _ in range(times))


def test_so_many_pass_and_no_more() -> None:
    assert _accepted(Windows({"address": Limit(5, 60)}), 6_000, 20) == 5


def test_the_window_slides_instead_of_starting_anew() -> None:
    windows = Windows({"address": Limit(10, 60)})
    assert _accepted(windows, 6_050, 20) == 10
    # A second into the next fixed window, nearly all of those ten still lie within the last minute.
    assert _accepted(windows, 6_061, 20) == 0
    assert _accepted(windows, 6_090, 20) == 5
    assert _accepted(windows, 6_300, 20) == 10


def test_one_who_is_refused_is_told_when_there_is_room_again() -> None:
    windows = Windows({"address": Limit(10, 60)})
    _accepted(windows, 6_030, 10)
    for now in (6_030.0, 6_045.0, 6_061.0):
        refused = windows.take(ONE, 1, now)[0][0]
        assert refused.is_over
        assert windows.take(ONE, 1, now + refused.reset - 2)[0][0].is_over
    assert not windows.take(ONE, 1, now + refused.reset)[0][0].is_over


def test_who_is_over_one_limit_is_counted_against_none() -> None:
    windows = Windows({"address": Limit(1, 60), "network": Limit(3, 60)})
    subjects = {"address": "a", "network": "n"}
    windows.take(subjects, 1, 6_000)
    for _ in range(10):
        address, network = windows.take(subjects, 1, 6_000)[0]
        assert address.is_over
        assert not network.is_over
    others = [windows.take({"address": f"other {at}", "network": "n"}, 1, 6_000)[0] for at in range(3)]
    assert [network.is_over for _, network in others] == [False, False, True]


def test_a_limit_that_is_off_counts_nothing() -> None:
    windows = Windows({})
    assert windows.take(ONE, 1, 6_000) == ([], [])
    assert not windows.counts


def test_memory_is_bounded_however_many_come() -> None:
    windows = Windows({"address": Limit(5, 60)})
    for at in range(MOST_BUCKETS + 10):
        windows.take({"address": str(at)}, 1, 6_000)
    assert len(windows.counts) <= MOST_BUCKETS


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 5)), max_size=60))
def test_no_fixed_window_ever_takes_more_than_the_limit(steps: list[tuple[float, int]]) -> None:
    windows = Windows({"address": Limit(7, 60)})
    now, taken = 6_000.0, dict[int, int]()
    for pause, cost in steps:
        now += pause
        if not windows.take(ONE, cost, now)[0][0].is_over:
            taken[int(now // 60)] = taken.get(int(now // 60), 0) + cost
    assert all(count <= 7 for count in taken.values())


def test_processes_add_up() -> None:
    store, clock = Store(), Clock()
    one, other = (Limiter({"address": Limit(10, 60)}, store, clock, in_background=False) for _ in range(2))
    for _ in range(6):
        one.take(ONE)
    one.exchange()
    other.take(ONE)
    other.exchange()
    assert [other.take(ONE)[0].is_over for _ in range(4)] == [False, False, False, True]


def test_without_redis_each_process_goes_on_alone_and_joins_again() -> None:
    store, clock = Store(), Clock()
    one, other = (Limiter({"address": Limit(3, 60)}, store, clock, in_background=False) for _ in range(2))
    store.is_away = True
    assert [one.take(ONE)[0].is_over for _ in range(4)] == [False, False, False, True]
    assert not one.exchange()
    assert one.take(ONE)[0].is_over
    assert not other.take(ONE)[0].is_over
    store.is_away = False
    clock.now += 300
    one.take(ONE, 3)
    assert one.exchange()
    other.take(ONE)
    assert other.exchange()
    assert other.take(ONE)[0].is_over


def test_a_redis_that_came_back_empty_forgives_nothing() -> None:
    store, clock = Store(), Clock()
    limiter = Limiter({"address": Limit(3, 60)}, store, clock, in_background=False)
    limiter.take(ONE, 2)
    limiter.exchange()
    store.totals.clear()
    limiter.take(ONE)
    limiter.exchange()
    assert limiter.take(ONE)[0].is_over


@pytest.mark.parametrize("text", ["", "60", "60/", "/60", "0/60", "60/0", "-1/60", "60/90000", "many/60", "6 0/60"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 60/60"):
        read_limit(text)


def test_a_limit_reads_as_it_is_written() -> None:
    assert str(read_limit("60/3600")) == "60/3600"
    assert read_limit("off") is None
