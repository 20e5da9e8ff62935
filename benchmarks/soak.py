"""A real set under load, broken at random for as long as asked; at the end everything is counted.

Prints after each fault how long it took until all was judged, and at the end what was accepted, judged, delivered,
lost and doubled, and how the memory of the set grew (PSS, so that shared pages count once). Ends with 1 when anything
was lost or doubled, or the API answered something else than 202 and 503.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from tests.conftest import Receiver, receiving
from tests.journeys import test_redis_faults as redis_faults
from tests.journeys import test_sqlite_faults as sqlite_faults
from tests.journeys.load import Load, count, load
from tests.journeys.program import Up, up
from tests.processes import free_port

Fault = Callable[[Up], None]


def _kill(*words: str) -> Fault:
    """Return the fault that one of the processes with these words in their command line is killed."""

    def kill(one: Up) -> None:
        found = one.child(*words)
        if found:
            random.choice(found).kill()

    return kill


def _stop(*words: str) -> Fault:
    """Return the fault that a service is told to stop in good order; `up` starts it again."""

    def stop(one: Up) -> None:
        for process in one.child(*words)[:1]:
            process.terminate()

    return stop


def _redis(fault: Callable[[Up], object], seconds: float) -> Fault:
    def break_redis(one: Up) -> None:
        if one.child("redis-server"):
            with fault(one):  # type: ignore[attr-defined]
                time.sleep(seconds)

    return break_redis


FAULTS: Mapping[str, Fault] = {
    "API killed": _kill("serve"),
    "screen worker killed": _kill("worker", "screen"),
    "deliver worker killed": _kill("worker", "deliver"),
    "beat killed": _kill("beat"),
    "screen worker stopped": _stop("worker", "screen"),
    "deliver worker stopped": _stop("worker", "deliver"),
    "Redis killed": _redis(redis_faults.killed, 1),
    "Redis emptied": _redis(redis_faults.emptied, 1),
    "Redis cut": _redis(redis_faults.cut, 1),
    "Redis paused": _redis(redis_faults.paused, 10),
    "Redis full": _redis(redis_faults.full, 10),
    "Redis refusing": _redis(redis_faults.refusing, 10),
    "database locked": sqlite_faults.locked,
    "disk full": sqlite_faults.full,
}


def main() -> int:
    """Run, print, and tell whether nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--per-second", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the order of the faults")
    asked = parser.parse_args()
    random.seed(asked.seed)
    with (
        tempfile.TemporaryDirectory(prefix="moderation-soak-") as name,
        receiving() as receiver,
        up(
            Path(name) / "var",
            free_port(),
            MODERATION_OUTBOUND_ALLOW="127.0.0.0/8",
            MODERATION_LOG_LEVEL="WARNING",
        ) as one,
    ):
        one.wait_until_ready()
        one.listen(receiver.url)
        url = f"sqlite:///{one.folder / 'moderation.db'}"
        with load(one.port, one.credentials["site"]["secret_key"], asked.per_second) as posting:
            posting.post_for(10)
            before = _memory(one)
            took = _break_until(time.monotonic() + 60 * asked.minutes, one, url, posting)
            posting.post_for(10)
            after = _memory(one)
        _wait(lambda: _is_settled(url, len(posting.ids())), 300)
        is_clean = _report(url, receiver, posting, took)
        print(f"memory (PSS): {before:.0f} MB at first, {after:.0f} MB at last")
        one.stop()
    return 0 if is_clean else 1


def _break_until(end_at: float, one: Up, url: str, posting: Load) -> list[float]:
    """Break one thing after the other, each once before any twice; return how long each took to recover."""
    took: list[float] = []
    names: list[str] = []
    while time.monotonic() < end_at:
        names = names or random.sample(list(FAULTS), len(FAULTS))
        name = names.pop()
        FAULTS[name](one)
        began = time.monotonic()
        posting.post_for(2)
        ids = posting.ids()
        _wait(lambda ids=ids: not set(ids) - set(count(url).verdicts), 300)
        took.append(time.monotonic() - began)
        print(f"{name:24} all judged {took[-1]:5.1f} s after it", flush=True)
        posting.post_for(random.uniform(2, 8))
    return took


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for so long at most: what did not happen is seen in the count."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.25)


def _is_settled(url: str, comments: int) -> bool:
    told = count(url).told
    return len(told) >= comments and all(state == "delivered" for *_, state in told)


def _report(url: str, receiver: Receiver, posting: Load, took: list[float]) -> bool:
    found, ids = count(url), set(posting.ids())
    events = Counter(comment for comment, *_ in found.told)
    by_delivery: dict[str, set[bytes]] = {}
    for one in list(receiver.received):
        # Others tell of the site.
        if "comment" in json.loads(one.body)["data"]:
            by_delivery.setdefault(one.headers["webhook-id"], set()).add(one.body)
    heard = Counter(json.loads(min(bodies))["data"]["comment"]["id"] for bodies in by_delivery.values())
    lost = {
        "comments": len(ids - found.comments.keys()),
        "verdicts": len(ids - set(found.verdicts)),
        "deliveries": len(ids - heard.keys()),
    }
    doubled = {
        "comments": len(found.comments.keys() - ids),
        "verdicts": len(found.verdicts) - len(set(found.verdicts)),
        "events": sum(number - 1 for number in events.values()),
        "deliveries": sum(number - 1 for number in heard.values()),
        "bodies": sum(len(bodies) - 1 for bodies in by_delivery.values()),
    }
    again = sum(one.headers["webhook-id"] in by_delivery for one in receiver.received) - len(by_delivery)
    print(f"answers:   {dict(posting.answers)}")
    print(f"accepted:  {len(ids)}   judged: {len(set(found.verdicts))}   delivered: {len(heard)}")
    print(f"lost:      {sum(lost.values())} {lost}")
    print(f"doubled:   {sum(doubled.values())} {doubled}; sent again under the same webhook-id: {again}")
    print(f"recovered: median {sorted(took)[len(took) // 2]:.1f} s, longest {max(took):.1f} s, {len(took)} faults")
    return not sum(lost.values()) + sum(doubled.values()) and set(posting.answers) <= {"202", "503", "lost"}


def _memory(one: Up) -> float:
    """Return the proportional set size of all processes of the set, in MB."""
    total = 0
    for process in [psutil.Process(one.process.pid), *one.child()]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 1e6


if __name__ == "__main__":
    sys.exit(main())
