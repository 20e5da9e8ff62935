"""Copy the SQLite database while everything runs, and put a copy back in its place.

A copy is one consistent moment of all comments, verdicts, decisions and deliveries; what was owed then is owed again
after a restore. PostgreSQL has tools of its own (`pg_dump`), which the commands name.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from moderation.errors import ModerationError

# Pages copied at a time: writers come in between.
_PAGES = 2_000


class BackupError(ModerationError):
    """The copy could not be made or put back; the message says why, and nothing was changed."""


def back_up(database: Path, to: Path, tell: Callable[[int, int], None] = lambda _done, _of: None) -> int:
    """Copy the database to a new file that only its owner may read; return its size in bytes.

    SQLite's own online backup: readers and writers go on. The file appears whole or not at all. `tell` hears of the
    pages done and of how many there are.
    """
    if not database.is_file():
        raise BackupError(f"{database}: there is no database here")
    draft = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with _opened(database) as source, _opened(draft) as target:
            source.backup(target, pages=_PAGES, progress=lambda _status, left, of: tell(of - left, of))
            # The copy is a file of its own, without a log beside it.
            target.execute("PRAGMA journal_mode = DELETE")
        _check(draft)
        _flush(draft)
        draft.replace(to)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{to}: could not be written: {error}") from None
    finally:
        draft.unlink(missing_ok=True)
    return to.stat().st_size


def restore(copy: Path, database: Path) -> Path | None:
    """Put a copy in the place of the database, which nobody may have open; return where the one before was put.

    Raises BackupError for a file that is no whole copy of ours, and while the database is in use.
    """
    _check(copy)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = database.with_name(f".{database.name}.{os.getpid()}")
    before = _free_name(database) if database.exists() else None
    try:
        if before is not None:
            _close_log(database)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with _opened(copy) as source, _opened(draft) as target:
            source.backup(target)
        _flush(draft)
        if before is not None:
            # A second name first: whenever this is cut off, one of the two stands in the database's place.
            os.link(database, before)
            _move_log(database, before)
        draft.replace(database)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{database}: could not be replaced: {error}") from None
    finally:
        draft.unlink(missing_ok=True)
    return before


def _check(path: Path) -> None:
    """Raise BackupError unless the file is a whole database of ours."""
    try:
        with _opened(path, mode="ro") as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise BackupError(f"{path}: this is no backup: {error}") from None
    if found != "ok":
        raise BackupError(f"{path}: this backup is damaged: {found}")
    if not {"comments", "alembic_version"} <= tables:
        raise BackupError(f"{path}: this is a database of something else")


def _close_log(database: Path) -> None:
    """Write the log into the file and leave WAL, which SQLite refuses while anybody has the database open."""
    try:
        with _opened(database) as connection:
            connection.execute("PRAGMA busy_timeout = 2000")
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except sqlite3.OperationalError:
        mode = "in use"
    except sqlite3.DatabaseError:
        # Damaged, which is a reason to restore.
        mode = "delete"
    if mode != "delete":
        raise BackupError(f"{database} is in use: stop every service first")


def _move_log(database: Path, to: Path) -> None:
    """Put the log of a damaged database, which could not be closed, with it: SQLite would play it into the copy."""
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            database.with_name(database.name + ending).rename(to.with_name(to.name + ending))


def _free_name(database: Path) -> Path:
    number = 1
    while (name := database.with_name(f"{database.name}.before-restore-{number}")).exists():
        number += 1
    return name


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def _opened(path: Path, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
