"""What `moderation up` holds in memory when idle, process by process, and whether judging makes a process grow.

The first table is measured on a set of its own in a new folder, some time after it is ready and has judged a few
comments: proportional set size (PSS), which shares out pages among the processes that have them in common. The second
judges comments again and again in one process, batch by batch, and prints its resident set as it goes on. MB are 10^6.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil

from benchmarks.comments import comments
from benchmarks.filters import BATCH, whole
from tests.journeys.program import Up, up
from tests.processes import free_port

_COMMENTS = 12
_LINES = 10


def main() -> None:
    """Measure one and then the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle-seconds", type=float, default=20, help="after the comments, before the set is measured")
    parser.add_argument("--python", default=sys.executable, help="what runs the set, with no more than it needs")
    parser.add_argument("--comments", type=int, default=50_000, help="to judge in one process; 0 for none")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="moderation-memory-") as name,
        up(Path(name) / "var", free_port(), python=asked.python, MODERATION_LOG_LEVEL="WARNING") as one,
    ):
        one.wait_until_ready()
        one.wait_until_judged(
            *(one.post(f"Well said, number {number}: www.example.org") for number in range(_COMMENTS))
        )
        time.sleep(asked.idle_seconds)
        print_table(one)
        one.stop()
    if asked.comments:
        judge_many(asked.comments)


def print_table(one: Up) -> None:
    """Print what each process of the set holds, in the order in which they were started, and their sum."""
    total = 0
    for process in [psutil.Process(one.process.pid), *one.child()]:
        held = process.memory_full_info()
        total += held.pss
        print(f"{held.pss / 1e6:8.1f} MB  {_name(process)}")
    print(f"{total / 1e6:8.1f} MB  in all", flush=True)


def _name(process: psutil.Process) -> str:
    words = [word for word in process.cmdline() if word.strip()]
    if "redis-server" in words[0]:
        return "redis-server"
    # Of `python -P -m workers worker screen` what follows the module.
    return " ".join(words[words.index("-m") + 1 :])


def judge_many(number: int) -> None:
    """Judge so many comments, each text a new one, and print how the process grows."""
    _, rows = comments(4_000)
    here, done = psutil.Process(os.getpid()), 0
    while done < number:
        for at in range(0, len(rows), BATCH):
            # A number makes words and links of it that were never seen before.
            whole(
                [
                    replace(row, body=f"{row.body} {done + at} www.example{done + at}.com")
                    for row in rows[at : at + BATCH]
                ]
            )
        done += len(rows)
        if done % (number // _LINES or 1) < len(rows):
            print(f"{done:8} comments judged: {here.memory_info().rss / 1e6:6.1f} MB resident", flush=True)


if __name__ == "__main__":
    main()
