"""The door to databases: what a commit outlives, and how writers wait for each other."""

import errno
import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from moderation import db, flushing
from moderation.db import Database, make_engine
from moderation.tables import Site
from moderation.turn import Turn
from tests.conftest import StoppedClock


def test_sqlite_is_set_up_to_keep_what_was_promised(tmp_path: Path) -> None:
    database = Database(make_engine(f"sqlite:///{tmp_path / 'x.db'}"))
    with database.write() as session:
        # NORMAL: what is left of the flush is `Flush`'s.
        assert session.scalar(text("PRAGMA synchronous")) == 1
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        # No batch of verdicts has to copy the log into the file.
        assert session.scalar(text("PRAGMA wal_autocheckpoint")) == 4_000
    database.close()


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the files that were flushed, in order; they are flushed all the same."""
    files: list[str] = []

    def flush(file: int) -> None:
        files.append(str(Path(f"/proc/self/fd/{file}").readlink()))
        os.fdatasync(file)

    monkeypatch.setattr(flushing, "_flush", flush)
    return files


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="tells files by /proc, which is Linux's")
@pytest.mark.parametrize(("can_redo", "times"), [(False, 2), (True, 0)], ids=["api", "workers"])
def test_only_work_that_can_be_redone_is_left_to_the_system_to_flush(
    tmp_path: Path, flushed: list[str], can_redo: bool, times: int
) -> None:
    database = Database(make_engine(f"sqlite:///{tmp_path / 'x.db'}", can_redo=can_redo))
    with database.write() as session:
        session.execute(text("CREATE TABLE x (y)"))
        assert flushed == []
    with database.reshape() as session:
        session.execute(text("ALTER TABLE x ADD z"))
    assert flushed == [str(tmp_path / "x.db-wal")] * times
    with pytest.raises(OperationalError), database.write() as session:
        session.execute(text("INSERT INTO no_such_table VALUES (1)"))
    assert len(flushed) == times
    database.close()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="tells files by /proc, which is Linux's")
def test_a_database_behind_a_link_is_flushed_where_it_is(
    tmp_path: Path, flushed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "x.db").symlink_to(tmp_path / "disk" / "real.db")
    monkeypatch.chdir(tmp_path)
    database = Database(make_engine("sqlite:///x.db"))
    with database.write() as session:
        session.execute(text("CREATE TABLE x (y)"))
        # A relative path is one of where the process was.
        monkeypatch.chdir("/")
    assert flushed == [str(tmp_path / "disk" / "real.db-wal")]
    database.close()


def test_sqlite_is_given_a_path() -> None:
    for url in ("sqlite://", "sqlite:///:memory:", "sqlite:///file:x.db?uri=true"):
        with pytest.raises(ValueError, match="file"):
            make_engine(url)


def test_where_nothing_was_opened_there_is_nothing_to_flush(tmp_path: Path) -> None:
    database = Database(make_engine(f"sqlite:///{tmp_path / 'x.db'}"))
    with database.write():
        pass
    assert not (tmp_path / "x.db-wal").exists()
    database.close()


def test_others_write_while_what_was_committed_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, other = (Database(make_engine(f"sqlite:///{tmp_path / 'x.db'}")) for _ in range(2))
    seen: list[int] = []

    def flush(_file: int) -> None:
        monkeypatch.setattr(flushing, "_flush", os.fsync)
        with other.write() as session:
            seen.append(session.execute(text("SELECT y FROM x")).scalar_one())
            session.execute(text("INSERT INTO x VALUES (2)"))

    with database.write() as session:
        session.execute(text("CREATE TABLE x (y)"))
    monkeypatch.setattr(flushing, "_flush", flush)
    with database.write() as session:
        session.execute(text("INSERT INTO x VALUES (1)"))
    assert seen == [1]
    database.close()
    other.close()


def test_what_the_disk_does_not_take_is_an_error_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(flushing, "_flush", fail)
    database = Database(make_engine(f"sqlite:///{tmp_path / 'x.db'}"))
    # The API answers it with a 503; nobody is told that their comment is safe.
    with pytest.raises(OperationalError), database.write() as session:
        session.execute(text("CREATE TABLE x (y)"))
    with pytest.raises(OperationalError):
        database.write_together(lambda session: session.execute(text("INSERT INTO x VALUES (1)")))
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
