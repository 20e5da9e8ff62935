"""What N machines carry: measured costs, what each part can take, and how long a comment waits (docs/scaling.md).

    python -m benchmarks.capacity                  measure one machine, simulate it, and compare
    python -m benchmarks.capacity --plan 2500      what carries 2,500 comments a second, by the costs of docs/scaling.md

The simulation is one worker process that takes all that waits, up to a batch, and is busy for `fixed + each * n`;
comments arrive at random. The comparison runs the same in earnest: `intake.accept` in one thread, `screening.screen` in
another, both on a real database, no broker between them.
"""

import argparse
import math
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.comments import comments
from moderation.clock import utc_now
from moderation.db import Database, make_engine
from moderation.filters import BUILT_IN
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.learning.model import TextModel
from moderation.learning.toxic import ToxicModel
from moderation.log import configure
from moderation.migrations import migrate
from moderation.screening import Judge, screen
from moderation.sites import add_site
from moderation.submission import read_submission

MOST_IN_BATCH = 100
_SIZES = (1, 5, 20, 50, 100)
_COMMENTS = 3_000


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of one core, per comment but for `fixed`, which is per batch."""

    accept: float
    fixed: float
    each: float
    deliver: float
    # What the database's own processes do for a comment from acceptance to delivery.
    database: float


# As seen on two cores that were shared with other work; docs/scaling.md says where each is from.
SEEN = Costs(accept=0.0014, fixed=0.0071, each=0.00059, deliver=0.0011, database=0.0009)


def capacity(costs: Costs, batch: int = MOST_IN_BATCH) -> float:
    """Return the comments a second that one screening process judges when batches are full."""
    return batch / (costs.fixed + costs.each * batch)


def simulate(costs: Costs, rate: float, seconds: float, seed: int = 1) -> list[float]:
    """Return how long each comment waited from its arrival to its verdict, with one process that judges."""
    chance = random.Random(seed)
    arrivals: list[float] = []
    moment = 0.0
    while (moment := moment + chance.expovariate(rate)) < seconds:
        arrivals.append(moment)
    waits: list[float] = []
    free = 0.0
    while len(waits) < len(arrivals):
        start = max(free, arrivals[len(waits)])
        taken = [one for one in arrivals[len(waits) : len(waits) + MOST_IN_BATCH] if one <= start]
        free = start + costs.fixed + costs.each * len(taken)
        waits += [free - one for one in taken]
    return waits


class Machine:
    """A database with one site, and what judges there; so many different texts come again and again, all by others."""

    def __init__(self, folder: Path, texts: int = _COMMENTS, readers: int | None = None) -> None:
        # As a worker has it.
        self.database = Database(make_engine(f"sqlite:///{folder / 'capacity.db'}", can_redo=True))
        migrate(self.database)
        self.keyed = Keyed("a secret for measuring, long enough to be one")
        with self.database.write() as session:
            self.site = add_site(session, self.keyed, "News", None, datetime.now(UTC)).id
        model, toxic = TextModel.load(), ToxicModel.load()
        self.judge = Judge(BUILT_IN, lambda: model, load_toxic=lambda: toxic)
        self._rows = comments(texts)[1]
        self._readers = readers
        self._at = 0

    def post(self, count: int) -> list[str]:
        """Accept so many comments; return their ids."""
        sent = []
        for _ in range(count):
            row = self._rows[self._at % len(self._rows)]
            self._at += 1
            reader = self._at % self._readers if self._readers else self._at
            body = {"name": row.name[:50] or "reader", "email": f"reader{reader}@example.com", "body": row.body}
            sent.append(read_submission(body | {"post_id": str(self._at % 50)}))
        return list(
            accept(self.database, self.keyed, self.site, sent, utc_now(), shape=lambda ids: {"ids": list(ids)}).answer[
                "ids"
            ]
        )

    def costs(self) -> Costs:
        """Measure what a batch costs by its size: the line through the medians."""
        times = {}
        for size in _SIZES:
            took = []
            for _ in range(12):
                ids = self.post(size)
                began = time.perf_counter()
                screen(self.database, self.judge, ids)
                took.append(time.perf_counter() - began)
            times[size] = statistics.median(took)
        line = statistics.linear_regression(list(times), list(times.values()))
        return Costs(SEEN.accept, max(line.intercept, 1e-4), line.slope, SEEN.deliver, SEEN.database)

    def run(self, rate: float, seconds: float) -> list[float]:
        """Accept at this rate while one thread judges; return how long each comment waited."""
        waiting: list[tuple[str, float]] = []
        waits: list[float] = []
        is_over = threading.Event()
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    taken, waiting[:MOST_IN_BATCH] = waiting[:MOST_IN_BATCH], []
                if not taken:
                    if is_over.is_set():
                        return
                    time.sleep(0.0005)
                    continue
                screen(self.database, self.judge, [one for one, _ in taken])
                done = time.perf_counter()
                waits.extend(done - since for _, since in taken)

        worker = threading.Thread(target=work)
        worker.start()
        chance = random.Random(1)
        began = next_one = time.perf_counter()
        while (next_one := next_one + chance.expovariate(rate)) < began + seconds:
            time.sleep(max(0.0, next_one - time.perf_counter()))
            since = time.perf_counter()
            (one,) = self.post(1)
            with lock:
                waiting.append((one, since))
        is_over.set()
        worker.join()
        return waits


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def compare(rates: Sequence[float], seconds: float) -> None:
    """Measure this machine, then print what it does at each rate beside what the simulation says."""
    with tempfile.TemporaryDirectory(prefix="moderation-capacity-") as folder:
        machine = Machine(Path(folder))
        costs = machine.costs()
        print(f"a batch costs {1000 * costs.fixed:.1f} ms and {1000 * costs.each:.2f} ms per comment;", end=" ")
        print(f"one process judges {capacity(costs):.0f} comments/s in batches of {MOST_IN_BATCH}")
        print(f"{'rate':>8}  {'p50 seen':>10} {'simulated':>10}  {'p99 seen':>10} {'simulated':>10}")
        for rate in rates:
            seen, said = machine.run(rate, seconds), simulate(costs, rate, seconds * 10)
            figures = [1000 * _quantile(one, share) for share in (0.5, 0.99) for one in (seen, said)]
            print(
                f"{rate:6.0f}/s  {figures[0]:7.1f} ms {figures[1]:7.1f} ms  {figures[2]:7.1f} ms {figures[3]:7.1f} ms"
            )


def plan(rate: float, costs: Costs = SEEN, *, busy: float = 0.6) -> None:
    """Print how many cores each part needs for this rate, when none is busy for more than that share."""
    judging = rate / capacity(costs)
    parts = {
        "API": rate * costs.accept,
        "judging": judging,
        "delivering, one message each": rate * costs.deliver,
        "PostgreSQL": rate * costs.database,
    }
    print(f"{rate:,.0f} comments a second, each core busy for {busy:.0%} at most")
    for part, cores in parts.items():
        print(f"  {part:30} {math.ceil(cores / busy):6,} cores")
    late = _quantile(simulate(costs, busy * capacity(costs), 200), 0.99)
    print(f"  {'waits for its verdict, p99':30} {1000 * late:6.0f} ms")


def main() -> None:
    """Compare, or plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=float, metavar="RATE", help="comments a second")
    parser.add_argument("--rates", type=float, nargs="+", default=[20, 50, 100])
    parser.add_argument("--seconds", type=float, default=15, help="of each rate")
    chosen = parser.parse_args()
    configure("ERROR", "benchmark")
    if chosen.plan:
        plan(chosen.plan)
    else:
        compare(chosen.rates, chosen.seconds)


if __name__ == "__main__":
    main()
