"""What an outage of Redis costs: how fast comments are accepted without it, and how fast a backlog is judged after it.

Starts a real set with a Redis of its own. While accepting is measured the workers stand still, with Redis and without
it, so that they take no time of the processor from one side only; both sides alternate in one run. Ends with 1 when a
target is missed.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.journeys.load import Load, count, load
from tests.journeys.program import Up, up
from tests.journeys.servers import redis
from tests.processes import free_port

if TYPE_CHECKING:
    import psutil

# Each state comes first in half of them: what grows meanwhile counts against neither.
ROUNDS = 6
# As fast as the service answers.
FLAT_OUT = 1e6
OUTAGE_PER_SECOND = 100.0
MOST_RATIO = 1.3
MOST_SECONDS = 15.0


def main() -> int:
    """Measure, print and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each round of accepting")
    parser.add_argument("--outage", type=float, default=60, help="seconds that Redis is away")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="moderation-outage-") as name:
        folder, port = Path(name), free_port()
        settings = {"MODERATION_REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "")
        # It has to be there for the first start, and is stopped and started from then on.
        with redis(folder / "first", *options, port=port) as server, up(folder / "var", free_port(), **settings) as one:
            one.wait_until_ready()
            ratios = _compare_accepting(one, server.process.pid, asked.seconds)
            server.stop()
            judged = _measure_backlog(one, folder, options, port, asked.outage)
            one.stop()
    is_met = max(ratios) <= MOST_RATIO and judged <= MOST_SECONDS
    print(f"targets: ratios at most {MOST_RATIO}, backlog judged within {MOST_SECONDS:.0f} s: {_yes(is_met)}")
    return 0 if is_met else 1


def _compare_accepting(one: Up, redis_pid: int, seconds: float) -> tuple[float, float]:
    """Return how much slower accepting is without Redis: by rate, and by the slowest hundredth."""
    import psutil

    workers = one.child("workers")
    rates: dict[str, list[float]] = {"up": [], "down": []}
    slowest: dict[str, list[float]] = {"up": [], "down": []}
    _suspend(one, workers)
    for number in range(ROUNDS):
        for state in ("up", "down") if number % 2 == 0 else ("down", "up"):
            if state == "down":
                # Harder than refused: connections stand, and nobody answers on them.
                psutil.Process(redis_pid).suspend()
            posting = _post(one, seconds)
            psutil.Process(redis_pid).resume()
            rates[state].append(len(posting.seconds) / seconds)
            slowest[state].append(statistics.quantiles(posting.seconds, n=100)[98])
    for worker in workers:
        worker.resume()
    for state in ("up", "down"):
        rate, p99 = statistics.median(rates[state]), statistics.median(slowest[state])
        print(f"Redis {state:4}: {rate:6.0f} accepted a second, p99 {1000 * p99:6.1f} ms")
    by_rate = statistics.median(rates["up"]) / statistics.median(rates["down"])
    by_p99 = statistics.median(slowest["down"]) / statistics.median(slowest["up"])
    print(f"ratio: rate {by_rate:.2f}, p99 {by_p99:.2f}")
    _wait_until_judged(one, [])
    return by_rate, by_p99


def _suspend(one: Up, workers: Sequence["psutil.Process"]) -> None:
    """Let the workers stand still at a moment when none of them has the database's turn: nobody else would get it."""
    while True:
        for worker in workers:
            worker.suspend()
        # A comment that nobody takes within seconds says so by its time-out.
        with contextlib.suppress(OSError, AssertionError):
            one.post("Does anybody take this?")
            return
        for worker in workers:
            worker.resume()
        time.sleep(1)


def _post(one: Up, seconds: float) -> Load:
    with load(one.port, _key(one), FLAT_OUT) as posting:
        posting.post_for(seconds)
    assert set(posting.answers) == {"202"}, posting.answers
    return posting


def _measure_backlog(one: Up, folder: Path, options: tuple[str, ...], port: int, outage: float) -> float:
    """Return the seconds from the return of Redis until all that came in the outage is judged; load goes on."""
    with load(one.port, _key(one), OUTAGE_PER_SECOND) as posting:
        posting.post_for(outage)
        backlog = posting.ids()
        with redis(folder / "second", *options, port=port):
            began = time.monotonic()
            _wait_until_judged(one, backlog)
            took = time.monotonic() - began
            posting.post_for(5)
    assert set(posting.answers) == {"202"}, posting.answers
    rate = len(backlog) / outage
    print(f"outage of {outage:.0f} s: {len(backlog)} accepted ({rate:.0f}/s), judged {took:.1f} s after its end")
    return took


def _wait_until_judged(one: Up, ids: list[str]) -> None:
    """Wait for these, or for all there are."""
    url = f"sqlite:///{one.folder / 'moderation.db'}"
    while True:
        found = count(url)
        if not (set(ids) or found.comments.keys()) - set(found.verdicts):
            return
        time.sleep(0.2)


def _key(one: Up) -> str:
    return str(one.credentials["site"]["secret_key"])


def _yes(is_so: bool) -> str:  # noqa: FBT001 - one word for one claim
    return "met" if is_so else "MISSED"


if __name__ == "__main__":
    sys.exit(main())
