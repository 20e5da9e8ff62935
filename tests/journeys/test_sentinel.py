"""Redis behind Sentinels: its master dies, another takes over, and comments go on being judged."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from tests.conftest import Receiver
from tests.journeys.load import assert_everything_once, load, wait_until_judged
from tests.journeys.program import up
from tests.journeys.servers import Running, answers, redis, redis_server, running
from tests.processes import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

PASSWORD = "of the servers"
OWN_PASSWORD = "of the sentinel"


@dataclass(frozen=True)
class Guarded:
    """A master, its replica, and the URL of the Sentinel that watches them."""

    url: str
    master: Running
    replica_port: int

    def has_changed(self) -> bool:
        """Tell whether the replica has become the master."""
        with Redis(port=self.replica_port, password=PASSWORD) as replica:
            return bool(replica.info("replication")["role"] == "master")


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[Guarded]:
    """Run all three."""
    ports = free_port(), free_port()
    port = free_port()
    with contextlib.ExitStack() as stack:
        servers = []
        for one in ports:
            options = ["--port", str(one), "--bind", "127.0.0.1", "--save", "", "--dir", "."]
            secrets = ["--requirepass", PASSWORD, "--masterauth", PASSWORD, "--repl-diskless-sync-delay", "0"]
            follows = ["--replicaof", f"127.0.0.1 {ports[0]}"] if one != ports[0] else []
            servers.append(stack.enter_context(redis(folder / str(one), *options, *secrets, *follows, port=one)))
        with Redis(port=ports[1], password=PASSWORD) as replica:
            wait_until(lambda: replica.info("replication")["master_link_status"] == "up", "the replica follows")
        # It writes into its own configuration what it learns.
        configuration = folder / "sentinel.conf"
        configuration.write_text(
            f"port {port}\nbind 127.0.0.1\nrequirepass '{OWN_PASSWORD}'\n"
            f"sentinel monitor mymaster 127.0.0.1 {ports[0]} 1\nsentinel auth-pass mymaster '{PASSWORD}'\n"
            "sentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 5000\n"
        )
        sentinel = stack.enter_context(running("sentinel", [redis_server(), str(configuration), "--sentinel"], folder))
        sentinel.wait_until(lambda: answers(port), "it listened")
        sentinel.wait_until(lambda: "+slave" in sentinel.said(), "it knew the replica")
        # Of the first one named, nobody answers: the next is asked.
        hosts = f"127.0.0.1:{free_port()},127.0.0.1:{port}"
        login, own = PASSWORD.replace(" ", "%20"), OWN_PASSWORD.replace(" ", "%20")
        url = f"redis+sentinel://:{login}@{hosts}/mymaster/1?sentinel_password={own}"
        yield Guarded(url, servers[0], ports[1])


def test_the_master_dies_under_load(tmp_path: Path, receiver: Receiver) -> None:
    (tmp_path / "redis").mkdir()
    with (
        guarded(tmp_path / "redis") as servers,
        up(
            tmp_path / "var",
            free_port(),
            MODERATION_OUTBOUND_ALLOW="127.0.0.0/8",
            MODERATION_REDIS_URL=servers.url,
            MODERATION_SWEEP_SECONDS="1",
        ) as program,
    ):
        program.wait_until_ready()
        program.listen(receiver.url)
        database = f"sqlite:///{program.folder / 'moderation.db'}"
        wait_until(lambda: program.call("GET", "/readyz")[0] == 200, "all is well")
        with load(program.port, program.credentials["site"]["secret_key"], 20) as posting:
            posting.post_for(2)
            servers.master.process.kill()
            wait_until(servers.has_changed, "the replica takes over")
            after = set(posting.ids())
            posting.post_for(5)
        took = wait_until_judged(database, posting.ids())
        print(f"judged {took:.1f} s after the last; slowest answer {max(posting.seconds):.2f} s")  # noqa: T201 - for people
        assert set(posting.ids()) - after
        assert set(posting.answers) == {"202"}
        assert_everything_once(database, receiver, posting.ids())
        wait_until(lambda: program.call("GET", "/readyz")[0] == 200, "all is well again")
        assert program.stop() == 0
        program.assert_nothing_is_left()
