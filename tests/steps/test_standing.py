"""What operators look at: how the set stands, how much waits, and whether a process is well."""

import socket
from datetime import timedelta

import pytest
from sqlalchemy import update

from moderation.db import Database
from moderation.flow import Meter, look
from moderation.health import note_heartbeat, silent_process
from moderation.pausing import drain, pause
from moderation.processes import note_process
from moderation.screening import screen
from moderation.settings import Settings
from moderation.sites import NewSite
from moderation.standing import look_at_all
from moderation.tables import DeliveryRow, Endpoint
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.endpoints import add, owe
from tests.steps.judges import judge_with

# Nobody listens there.
SETTINGS = Settings(redis_url="redis://127.0.0.1:1/0")
HOST = socket.gethostname()
REDIS_AWAY = {"redis: does not answer (ConnectionError)", "broker: does not answer (ConnectionError)"}


@pytest.fixture
def runs(database: Database, clock: StoppedClock) -> None:
    """Have one of each process run."""
    for queue in ("screen", "deliver"):
        note_heartbeat(database, queue, f"{queue}-1@a", clock())
        note_process(database, f"{queue}-1@a", "worker", [queue], clock())
    note_process(database, "api-1@a", "api", [], clock())
    note_process(database, "beat-1@a", "beat", [], clock())


def _wrong(database: Database, clock: StoppedClock) -> set[str]:
    return set(look_at_all(SETTINGS, database, clock()).wrong) - REDIS_AWAY


@pytest.mark.usefixtures("runs")
def test_where_all_is_well_nothing_is_wrong(database: Database, post: Post, clock: StoppedClock) -> None:
    post()
    found = look_at_all(SETTINGS, database, clock())
    assert set(found.wrong) == REDIS_AWAY
    assert found.held_back == ()
    assert [(state.queue, state.workers, state.owed) for state in found.queues] == [("screen", 1, 1), ("deliver", 1, 0)]


@pytest.mark.usefixtures("runs")
def test_an_endpoint_that_fails_and_what_was_given_up_are_named(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    add(database, site.id, "ep_1", "http://127.0.0.1:1/", clock)
    owe(database, post, clock)
    with database.write() as session:
        session.execute(update(Endpoint).values(rests_until=clock() + timedelta(minutes=5), failures=7))
        session.execute(update(DeliveryRow).values(state="dead", finished_at=clock()))
    assert _wrong(database, clock) == {
        "endpoint ep_1 fails (7 times in a row), and is left alone for now",
        "1 deliveries were given up since yesterday: `moderation deadletters list`",
    }


def test_what_does_not_run_and_what_waits_for_too_long_is_named(
    database: Database, post: Post, clock: StoppedClock
) -> None:
    post()
    clock.advance(seconds=61)
    assert _wrong(database, clock) == {
        "worker:screen: no worker has consumed from this queue yet",
        "worker:deliver: no worker has consumed from this queue yet",
        "screen: 1 wait, the oldest for 61 seconds",
        "no api runs",
        "no beat runs",
    }


@pytest.mark.usefixtures("runs")
def test_what_is_held_back_is_shown_and_not_wrong(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    post()
    clock.advance(seconds=-61)
    with database.write() as session:
        pause(session, site.id, clock())
        pause(session, "deliver", clock())
    clock.advance(seconds=61)
    found = look_at_all(SETTINGS, database, clock())
    assert found.held_back == ("site News is paused", "queue deliver is paused")
    assert set(found.wrong) == REDIS_AWAY


def test_what_comes_and_goes_is_measured(database: Database, site: NewSite, post: Post, clock: StoppedClock) -> None:
    add(database, site.id, "ep_1", "http://127.0.0.1:1/", clock)
    screen(database, judge_with(), [post()], clock)
    ticks = iter([0.0, 2.0])
    with database.read() as session:
        meter = Meter(session, lambda: next(ticks))
    screen(database, judge_with(), [post(), post()], clock)
    post()
    with database.read() as session:
        assert meter.rates(session) == {"screen": (1.5, 1.0), "deliver": (1.0, 0.0)}
    assert [state.owed for state in look(SETTINGS, database, clock())] == [1, 3]


def test_a_worker_that_takes_nothing_is_not_well(database: Database, clock: StoppedClock) -> None:
    def complaint(kind: str, queue: str = "screen") -> str:
        with database.read() as session:
            return silent_process(session, SETTINGS, kind, [queue], HOST, clock())

    assert complaint("worker") == ""
    assert complaint("beat")
    note_process(database, "beat-1@a", "beat", [], clock())
    assert complaint("beat") == ""
    assert complaint("worker") == f"no worker of screen of {HOST} did anything for 120 seconds"
    note_process(database, "screen-1@a", "worker", ["screen"], clock())
    assert complaint("worker") == ""
    assert complaint("worker", "deliver")
    clock.advance(seconds=30)
    note_process(database, "beat-1@a", "beat", [], clock())
    assert complaint("worker") == "it did nothing for 30 seconds"
    # Two take turns, so each may be silent for twice as long.
    note_process(database, "screen-2@b", "worker", ["screen"], clock())
    assert complaint("worker") == ""
    clock.advance(seconds=100)
    note_process(database, "beat-1@a", "beat", [], clock())
    assert complaint("worker")
    with database.write() as session:
        drain(session, clock())
    assert complaint("worker") == ""
