"""SQLite locked by a stranger and a disk that is full, under load: 503 meanwhile, never 500; then all goes on."""

import contextlib
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import Receiver
from tests.journeys.faults import python_path
from tests.journeys.load import assert_everything_once, load, wait_until_judged
from tests.journeys.program import Up, up
from tests.processes import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

PER_SECOND = 20


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Up]:
    """Return the running program on SQLite."""
    with up(
        tmp_path / "var",
        free_port(),
        MODERATION_OUTBOUND_ALLOW="127.0.0.0/8",
        MODERATION_SWEEP_SECONDS="1",
        PYTHONPATH=python_path(),
    ) as one:
        one.wait_until_ready()
        yield one
        assert one.stop() == 0
        one.assert_nothing_is_left()


def _lock(program: Up, seconds: float) -> None:
    with contextlib.closing(sqlite3.connect(program.folder / "moderation.db", isolation_level=None)) as stranger:
        stranger.execute("PRAGMA busy_timeout = 30000")
        stranger.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        stranger.execute("ROLLBACK")


def locked(program: Up) -> None:
    """Let somebody else write for seconds: whoever comes meanwhile waits."""
    _lock(program, 8)


def locked_for_long(program: Up) -> None:
    """Let somebody else write for longer than anybody waits."""
    _lock(program, 30)


def full(program: Up) -> None:
    """Let no file grow beyond where the smallest of the database's is, nor a log: what a full disk does to both."""
    processes = [one for one in program.child() if "redis-server" not in one.name()]
    for one in processes:
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            one.rlimit(psutil.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    time.sleep(15)
    for one in processes:
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            one.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.mark.parametrize(
    ("fault", "is_noticed"),
    [(locked, False), (locked_for_long, True), (full, True)],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_sqlite_breaks_under_load(
    program: Up, receiver: Receiver, fault: Callable[[Up], None], *, is_noticed: bool
) -> None:
    program.listen(receiver.url)
    url = f"sqlite:///{program.folder / 'moderation.db'}"
    with load(program.port, program.credentials["site"]["secret_key"], PER_SECOND) as posting:
        posting.post_for(3)
        fault(program)
        posting.post_for(3)
    took = wait_until_judged(url, posting.ids(), 150)
    print(f"{posting.answers}; judged {took:.1f} s after the last")  # noqa: T201 - for people
    assert set(posting.answers) == ({"202", "503"} if is_noticed else {"202"})
    assert not posting.without_retry_after
    assert_everything_once(url, receiver, posting.ids())
    wait_until(lambda: program.call("GET", "/readyz")[0] == 200, "all is well")
    with contextlib.closing(sqlite3.connect(program.folder / "moderation.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
