"""Copies of a SQLite database: made while it is written to, put back when nobody uses it, refused when damaged."""

import sqlite3
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from moderation.backup import BackupError, back_up, restore
from moderation.commands import program
from moderation.db import Database, make_engine
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.migrations import migrate
from moderation.sites import add_site
from moderation.submission import read_submission
from moderation.tables import Comment
from tests.conftest import SECRET, StoppedClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a database with three comments, that nobody has open."""
    found = tmp_path / "var" / "moderation.db"
    database = Database(make_engine(f"sqlite:///{found}"))
    migrate(database)
    database.close()
    _post(found, 3)
    return found


def _post(path: Path, count: int) -> None:
    database = Database(make_engine(f"sqlite:///{path}"))
    keyed, clock = Keyed(SECRET), StoppedClock()
    with database.write() as session:
        site = add_site(session, keyed, "News", None, clock())
    one = read_submission({"name": "S", "email": "s@example.com", "body": "Hello", "post_id": "1"})
    for _ in range(count):
        accept(database, keyed, site.id, [one], clock(), shape=lambda ids: {"ids": list(ids)})
    database.close()


def _count(path: Path) -> int:
    database = Database(make_engine(f"sqlite:///{path}"))
    with database.read() as session:
        count = session.scalar(select(func.count()).select_from(Comment)) or 0
    database.close()
    return count


def test_what_was_copied_comes_back_and_what_was_there_is_kept(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert back_up(path, copy) == copy.stat().st_size
    assert copy.stat().st_mode & 0o777 == 0o600
    _post(path, 2)
    before = restore(copy, path)
    assert _count(path) == 3
    assert before is not None
    assert _count(before) == 5
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []
    _post(path, 1)
    assert _count(path) == 4


def test_a_copy_is_whole_though_others_write_meanwhile(path: Path, tmp_path: Path) -> None:
    _post(path, 200)
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            _post(path, 1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            back_up(path, tmp_path / f"{number}.db")
    finally:
        is_over.set()
        writer.join()
    assert all(203 <= _count(tmp_path / f"{number}.db") <= _count(path) for number in range(5))


def test_a_database_in_use_is_not_replaced(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    _post(path, 1)
    database = Database(make_engine(f"sqlite:///{path}"))
    with database.read() as session:
        session.scalar(select(func.count()).select_from(Comment))
    with pytest.raises(BackupError, match="stop every service"):
        restore(copy, path)
    database.close()
    assert _count(path) == 4
    restore(copy, path)
    assert _count(path) == 3


def test_a_damaged_database_may_be_replaced(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    path.write_bytes(b"nothing that SQLite knows" * 400)
    log = path.with_name(f"{path.name}-wal")
    log.write_bytes(b"what was written last")
    restore(copy, path)
    # The log of the damaged one would be played into the copy.
    assert not log.exists()
    assert _count(path) == 3


def test_a_restore_that_is_cut_off_leaves_a_database_in_its_place(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    _post(path, 1)

    def die(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        restore(copy, path)
    assert _count(path) == 4


@pytest.mark.parametrize("kind", ["text", "cut", "another", "empty"])
def test_what_is_no_copy_is_refused_and_changes_nothing(path: Path, tmp_path: Path, kind: str) -> None:
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    whole = copy.read_bytes()
    if kind == "another":
        copy.unlink()
        with sqlite3.connect(copy) as connection:
            connection.execute("CREATE TABLE pictures (id INTEGER)")
    else:
        copy.write_bytes({"text": b"hello" * 1000, "cut": whole[: len(whole) // 2], "empty": b""}[kind])
    with pytest.raises(BackupError):
        restore(copy, path)
    assert _count(path) == 3


def test_what_can_not_be_written_leaves_no_half_copy(path: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError):
        back_up(path, tmp_path / "missing" / "copy.db")
    assert [one.name for one in tmp_path.iterdir()] == ["var"]


def test_the_commands(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    environment = {"MODERATION_DATA_DIR": str(path.parent)}
    done = CliRunner().invoke(program, ["backup", str(copy)], env=environment)
    assert done.exit_code == 0, done.output
    assert "secret_key" in done.output
    assert CliRunner().invoke(program, ["backup", str(copy)], env=environment).exit_code == 1
    assert CliRunner().invoke(program, ["backup", "--force", str(copy)], env=environment).exit_code == 0
    done = CliRunner().invoke(program, ["restore", str(copy)], env=environment)
    assert done.exit_code == 0, done.output
    assert _count(path) == 3


@pytest.mark.parametrize(("command", "tool"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_for_postgresql_its_own_tool_is_named_without_the_password(tmp_path: Path, command: str, tool: str) -> None:
    (tmp_path / "x").touch()
    environment = {"MODERATION_DATABASE_URL": "postgresql+psycopg://u:hunter2@db.example:5433/comments"}
    done = CliRunner().invoke(program, [command, str(tmp_path / "x")], env=environment)
    assert done.exit_code == 1
    assert tool in done.output
    assert "--host=db.example --port=5433" in done.output
    assert "hunter2" not in done.output
