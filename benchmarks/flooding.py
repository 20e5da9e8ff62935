"""What a comment costs to judge while the same texts come again and again: at first, and after a flood of them.

`python -m benchmarks.flooding` prints processor time per comment, in batches of a hundred, as copies pile up.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.capacity import Machine
from moderation.log import configure
from moderation.screening import screen

_BATCH = 100
_STEPS = 6


def main() -> None:
    """Judge, and print the time of each sixth of the flood beside that of the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, default=12_000)
    parser.add_argument("--texts", type=int, default=500, help="different ones")
    parser.add_argument("--readers", type=int, default=97, help="who send them")
    asked = parser.parse_args()
    configure("ERROR", "benchmark")
    with tempfile.TemporaryDirectory(prefix="bench-flood-") as folder:
        machine = Machine(Path(folder), asked.texts, asked.readers)
        # The first one loads what every process loads once.
        screen(machine.database, machine.judge, machine.post(_BATCH))
        each = asked.comments // _STEPS // _BATCH
        first = 0.0
        for step in range(1, _STEPS + 1):
            took = statistics.median(_judge(machine) for _ in range(each))
            first = first or took
            copies = step * each * _BATCH / asked.texts
            print(f"{copies:5.0f} copies of each text: {took * 1e6:6.0f} µs a comment, {took / first:.2f} of the first")


def _judge(machine: Machine) -> float:
    ids = machine.post(_BATCH)
    began = time.thread_time()
    screen(machine.database, machine.judge, ids)
    return (time.thread_time() - began) / _BATCH


if __name__ == "__main__":
    main()
