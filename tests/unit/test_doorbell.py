"""The doorbell: it never makes a request wait, and never raises."""

import threading

import pytest

from api.doorbell import Doorbell
from moderation.events import Owed
from moderation.tasks import DELIVER, LEARN, MOST_IDS, SCREEN
from tests.processes import wait_until


class _Broker:
    """Keeps what is published; may be told to block or to fail."""

    def __init__(self) -> None:
        self.published: list[tuple[str, list[str]]] = []
        self.is_open = threading.Event()
        self.is_open.set()
        self.entered = threading.Event()
        self.error: Exception | None = None

    def publish(self, name: str, ids: list[str]) -> None:
        self.entered.set()
        self.is_open.wait(30)
        if self.error is not None:
            raise self.error
        self.published.append((name, ids))


def test_what_is_rung_while_a_message_is_under_way_goes_out_together() -> None:
    broker = _Broker()
    bell = Doorbell(broker.publish)
    broker.is_open.clear()
    bell.ring(comments=["a"])
    assert broker.entered.wait(30)
    for comment_id in "bcd":
        bell.ring(comments=[comment_id])
    broker.is_open.set()
    bell.stop(30)
    assert broker.published == [(SCREEN, ["a"]), (SCREEN, ["b", "c", "d"])]


def test_a_bell_waits_for_others_while_the_workers_are_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.doorbell._MOST_SECONDS_TO_WAIT", 30)
    monkeypatch.setattr("api.doorbell._SECONDS_TO_WAIT_BLINDLY", 30)
    broker = _Broker()
    asked, is_behind = threading.Event(), threading.Event()
    is_behind.set()

    def look() -> bool:
        asked.set()
        return is_behind.is_set()

    bell = Doorbell(broker.publish, is_behind=look)
    bell.ring(comments=["a"])
    wait_until(lambda: broker.published, "the first waits for nobody")
    bell.ring(comments=["b"])
    assert asked.wait(30)
    bell.ring(comments=["c"])
    is_behind.clear()
    wait_until(lambda: len(broker.published) == 2, "the others are rung for")
    bell.stop(30)
    assert broker.published == [(SCREEN, ["a"]), (SCREEN, ["b", "c"])]


def test_what_fills_a_message_and_what_is_not_for_those_who_judge_waits_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.doorbell._MOST_SECONDS_TO_WAIT", 3_000)
    monkeypatch.setattr("api.doorbell._SECONDS_TO_WAIT_BLINDLY", 3_000)
    broker = _Broker()
    bell = Doorbell(broker.publish, is_behind=lambda: True)
    bell.ring(comments=["a"])
    wait_until(lambda: broker.published, "the first waits for nobody")
    bell.ring(comments=[str(number) for number in range(MOST_IDS)])
    wait_until(lambda: len(broker.published) == 2, "a full message is sent")
    bell.ring(comments=["b"])
    bell.ring(deliveries=[Owed("dl_1", "ep_1")])
    wait_until(lambda: len(broker.published) == 4, "a delivery is rung for, and the comment with it")
    bell.stop(30)


@pytest.mark.parametrize("answer", [True, None])
def test_a_bell_waits_no_longer_than_a_moment_for_workers_that_stay_behind(answer: bool | None) -> None:
    broker = _Broker()
    bell = Doorbell(broker.publish, is_behind=lambda: answer)
    bell.ring(comments=["a"])
    wait_until(lambda: broker.published, "the first waits for nobody")
    bell.ring(comments=["b"])
    wait_until(lambda: len(broker.published) == 2, "the second is rung for all the same")
    bell.stop(30)


def test_deliveries_of_different_endpoints_are_different_messages() -> None:
    broker = _Broker()
    bell = Doorbell(broker.publish)
    bell.ring(deliveries=[Owed("dl_1", "ep_1"), Owed("dl_2", "ep_2"), Owed("dl_3", "ep_1")])
    bell.stop(30)
    assert broker.published == [(DELIVER, ["dl_1", "dl_3"]), (DELIVER, ["dl_2"])]


def test_a_long_list_is_cut_into_messages() -> None:
    broker = _Broker()
    bell = Doorbell(broker.publish)
    bell.ring(comments=[str(number) for number in range(450)])
    bell.stop(30)
    assert [len(ids) for _, ids in broker.published] == [200, 200, 50]


def test_sites_that_decided_are_rung_for_once_each() -> None:
    broker = _Broker()
    bell = Doorbell(broker.publish)
    broker.is_open.clear()
    bell.ring(sites=["st_1"])
    assert broker.entered.wait(30)
    for site_id in ("st_2", "st_1", "st_2"):
        bell.ring(sites=[site_id])
    broker.is_open.set()
    bell.stop(30)
    assert broker.published == [(LEARN, ["st_1"]), (LEARN, ["st_1"]), (LEARN, ["st_2"])]


def test_what_was_rung_while_the_broker_was_away_goes_out_once_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.doorbell._SECONDS_BETWEEN_TRIES", 0.01)
    broker = _Broker()
    broker.error = ConnectionError()
    bell = Doorbell(broker.publish)
    bell.ring(comments=["a"])
    assert broker.entered.wait(30)
    bell.ring(comments=["b"], deliveries=[Owed("dl_1", "ep_1")], sites=["st_1"])
    broker.error = None
    wait_until(lambda: len(broker.published) >= 3, "it is told")
    bell.stop(30)
    # At most one message of its own for what was rung first.
    told = [(name, one) for name, ids in broker.published for one in ids]
    assert told == [(SCREEN, "a"), (SCREEN, "b"), (DELIVER, "dl_1"), (LEARN, "st_1")]


def test_what_the_broker_took_before_it_went_away_is_not_told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.doorbell._SECONDS_BETWEEN_TRIES", 0.01)
    published: list[str] = []
    failures = iter([None, ConnectionError()])

    def publish(_name: str, ids: list[str]) -> None:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        published.extend(ids)

    bell = Doorbell(publish)
    ids = [str(number) for number in range(450)]
    bell.ring(comments=ids)
    wait_until(lambda: len(published) >= len(ids), "all are told")
    bell.stop(30)
    assert published == ids


def test_a_broker_that_stays_away_keeps_nobody_from_stopping() -> None:
    broker = _Broker()
    broker.error = ConnectionError()
    bell = Doorbell(broker.publish)
    bell.ring(comments=["lost"])
    assert broker.entered.wait(30)
    bell.stop(30)
    assert bell._thread is not None
    assert not bell._thread.is_alive()
    assert broker.published == []
