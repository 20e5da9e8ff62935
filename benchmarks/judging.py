"""How fast comments are judged and written, beside Celery tasks that do nothing, and how soon after their 202."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis

from api.doorbell import celery_publisher
from benchmarks.accepting import hammer
from benchmarks.comments import READERS, comments
from benchmarks.stage import Service, api, broker, celery_worker, service, spent, worker
from benchmarks.textbook import answer, nothing, tasks
from moderation.clock import utc_now
from moderation.intake import accept
from moderation.submission import read_submission
from moderation.tasks import MOST_IDS, SCREEN

# Accepted in one transaction; the figures don't depend on it.
_AT_ONCE = 500
_PATIENCE_SECONDS = 120
_LOOK_AGAIN_SECONDS = 0.001
OURS, NOTHING = "judged and written", "Celery task that does nothing"
_NEW_VERDICTS = "SELECT rowid, comment_id FROM verdicts WHERE rowid > ? ORDER BY rowid"
# Per second: a busy website.
STEADY = 50
WRITERS = 32

# Works off a backlog; seconds, and the share of the cores in use.
_Run = Callable[[int], tuple[float, float]]


@dataclass
class Measured:
    """By what and by how many processes, round by round: done per second, and processor microseconds of each.

    `busy` is the share of the machine's cores that somebody used meanwhile, 0 to 1: ours, Redis's, the client's.
    """

    rates: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    costs: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    busy: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def note(self, name: tuple[str, int], rate: float, cost: float, busy: float) -> None:
        """Take down a round."""
        print(f"  {name[0]}, {name[1]} process(es) {rate:9.0f}/s {cost:9.0f} µs, cores {busy:4.0%} busy", flush=True)
        self.rates.setdefault(name, []).append(rate)
        self.costs.setdefault(name, []).append(cost)
        self.busy.setdefault(name, []).append(busy)


def measure(folder: Path, rounds: int, each: int) -> Measured:
    """Let each side work off a backlog of `each`, in turn; once before without the clock."""
    found = Measured()
    with ExitStack() as stack:
        url = stack.enter_context(broker(folder)).removesuffix("0")
        sides: list[tuple[tuple[str, int], _Run, int]] = []
        for number, processes in enumerate((1, 2)):
            one = stack.enter_context(service(folder / f"judge-{processes}", f"{url}{2 * number + 2}"))
            running = stack.enter_context(worker(one, processes)).process.pid
            sides.append(((OURS, processes), _judge_with(one, running, each), running))
            place = f"{url}{2 * number + 3}"
            running = stack.enter_context(celery_worker(folder / f"nothing-{processes}", place, processes)).process.pid
            sides.append(((NOTHING, processes), _nothing_with(place, running, each), running))
        for number in range(rounds + 1):
            for name, run, running in sides:
                before = spent(running)
                seconds, busy = run(number)
                if number:
                    found.note(name, each / seconds, (spent(running) - before) / each * 1e6, busy)
    return found


def _judge_with(one: Service, running: int, each: int) -> _Run:
    publish = celery_publisher(one.settings)

    def run(number: int) -> tuple[float, float]:
        ids = _accept(one, number * each, each)
        with closing(_look_at(one)) as database, _standing_still(running):
            for start in range(0, len(ids), MOST_IDS):
                publish(SCREEN, ids[start : start + MOST_IDS])
            # Not how many: to count them takes the core that judges.
            judged = "SELECT EXISTS (SELECT 1 FROM comments WHERE status = 'received')"
            return _until(lambda: database.execute(judged).fetchone()[0] == 0, running)

    return run


def _nothing_with(url: str, running: int, each: int) -> _Run:
    def run(_number: int) -> tuple[float, float]:
        with (
            closing(redis.Redis.from_url(url)) as looking,
            _standing_still(running),
            tasks.connection(url) as publishing,
        ):
            for _ in range(each):
                nothing.apply_async([""], connection=publishing)
            return _until(lambda: looking.llen("celery") == 0, running)

    return run


def _until(is_done: Callable[[], bool], running: int) -> tuple[float, float]:
    """Let the worker go; return the seconds until all is done, and which share of the cores was used meanwhile."""
    before, began = psutil.cpu_times(), time.monotonic()
    _each(running, psutil.Process.resume)
    while not is_done():
        assert time.monotonic() - began < _PATIENCE_SECONDS
        time.sleep(_LOOK_AGAIN_SECONDS)
    seconds, after = time.monotonic() - began, psutil.cpu_times()
    free = after.idle + after.iowait - before.idle - before.iowait
    return seconds, 1 - free / (sum(after) - sum(before))


@contextmanager
def _standing_still(running: int) -> Iterator[None]:
    """Keep a worker that has nothing to do from beginning before all is there."""
    time.sleep(1)
    _each(running, psutil.Process.suspend)
    try:
        yield
    finally:
        _each(running, psutil.Process.resume)


def _each(running: int, do: Callable[[psutil.Process], None]) -> None:
    first = psutil.Process(running)
    for one in (first, *first.children(recursive=True)):
        do(one)


def _accept(one: Service, first: int, count: int) -> list[str]:
    _, rows = comments(first + count)
    ids: list[str] = []
    for start in range(0, count, _AT_ONCE):
        sent: Sequence[Mapping[str, Any]] = [
            {
                "name": rows[(first + number) % len(rows)].name[:100],
                "email": f"reader{(first + number) % READERS}@example.com",
                "body": rows[(first + number) % len(rows)].body,
                "post_id": str(number % 20),
            }
            for number in range(start, min(start + _AT_ONCE, count))
        ]
        read = [read_submission(fields) for fields in sent]
        ids += accept(one.database, one.keyed, one.site.id, read, utc_now(), shape=lambda _: {}).ids
    return ids


def _look_at(one: Service) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{one.folder / 'moderation.db'}?mode=ro", uri=True, check_same_thread=False)


def waits(folder: Path, rounds: int, seconds: float) -> tuple[dict[str, list[float]], float]:
    """Return the seconds from a 202 to the verdict, at STEADY a second and at four fifths of the highest steady rate.

    And that of a task that does nothing from `delay()` to its end, as often; and that rate.
    """
    waited: dict[str, list[float]] = {"steady": [], "nothing": [], "busy": []}
    with ExitStack() as stack:
        url = stack.enter_context(broker(folder / "waits")).removesuffix("0")
        one = stack.enter_context(service(folder / "waits" / "service", f"{url}0"))
        target = stack.enter_context(api(one, 1))
        stack.enter_context(worker(one, 1))
        stack.enter_context(celery_worker(folder / "waits" / "nothing", f"{url}1", 1))

        def post(for_seconds: float, per_second: float) -> tuple[list[float], float]:
            options = ("--ids", "--connections", WRITERS, "--seconds", for_seconds, "--per-second", per_second)
            with _watching(one) as seen:
                began = time.monotonic()
                accepted = hammer(target, *options)["accepted"]
                rate = len(seen) / (time.monotonic() - began)
                deadline = time.monotonic() + _PATIENCE_SECONDS
                while accepted.keys() - seen.keys():
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            # The verdict may be there before the answer has reached the client.
            return [max(0.0, seen[name] - moment) for name, moment in accepted.items()], rate

        post(2, STEADY)
        _round_trips(f"{url}1", 20)
        # As fast as it goes: what is judged meanwhile is what can be kept up.
        _, highest = post(2 * seconds, 0)
        for _ in range(rounds):
            waited["steady"] += post(seconds, STEADY)[0]
            waited["nothing"] += _round_trips(f"{url}1", int(seconds * STEADY))
            waited["busy"] += post(seconds, 0.8 * highest)[0]
    return waited, 0.8 * highest


@contextmanager
def _watching(one: Service) -> Iterator[dict[str, float]]:
    """Note when each verdict can be read by others."""
    seen: dict[str, float] = {}
    is_over = threading.Event()
    with closing(_look_at(one)) as database:
        last = database.execute("SELECT coalesce(max(rowid), 0) FROM verdicts").fetchone()[0]

        def watch() -> None:
            nonlocal last
            while not is_over.wait(_LOOK_AGAIN_SECONDS):
                now = time.monotonic()
                for row, name in database.execute(_NEW_VERDICTS, (last,)).fetchall():
                    seen[name], last = now, row

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield seen
        finally:
            is_over.set()
            watcher.join()


def _round_trips(url: str, count: int) -> list[float]:
    took = []
    with closing(redis.Redis.from_url(url)) as heard, tasks.connection(url) as publishing:
        for _ in range(count):
            began = time.monotonic()
            answer.apply_async(["heard"], connection=publishing)
            assert heard.blpop(["heard"], timeout=_PATIENCE_SECONDS) is not None
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, 1 / STEADY - took[-1]))
    return took
