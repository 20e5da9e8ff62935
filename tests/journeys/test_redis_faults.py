"""Redis broken in every way under load: every POST is a 202, and the work goes on by itself."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.conftest import Receiver
from tests.journeys.load import assert_everything_once, load, wait_until_judged
from tests.journeys.program import Up, up
from tests.processes import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

PER_SECOND = 30
PAUSE_SECONDS = 60


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Up]:
    """Return the running program with its own redis-server."""
    with up(
        tmp_path / "var", free_port(), MODERATION_OUTBOUND_ALLOW="127.0.0.0/8", MODERATION_SWEEP_SECONDS="1"
    ) as one:
        one.wait_until_ready()
        yield one
        assert one.stop() == 0
        one.assert_nothing_is_left()


@contextlib.contextmanager
def _client(program: Up) -> Iterator["redis.Redis[bytes]"]:
    with contextlib.closing(redis.Redis(unix_socket_path=str(program.folder / "redis.sock"))) as client:
        yield client


@contextlib.contextmanager
def killed(program: Up) -> Iterator[None]:
    """End it; `up` starts it again, empty."""
    [server] = program.child("redis-server")
    server.kill()
    wait_until(lambda: server not in program.child("redis-server"), "it is gone")
    yield


@contextlib.contextmanager
def killed_five_times(program: Up) -> Iterator[None]:
    """End it again as soon as it is back."""
    for _ in range(5):
        wait_until(lambda: program.child("redis-server"), "it is there")
        for server in program.child("redis-server"):
            server.kill()
    yield


@contextlib.contextmanager
def emptied(program: Up) -> Iterator[None]:
    """Lose every message, many times."""
    with _client(program) as client:
        for _ in range(200):
            client.flushall()
    yield


@contextlib.contextmanager
def cut(program: Up) -> Iterator[None]:
    """Have the server close every connection, many times."""
    with _client(program) as client:
        for _ in range(20):
            for kind in ("normal", "pubsub"):
                client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    yield


@contextlib.contextmanager
def paused(program: Up) -> Iterator[None]:
    """Let connections stand, and nobody answer on them."""
    [server] = program.child("redis-server")
    server.suspend()
    try:
        yield
    finally:
        server.resume()


@contextlib.contextmanager
def full(program: Up) -> Iterator[None]:
    """Refuse whatever would write: its memory is full."""
    with _client(program) as client:
        client.config_set("maxmemory", "1")
        try:
            yield
        finally:
            client.config_set("maxmemory", "0")


@contextlib.contextmanager
def refusing(program: Up) -> Iterator[None]:
    """Ask for a password that nobody was told, of those who are connected as well."""
    with _client(program) as client:
        client.config_set("requirepass", "something else")
        client.execute_command("AUTH", "something else")
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try:
            yield
        finally:
            client.config_set("requirepass", "")


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (killed, 3),
        (killed_five_times, 3),
        (emptied, 3),
        (cut, 3),
        (paused, PAUSE_SECONDS),
        (full, 15),
        (refusing, 15),
    ],
    ids=lambda one: one.__name__ if callable(one) else str(one),
)
def test_redis_breaks_under_load(
    program: Up,
    receiver: Receiver,
    fault: Callable[[Up], contextlib.AbstractContextManager[None]],
    seconds: float,
) -> None:
    program.listen(receiver.url)
    url = f"sqlite:///{program.folder / 'moderation.db'}"
    with load(program.port, program.credentials["site"]["secret_key"], PER_SECOND) as posting:
        posting.post_for(3)
        with fault(program):
            posting.post_for(seconds)
        posting.post_for(3)
    took = wait_until_judged(url, posting.ids())
    print(f"judged {took:.1f} s after the last; slowest answer {max(posting.seconds):.2f} s")  # noqa: T201 - for people
    assert set(posting.answers) == {"202"}
    assert_everything_once(url, receiver, posting.ids())
    wait_until(lambda: program.call("GET", "/readyz")[0] == 200, "all is well")
