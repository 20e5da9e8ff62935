"""PostgreSQL broken in every way under load: 503 while it is away, never 500; everything goes on when it is back."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import SECRET, Receiver
from tests.journeys.faults import python_path
from tests.journeys.load import assert_everything_once, load, wait_until_judged
from tests.journeys.program import Up, up
from tests.journeys.servers import Cluster, postgres_cluster
from tests.processes import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

PER_SECOND = 30
# Longer than a statement may take (`db.STATEMENT_MILLISECONDS`).
LOCK_SECONDS = 20
AWAY_SECONDS = 20


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Return a PostgreSQL of our own."""
    with postgres_cluster(user="moderation", password="not-a-secret", database="moderation", port=free_port()) as one:
        yield one


@pytest.fixture
def program(tmp_path: Path, cluster: Cluster) -> Iterator[Up]:
    """Return the running program on that PostgreSQL."""
    with up(
        tmp_path / "var",
        free_port(),
        MODERATION_DATABASE_URL=cluster.url,
        MODERATION_SECRET_KEY=SECRET,
        MODERATION_OUTBOUND_ALLOW="127.0.0.0/8",
        MODERATION_SWEEP_SECONDS="1",
        PYTHONPATH=python_path(),
    ) as one:
        one.wait_until_ready()
        yield one
        assert one.stop() == 0
        one.assert_nothing_is_left()


def restarted(cluster: Cluster) -> None:
    """End it in good order, in the middle of transactions, and start it again at once."""
    for _ in range(3):
        cluster.stop()
        cluster.start()


def crashed(cluster: Cluster) -> None:
    """End it without order, and let it recover."""
    cluster.stop(signal.SIGQUIT)
    cluster.start()


def away(cluster: Cluster) -> None:
    """Refuse connections, as while another server takes over."""
    cluster.stop()
    time.sleep(AWAY_SECONDS)
    cluster.start()


def cut(cluster: Cluster) -> None:
    """Have the server end every connection, many times."""
    for _ in range(20):
        cluster.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'moderation'")
        time.sleep(0.2)


def locked(cluster: Cluster) -> None:
    """Hold the comments for longer than a statement may take."""
    with contextlib.closing(psycopg.connect(cluster.url)) as connection:
        connection.execute("LOCK TABLE comments IN ACCESS EXCLUSIVE MODE")
        time.sleep(LOCK_SECONDS)


def read_only(cluster: Cluster) -> None:
    """Let it be read and not written, as a replica that was not promoted yet."""
    cluster.execute("ALTER DATABASE moderation SET default_transaction_read_only = on")
    cut(cluster)
    time.sleep(5)
    cluster.execute("ALTER DATABASE moderation RESET default_transaction_read_only")
    cut(cluster)


def failing_to_serialize(cluster: Cluster) -> None:
    """Let transactions fail because of each other, as they may at a stricter isolation."""
    cluster.execute("ALTER DATABASE moderation SET default_transaction_isolation = 'serializable'")
    cut(cluster)
    time.sleep(10)
    cluster.execute("ALTER DATABASE moderation RESET default_transaction_isolation")
    cut(cluster)


def full(cluster: Cluster) -> None:
    """Store no row: what PostgreSQL says when its disk is full, said by a trigger instead."""
    cluster.execute(
        "CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
    )
    tables = ("comments", "verdicts", "events", "deliveries", "attempts", "idempotency")
    for table in tables:
        cluster.execute(f"CREATE TRIGGER is_full BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION is_full()")
    time.sleep(10)
    for table in tables:
        cluster.execute(f"DROP TRIGGER is_full ON {table}")


@pytest.mark.parametrize(
    "fault",
    [restarted, crashed, away, cut, locked, read_only, failing_to_serialize, full],
    ids=lambda one: one.__name__,
)
def test_postgresql_breaks_under_load(
    program: Up, cluster: Cluster, receiver: Receiver, fault: Callable[[Cluster], None]
) -> None:
    program.listen(receiver.url)
    with load(program.port, program.credentials["site"]["secret_key"], PER_SECOND) as posting:
        posting.post_for(3)
        fault(cluster)
        posting.post_for(3)
    took = wait_until_judged(cluster.url, posting.ids())
    print(f"{posting.answers}; judged {took:.1f} s after the last")  # noqa: T201 - for people
    assert set(posting.answers) <= {"202", "503"}
    assert not posting.without_retry_after
    assert_everything_once(cluster.url, receiver, posting.ids())
    wait_until(lambda: program.call("GET", "/readyz")[0] == 200, "all is well")
