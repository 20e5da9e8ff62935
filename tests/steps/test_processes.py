"""Processes: who runs is known by rows that are kept fresh, and what they are told reaches them."""

import logging
from collections.abc import Iterator

import pytest

from moderation.db import Database
from moderation.pausing import set_log_level
from moderation.processes import LOOK_SECONDS, Lookout, forget_gone, forget_process, note_process, running
from moderation.tables import ProcessRow
from tests.conftest import StoppedClock


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """Return the root logger, whose level is put back."""
    logger = logging.getLogger()
    level = logger.level
    yield logger
    logger.setLevel(level)


def test_who_was_not_seen_for_two_minutes_does_not_run(database: Database, clock: StoppedClock) -> None:
    note_process(database, "screen-1@a", "worker", ["screen"], clock())
    note_process(database, "deliver-2@a", "worker", ["deliver"], clock())
    note_process(database, "beat-3@a", "beat", [], clock())
    clock.advance(seconds=100)
    note_process(database, "screen-1@a", "worker", ["screen"], clock())
    forget_process(database, "beat-3@a")
    clock.advance(seconds=40)
    with database.read() as session:
        assert [(one.name, one.queues) for one in running(session, clock())] == [("screen-1@a", ("screen",))]
    clock.advance(days=1)
    forget_gone(database, clock())
    with database.read() as session:
        assert session.get(ProcessRow, "screen-1@a") is None


def test_a_process_hears_of_its_log_level_within_seconds(
    database: Database, clock: StoppedClock, root: logging.Logger
) -> None:
    ticks = iter([0.0, LOOK_SECONDS / 2, LOOK_SECONDS, 2 * LOOK_SECONDS])
    lookout = Lookout(database, "WARNING", lambda: next(ticks))
    lookout.look()
    assert root.level == logging.WARNING
    with database.write() as session:
        set_log_level(session, "DEBUG", clock())
    lookout.look()
    assert root.level == logging.WARNING
    lookout.look()
    assert root.level == logging.DEBUG
    with database.write() as session:
        set_log_level(session, None, clock())
    lookout.look()
    assert root.level == logging.WARNING
