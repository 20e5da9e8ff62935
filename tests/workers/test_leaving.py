"""What is paused is passed over by workers, and drained ones wait to be let in again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from moderation.clock import utc_now
from moderation.db import Database
from moderation.pausing import drain, pause, resume
from moderation.processes import running
from moderation.settings import Settings
from moderation.tables import Heartbeat
from tests.conftest import SECRET
from workers import resources
from workers.leaving import queues_of, wait_while_drained, worker_name


@pytest.fixture
def parts(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[resources.Resources]:
    """Return what the tasks of a worker stand on, with a database and no broker."""
    path = tmp_path / "moderation.db"
    path.write_bytes(sqlite_template.read_bytes())
    monkeypatch.setenv("MODERATION_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MODERATION_SECRET_KEY", SECRET)
    resources.settings.cache_clear()
    resources.resources.cache_clear()
    made = resources.resources()
    # Between two looks no time need pass here.
    made.lookout._monotonic = iter(range(0, 1_000, 10)).__next__
    yield made
    made.database.close()
    resources.settings.cache_clear()
    resources.resources.cache_clear()


def test_a_paused_queue_is_heard_and_passed_over(parts: resources.Resources) -> None:
    with parts.database.write() as session:
        pause(session, "screen", utc_now())
    assert not parts.takes_up("screen", "screen-1@here")
    assert parts.takes_up("deliver", "deliver-2@here")
    with parts.database.write() as session:
        # So those who watch see that it consumes.
        assert set(session.scalars(select(Heartbeat.queue))) == {"screen", "deliver"}
        assert [one.queues for one in running(session, utc_now())] == [("deliver",), ("screen",)]
        resume(session, "screen")
    assert parts.takes_up("screen", "screen-1@here")


def test_nothing_is_taken_up_once_all_are_drained(parts: resources.Resources) -> None:
    with parts.database.write() as session:
        drain(session, utc_now())
    # The broker is away, so the worker is told to end by the next task only.
    assert not parts.takes_up("screen", "screen-1@here")


def test_a_worker_that_is_started_while_all_are_drained_waits(database: Database) -> None:
    pauses: list[float] = []

    def let_in(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            with database.write() as session:
                resume(session, "workers")

    settings = Settings(database_url=database.engine.url.render_as_string(hide_password=False))
    wait_while_drained(settings, let_in)
    assert pauses == []
    with database.write() as session:
        drain(session, utc_now())
    wait_while_drained(settings, let_in)
    assert len(pauses) == 2


def test_a_database_that_is_away_keeps_no_worker_from_starting() -> None:
    wait_while_drained(Settings(database_url="postgresql://nobody@127.0.0.1:1/db"), lambda _: pytest.fail("it waits"))


@pytest.mark.parametrize("queues", ["screen", "screen,deliver"])
def test_a_workers_name_tells_its_queues(queues: str) -> None:
    name = worker_name(queues, 4711).replace("%h", "web-1.example.com")
    assert queues_of(name) == queues.split(",")
