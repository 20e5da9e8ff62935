"""The door to databases: what a commit outlives, and how writers wait for each other."""

import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from moderation import db
from moderation.db import Database, make_engine
from moderation.tables import Site
from moderation.turn import Turn
from tests.conftest import StoppedClock


@pytest.mark.parametrize(("can_redo", "level"), [(False, 2), (True, 1)], ids=["api", "workers"])
def test_only_work_that_can_be_redone_is_left_to_the_system_to_flush(
    tmp_path: Path, can_redo: bool, level: int
) -> None:
    database = Database(make_engine(f"sqlite:///{tmp_path / 'x.db'}", can_redo=can_redo))
    with database.write() as session:
        assert session.scalar(text("PRAGMA synchronous")) == level
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        # No batch of verdicts has to copy the log into the file.
        assert session.scalar(text("PRAGMA wal_autocheckpoint")) == 4_000
    database.close()


@pytest.mark.parametrize("is_pooled", [False, True])
def test_no_statement_takes_for_ever_and_times_are_in_utc(postgres_url: str, is_pooled: bool) -> None:
    database = Database(make_engine(postgres_url, is_pooled=is_pooled), is_pooled=is_pooled)
    for block in (database.read, database.write):
        with block() as session:
            assert session.scalar(text("SHOW statement_timeout")) == "15s"
            assert session.scalar(text("SHOW timezone")) == "UTC"
    # Behind a pooler the next transaction on the connection may be somebody else's.
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver: Any = connection.connection.driver_connection
        left = driver.execute("SHOW statement_timeout").fetchone()[0]
        assert left == ("0" if is_pooled else "15s")
        assert (driver.prepare_threshold is None) == is_pooled
    database.close()


def test_reading_keeps_what_was_prepared(postgres_url: str) -> None:
    # A ROLLBACK would have psycopg forget it all.
    database = Database(make_engine(postgres_url, pool_size=1))
    for _ in range(10):
        with database.read() as session:
            session.execute(text("SELECT :number"), {"number": 1}).all()
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM pg_prepared_statements")) > 0
    database.close()


def test_a_connection_that_is_gone_since_it_was_used_is_made_anew(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, other = Database(make_engine(postgres_url, pool_size=1)), Database(make_engine(postgres_url))
    with database.read() as session:
        gone = session.scalar(text("SELECT pg_backend_pid()"))
    with other.read() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": gone})
    monkeypatch.setattr(db, "TRIED_AFTER_SECONDS", 0.0)
    for block in (database.read, database.look, database.write):
        with block() as connection:
            assert connection.scalar(text("SELECT pg_backend_pid()")) != gone
    database.close()
    other.close()


def test_a_block_that_raises_changes_nothing(database: Database, clock: StoppedClock) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(Site(id="st_1", name="x", created_at=clock()))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as session:
        assert session.get(Site, "st_1") is None
    # And the next writer is let in.
    with database.write() as session:
        session.add(Site(id="st_1", name="x", created_at=clock()))


def test_an_error_of_the_database_does_not_carry_what_a_stranger_wrote(database: Database, clock: StoppedClock) -> None:
    def insert_twice() -> None:
        for _ in range(2):
            with database.write() as session:
                session.add(Site(id="st_1", name="a stranger's words", created_at=clock()))

    with pytest.raises(Exception, match="parameters hidden") as raised:
        insert_twice()
    assert "stranger" not in str(raised.value)


def test_many_threads_write_one_after_the_other(database: Database, clock: StoppedClock) -> None:
    def write(number: int) -> None:
        for step in range(20):
            with database.write() as session:
                session.add(Site(id=f"st_{number}_{step}", name="x", created_at=clock()))

    threads = [threading.Thread(target=write, args=[number]) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM sites")) == 100


def _count_up(path: Path, counter: Path) -> None:
    turn = Turn(path)
    for _ in range(200):
        with turn:
            # Read and written in two steps: two at once would lose counts.
            counter.write_text(str(int(counter.read_text()) + 1))
    turn.close()


def test_a_turn_is_one_processes_at_a_time(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count_up, args=[tmp_path / "turn", counter]) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert counter.read_text() == "600"


def test_a_turn_that_a_forked_child_uses_is_its_own(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "turn")
    with turn:
        pass
    parent = turn._opened_by
    turn._opened_by = -1
    with turn:
        assert turn._opened_by == parent
    turn.close()
