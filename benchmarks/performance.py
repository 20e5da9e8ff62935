"""Measure accepting and judging side by side with what they are compared with, and write docs/performance.md.

`make bench` runs it. Machines differ and are busy, so what counts are the ratios of medians: in every round each side
has its turn. Of the page only the part between its two marks is written anew.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import accepting, judging
from benchmarks.stage import ROOT, a_folder

PAGE, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.png"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
ISSO = ("isso==0.14.0", "gunicorn", "setuptools<81")
# Ours first: what is drawn in another colour.
_OURS = (accepting.ALONE, accepting.ON_POSTGRES, accepting.BATCHES)


@dataclass(frozen=True, slots=True)
class Row:
    """A promise and what came of it: `ratio` is at least `bound`, or with `is_most` at most."""

    what: str
    beside: str
    ratio: float
    bound: float
    is_most: bool = False

    @property
    def is_met(self) -> bool:
        """Tell whether the promise was kept."""
        return self.ratio <= self.bound if self.is_most else self.ratio >= self.bound


def main() -> None:
    """Measure, print, and write the page and its plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2, help="of each turn of accepting")
    # Twelve full messages: three could not be shared by two processes better than two to one.
    parser.add_argument("--backlog", type=int, default=2_400, help="comments, and tasks, of each turn of judging")
    parser.add_argument("--processes", type=int, default=2, help="of every server of HTTP")
    parser.add_argument("--isso", type=Path, help="a virtual environment with Isso and gunicorn; else one is made")
    asked = parser.parse_args()
    began = time.monotonic()
    with a_folder() as folder, tempfile.TemporaryDirectory(prefix="bench-isso-") as place:
        isso = asked.isso or _install_isso(Path(place))
        rates, costs = accepting.measure(folder / "accept", asked.processes, asked.rounds, asked.seconds, isso)
        judged = judging.measure(folder / "judge", asked.rounds, asked.backlog)
        waited, per_second = judging.waits(folder, asked.rounds, asked.seconds)
    all_rates = {name: rates[name] for name in rates} | {_named(name): found for name, found in judged.rates.items()}
    all_costs = {name: costs[name] for name in costs} | {_named(name): found for name, found in judged.costs.items()}
    rows = [*_accept_rows(rates), *_judge_rows(judged), *_wait_rows(waited, per_second)]
    told = "\n".join(
        [
            *_machine(asked.rounds, time.monotonic() - began),
            "",
            *_table(rows),
            "",
            *_figures(all_rates, all_costs, {_named(name): found for name, found in judged.busy.items()}),
            "",
            *_waits(waited, per_second),
        ]
    )
    print(told)
    _draw(all_rates)
    _write(told)


def _install_isso(folder: Path) -> Path | None:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return folder if subprocess.run([*pip, *ISSO], check=False).returncode == 0 else None


def _named(name: tuple[str, int]) -> str:
    return f"{name[0]}, {name[1]} process{'es' if name[1] > 1 else ''}"


def _accept_rows(rates: Mapping[str, Sequence[float]]) -> list[Row]:
    middle = {name: statistics.median(found) for name, found in rates.items()}
    wanted = (
        ("accept, SQLite", accepting.ALONE, accepting.TEXTBOOK, 5),
        ("accept, PostgreSQL", accepting.ON_POSTGRES, accepting.TEXTBOOK_POSTGRES, 5),
        ("accept, SQLite", accepting.ALONE, accepting.BARE, 0.5),
        ("accept in batches of 100", accepting.BATCHES, accepting.BARE, 3),
        ("accept, SQLite", accepting.ALONE, accepting.ISSO, 15),
    )
    return [
        Row(what, beside, middle[ours] / middle[beside], bound)
        for what, ours, beside, bound in wanted
        if beside in middle
    ]


def _judge_rows(judged: judging.Measured) -> list[Row]:
    middle = {name: statistics.median(found) for name, found in judged.rates.items()}
    one, two = (judging.OURS, 1), (judging.OURS, 2)
    return [
        Row("judge and write, 1 process", judging.NOTHING, middle[one] / middle[judging.NOTHING, 1], 2),
        Row("judge and write, 2 processes", "1 process", middle[two] / middle[one], 1.7),
    ]


def _wait_rows(waited: Mapping[str, Sequence[float]], per_second: float) -> list[Row]:
    steady, nothing, busy = (waited[name] for name in ("steady", "nothing", "busy"))
    half = f"202 to verdict, {judging.STEADY}/s"
    rows = [
        Row(f"{half}, p50", "round trip of a Celery task", _p50(steady) / _p50(nothing), 2, is_most=True),
        Row(f"{half}, p99", "round trip of a Celery task", _p99(steady) / _p99(nothing), 5, is_most=True),
    ]
    # Where less than STEADY can be kept up with, that is a queue which grows, and nothing to compare with.
    if per_second > judging.STEADY:
        ratio = _p99(busy) / _p99(steady)
        rows.append(Row(f"202 to verdict, {per_second:.0f}/s, p99", half, ratio, 10, is_most=True))
    return rows


def _p50(values: Sequence[float]) -> float:
    return statistics.median(values)


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _machine(rounds: int, seconds: float) -> list[str]:
    processor = next(
        (line.partition(":")[2].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.machine(),
    )
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    machine = f"{os.cpu_count()} cores ({processor}), {platform.system()}, Python {platform.python_version()}"
    return [
        f"`make bench` on {time.strftime('%Y-%m-%d')}: {machine}; {rounds} rounds in {seconds / 60:.0f} minutes.",
        f"Load of the machine at the end, our own included (1, 5 and 15 minutes): {load}.",
    ]


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _table(rows: Sequence[Row]) -> list[str]:
    return [
        "| measure | beside, in the same run | ratio | to reach | |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {row.what} | {row.beside} | {row.ratio:.2f} | {'≤' if row.is_most else '≥'} {row.bound:g} |"
            f" {'reached' if row.is_met else '**not reached**'} |"
            for row in rows
        ),
    ]


def _figures(
    rates: Mapping[str, Sequence[float]], costs: Mapping[str, Sequence[float]], busy: Mapping[str, Sequence[float]]
) -> list[str]:
    cores = {name: f"{statistics.median(found):.0%}" for name, found in busy.items()}
    return [
        "| what | per second: median (least to most) | processor time of its processes per comment or task | cores |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {_spread(found)} | {_spread(costs[name])} µs | {cores.get(name, '')} |"
            for name, found in rates.items()
        ),
    ]


def _waits(waited: Mapping[str, Sequence[float]], per_second: float) -> list[str]:
    names = {
        "steady": f"202 to verdict, {judging.STEADY} comments/s",
        "nothing": f"Celery task, from `delay()` to its end, {judging.STEADY}/s",
        "busy": f"202 to verdict, {per_second:.0f} comments/s (four fifths of what the pipeline keeps up with)",
    }
    return [
        "| wait | p50 | p99 | how many |",
        "| --- | --- | --- | --- |",
        *(
            f"| {names[name]} | {1000 * _p50(found):.0f} ms | {1000 * _p99(found):.0f} ms | {len(found)} |"
            for name, found in waited.items()
        ),
    ]


def _spread(found: Sequence[float]) -> str:
    return f"{statistics.median(found):,.0f} ({min(found):,.0f} to {max(found):,.0f})"


def _draw(rates: Mapping[str, Sequence[float]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    names = list(rates)[::-1]
    middle = [statistics.median(rates[name]) for name in names]
    spread = [
        [one - min(rates[name]) for name, one in zip(names, middle, strict=True)],
        [max(rates[name]) - one for name, one in zip(names, middle, strict=True)],
    ]
    colours = ["tab:blue" if name in _OURS or name.startswith(judging.OURS) else "tab:gray" for name in names]
    figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
    axes.barh(names, middle, xerr=spread, color=colours, ecolor="black", capsize=3)
    axes.set_xscale("log")
    axes.set_xlabel("comments, requests or tasks per second: median, least and most of the rounds (blue: the service)")
    figure.savefig(PLOT, dpi=110, metadata={"Software": ""})


def _write(told: str) -> None:
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{told}\n{END}{after}")


if __name__ == "__main__":
    main()
