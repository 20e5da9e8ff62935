"""How fast comments are accepted, beside a bare endpoint, the textbook way and Isso: all in turn, round by round."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.stage import ROOT, Target, a_postgres, api, broker, flask_app, isso, service
from benchmarks.textbook import make_tables

CONNECTIONS = 32
BATCH = 100
BARE, ALONE, BATCHES, ON_POSTGRES = (
    "bare Flask endpoint",
    "service, SQLite",
    "service, SQLite, batches of 100",
    "service, PostgreSQL",
)
TEXTBOOK, TEXTBOOK_POSTGRES, ISSO = "textbook, SQLite", "textbook, PostgreSQL", "Isso"


def hammer(target: Target, *options: object) -> dict[str, Any]:
    """Run the client against a server; return what it heard."""
    command = [sys.executable, "-m", "benchmarks.hammer", "--port", str(target.port), *target.options]
    told = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, *map(str, options)], check=True, stdout=subprocess.PIPE, text=True, env=told)
    heard: dict[str, Any] = json.loads(done.stdout)
    return heard


@contextmanager
def targets(folder: Path, processes: int, isso_venv: Path | None) -> Iterator[dict[str, tuple[Target, int]]]:
    """Start all of them; yield each with how many comments a request of it has."""
    with ExitStack() as stack:
        enter = stack.enter_context
        redis = enter(broker(folder))
        told = {"TEXTBOOK_BROKER": redis.removesuffix("0") + "1"}
        alone = enter(api(enter(service(folder / "sqlite", redis)), processes))
        on_postgres = enter(api(enter(service(folder / "postgres", redis, enter(a_postgres()))), processes))
        sqlite_url = f"sqlite:///{folder / 'textbook.db'}"
        postgres_url = enter(a_postgres()).replace("postgresql:", "postgresql+psycopg:")
        for url in (sqlite_url, postgres_url):
            make_tables(url)
        found = {
            BARE: (enter(flask_app("make_bare", folder / "bare", processes)), 1),
            ALONE: (alone, 1),
            BATCHES: (
                replace(alone, options=(*alone.options, "--path", "/v1/comments/batch", "--batch", str(BATCH))),
                BATCH,
            ),
            ON_POSTGRES: (on_postgres, 1),
            TEXTBOOK: (
                enter(flask_app("make_textbook", folder / "t1", processes, TEXTBOOK_DATABASE=sqlite_url, **told)),
                1,
            ),
            TEXTBOOK_POSTGRES: (
                enter(flask_app("make_textbook", folder / "t2", processes, TEXTBOOK_DATABASE=postgres_url, **told)),
                1,
            ),
        }
        if isso_venv is not None:
            found[ISSO] = (enter(isso(folder / "isso", isso_venv)), 1)
        yield found


def measure(
    folder: Path, processes: int, rounds: int, seconds: float, isso_venv: Path | None
) -> tuple[Mapping[str, list[float]], Mapping[str, list[float]]]:
    """Return by name, each by round: comments a second, and processor microseconds of the server per comment.

    One round goes before without the clock.
    """
    with targets(folder, processes, isso_venv) as found:
        rates: dict[str, list[float]] = {name: [] for name in found}
        costs: dict[str, list[float]] = {name: [] for name in found}
        for number in range(rounds + 1):
            for name, (target, batch) in found.items():
                before = target.spent()
                heard = hammer(target, "--connections", CONNECTIONS, "--seconds", seconds if number else 1)
                done = sum(heard["statuses"].get(status, 0) for status in ("200", "201", "202")) * batch
                # Isso refuses some where its processes meet in the database.
                assert name == ISSO or done == heard["answers"] * batch, (name, heard["statuses"])
                rate, cost = done / heard["seconds"], (target.spent() - before) / done * 1e6
                print(f"  {name:28}{rate:9.0f}/s {cost:9.0f} µs", flush=True)
                if number:
                    rates[name].append(rate)
                    costs[name].append(cost)
    return rates, costs
