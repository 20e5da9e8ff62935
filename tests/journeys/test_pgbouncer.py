"""PostgreSQL behind a PgBouncer in transaction mode: fewer connections than threads, and everything once."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.conftest import SECRET, Receiver
from tests.journeys.load import assert_everything_once, load, wait_until_judged
from tests.journeys.program import up
from tests.journeys.servers import Cluster, answers, need, postgres_cluster, python_module, running
from tests.processes import free_port

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

CONFIGURATION = """
[databases]
moderation = host=127.0.0.1 port={server} dbname=moderation user=moderation password=not-a-secret
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Return a PostgreSQL of our own."""
    with postgres_cluster(user="moderation", password="not-a-secret", database="moderation", port=free_port()) as one:
        yield one


@pytest.fixture
def pooler_url(cluster: Cluster) -> Iterator[str]:
    """Return the URL of a PgBouncer before it."""
    # Debian puts it where only root looks.
    program = need("pgbouncer", "pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    port = free_port()
    configuration = cluster.folder / "pgbouncer.ini"
    configuration.write_text(CONFIGURATION.format(server=make_url(cluster.url).port, port=port))
    configuration.chmod(0o644)
    command = [program, str(configuration)]
    with running("pgbouncer", command, cluster.folder, user=cluster.account) as one:
        one.wait_until(lambda: answers(port), "it listened")
        yield make_url(cluster.url).set(port=port).render_as_string(hide_password=False)


def test_the_program_works_through_a_pooler_and_leaves_migrations_to_postgresql(
    tmp_path: Path, cluster: Cluster, pooler_url: str, receiver: Receiver
) -> None:
    common = {"MODERATION_SECRET_KEY": SECRET, "MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8"}
    pooled = {"MODERATION_DATABASE_URL": pooler_url, "MODERATION_DATABASE_POOLER": "transaction"}

    refused = migrate(common | pooled)
    assert refused.returncode != 0
    assert "naming PostgreSQL itself" in refused.stderr
    assert migrate(common | {"MODERATION_DATABASE_URL": cluster.url}).returncode == 0
    # Nothing is left to do, so it is no harm.
    assert migrate(common | pooled).returncode == 0

    with up(tmp_path / "var", free_port(), **common, **pooled) as program:
        program.wait_until_ready()
        program.listen(receiver.url)
        with load(program.port, program.credentials["site"]["secret_key"], 20) as posting:
            posting.post_for(4)
        wait_until_judged(cluster.url, posting.ids())
        assert set(posting.answers) == {"202"}
        assert_everything_once(cluster.url, receiver, posting.ids())
        assert program.stop() == 0
        program.assert_nothing_is_left()


def migrate(settings: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run `moderation migrate` with nothing but these settings."""
    return subprocess.run(
        [*python_module("moderation"), "migrate"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={name: value for name, value in os.environ.items() if not name.startswith("MODERATION_")} | settings,
    )
