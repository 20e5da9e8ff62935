"""The servers that `speed` measures, each as processes of its own, started as an operator would and ended at last."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from moderation.clock import utc_now
from moderation.db import Database
from moderation.identity import Keyed
from moderation.migrations import migrate
from moderation.settings import Settings
from moderation.sites import NewSite, add_site
from tests.journeys.servers import Running, answers, postgres, redis, running
from tests.processes import free_port

ROOT = Path(__file__).resolve().parents[1]
# What a benchmark's secret is worth.
_SECRET = "benchmarks-" * 4
# More than any round posts: the limits are counted, and never reached.
_LIMIT = "1000000000/60"
THREADS = 8


@dataclass(frozen=True, slots=True)
class Service:
    """The service on one database: what its processes are told, and the site that is posted to."""

    folder: Path
    environment: Mapping[str, str]
    settings: Settings
    database: Database
    keyed: Keyed
    site: NewSite


@dataclass(frozen=True, slots=True)
class Target:
    """A server to hammer: its port, its first process, and what each request of it says."""

    port: int
    process: int
    options: tuple[str, ...] = ()

    def spent(self) -> float:
        """Return the seconds of processor time that its processes have taken so far."""
        return spent(self.process)


def spent(process: int) -> float:
    """Return the seconds of processor time of a process and its children."""
    first = psutil.Process(process)
    times = [one.cpu_times() for one in (first, *first.children(recursive=True))]
    return sum(one.user + one.system for one in times)


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run a Redis that keeps nothing; yield its URL."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with redis(folder / "redis", "--port", str(port), "--bind", "127.0.0.1", "--save", "", port=port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def a_postgres() -> Iterator[str]:
    """Run a PostgreSQL as it is set up by default (`synchronous_commit` on, `fsync` on); yield its URL."""
    port = free_port()
    told = {"user": "bench", "password": "bench", "database": "moderation"}
    with postgres(**told, port=port):
        yield f"postgresql://bench:bench@127.0.0.1:{port}/moderation"


@contextmanager
def service(folder: Path, redis_url: str, database_url: str | None = None, **more: str) -> Iterator[Service]:
    """Set the service up on a database of its own; nothing runs yet."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "MODERATION_DATA_DIR": str(folder),
        "MODERATION_DATABASE_URL": database_url or f"sqlite:///{folder / 'moderation.db'}",
        "MODERATION_REDIS_URL": redis_url,
        "MODERATION_SECRET_KEY": _SECRET,
        "MODERATION_LIMIT_KEY": _LIMIT,
        "MODERATION_API_THREADS": str(THREADS),
        **more,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODERATION_")} | told
    environment["PYTHONPATH"] = str(ROOT)
    settings = Settings.from_environment(environment)
    database = Database.of(settings, pool_size=THREADS)
    migrate(database)
    keyed = Keyed(settings.secret())
    with database.write() as session:
        site = add_site(session, keyed, "News", "news.example.com", utc_now())
    try:
        yield Service(folder, environment, settings, database, keyed, site)
    finally:
        database.close()


@contextmanager
def api(one: Service, processes: int) -> Iterator[Target]:
    """Run the service's API."""
    port = free_port()
    told = {**one.environment, "MODERATION_PORT": str(port), "MODERATION_API_PROCESSES": str(processes)}
    with _listening("api", [sys.executable, "-m", "api"], one.folder, port, told) as started:
        yield Target(port, started.process.pid, ("--key", one.site.secret_key))


@contextmanager
def flask_app(name: str, folder: Path, processes: int, **environment: str) -> Iterator[Target]:
    """Run one of the applications of `textbook` on the same server."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [str(Path(sys.executable).with_name("granian")), f"benchmarks.textbook:{name}", "--factory"]
    command += ["--interface", "wsgi", "--http", "1", "--workers", str(processes), "--port", str(port), "--no-ws"]
    command += ["--blocking-threads", str(max(1, THREADS)), "--no-log"]
    with _listening(name, command, folder, port, {**os.environ, "PYTHONPATH": str(ROOT), **environment}) as started:
        yield Target(port, started.process.pid)


@contextmanager
def isso(folder: Path, venv: Path) -> Iterator[Target]:
    """Run Isso as its documentation says: gunicorn with four processes. Its guard against floods is off."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    configuration = folder / "isso.conf"
    configuration.write_text(
        f"[general]\ndbpath = {folder / 'isso.db'}\nhost = http://127.0.0.1:{port}/\n"
        "[moderation]\nenabled = true\n[guard]\nenabled = false\n"
    )
    command = [str(venv / "bin" / "gunicorn"), "-b", f"127.0.0.1:{port}", "-w", "4", "--preload", "isso.run"]
    with _listening("isso", command, folder, port, {**os.environ, "ISSO_SETTINGS": str(configuration)}) as started:
        names = "author,email,text,title"
        yield Target(port, started.process.pid, ("--path", "/new?uri=%2Fpost%2F", "--names", names))


@contextmanager
def worker(one: Service, processes: int) -> Iterator[Running]:
    """Run a worker that judges, with so many processes."""
    told = {**one.environment, "MODERATION_SCREEN_PROCESSES": str(processes)}
    command = [sys.executable, "-m", "workers", "worker", "screen"]
    with running("worker", command, one.folder, environment=told, cwd=one.folder) as started:
        yield started
        started.stop()


@contextmanager
def celery_worker(folder: Path, broker_url: str, processes: int) -> Iterator[Running]:
    """Run a worker whose tasks do nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.textbook:tasks", "worker", "--pool=prefork"]
    command += [f"--concurrency={processes}", "--loglevel=WARNING", "--without-gossip", "--without-mingle"]
    told = {**os.environ, "PYTHONPATH": str(ROOT), "TEXTBOOK_BROKER": broker_url}
    with running("celery", command, folder, environment=told) as started:
        yield started
        started.stop()


@contextmanager
def _listening(
    name: str, command: Sequence[str], folder: Path, port: int, environment: Mapping[str, str]
) -> Iterator[Running]:
    with running(name, command, folder, environment=environment, cwd=folder) as started:
        started.wait_until(lambda: answers(port), "it listened")
        # A process may listen before the other one does.
        time.sleep(1)
        yield started
        started.stop()


@contextmanager
def a_folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards, on a disk and not in memory: a flush has to cost what it costs."""
    place = ROOT / "var" if os.access(ROOT, os.W_OK) else Path(tempfile.gettempdir())
    place.mkdir(exist_ok=True)
    with ExitStack() as stack:
        name = tempfile.mkdtemp(prefix="bench-", dir=place)
        stack.callback(shutil.rmtree, name, ignore_errors=True)
        yield Path(name)
