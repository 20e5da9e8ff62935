"""What judging a comment costs: the whole filter set, in batches and alone, beside others' filters in the same run.

Machines differ and are busy, so the figures to compare are the ratios: each round times us and a baseline in turn, and
the median of the rounds is shown with the least and the most. Microseconds of processor time are for orientation.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from benchmarks.baselines import Baseline, baselines
from benchmarks.comments import Row, comments, facts_of
from moderation.combining import predict, with_toxicity
from moderation.filters import BUILT_IN, Facts, Prediction, notice
from moderation.learning.features import extract
from moderation.learning.model import TextModel
from moderation.learning.toxic import ToxicModel
from moderation.policy import Policy
from moderation.similarity import sketch_all
from moderation.text import find_links, fold
from moderation.verdict import judge

BATCH = 100
LEAST_ROUNDS = 3

MODEL, TOXIC = TextModel.load(), ToxicModel.load()
POLICY = Policy()


def whole(rows: Sequence[Row]) -> None:
    """Judge a batch: all that happens between reading comments from the database and writing verdicts."""
    batch = [facts_of(row.body, name=row.name) for row in rows]
    for facts, one in zip(batch, with_toxicity(predict(MODEL, batch, {}), batch, lambda: TOXIC), strict=True):
        judge(notice(facts.with_prediction(one.prediction, one.toxicity), BUILT_IN), POLICY, one.model)


def model_alone(rows: Sequence[Row]) -> None:
    """Give a batch its probabilities and nothing else: what a filter of words like bogofilter does."""
    MODEL.probabilities([row.body for row in rows])


OURS: Mapping[str, Callable[[Sequence[Row]], None]] = {
    "whole filter set": whole,
    "our text model alone": model_alone,
}


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the whole, timed by itself: what it is given is prepared for every round, out of the clock's sight."""

    name: str
    prepare: Callable[[Sequence[Row]], Any]
    run: Callable[[Any], object]


def _bodies(rows: Sequence[Row]) -> list[str]:
    return [row.body for row in rows]


def _read(rows: Sequence[Row]) -> list[str]:
    """Return the texts as a second model meets them: the first one has read them already."""
    texts = _bodies(rows)
    extract(texts)
    return texts


def _facts(rows: Sequence[Row]) -> list[Facts]:
    """Return comments whose text is folded and searched for links already: that is measured as steps of its own."""
    predicted = [Prediction(one.probability, one.spans) for one in MODEL.predict([row.body for row in rows])]
    read = [facts_of(row.body, name=row.name, prediction=one) for row, one in zip(rows, predicted, strict=True)]
    for facts in read:
        assert facts.folded is not None
        assert facts.links is not None
    return read


def _step_of(one: Callable[[Facts], object]) -> Step:
    return Step(f"filter {one.__name__}", _facts, lambda batch: [list(one(facts)) for facts in batch])


STEPS = (
    Step("fold", _bodies, lambda batch: [fold(body) for body in batch]),
    Step("find links", _bodies, lambda batch: [find_links(body) for body in batch]),
    Step("sketch for near-copies", lambda rows: [fold(row.body) for row in rows], sketch_all),
    Step("text model", _bodies, MODEL.probabilities),
    Step("text model with evidence", _bodies, MODEL.predict),
    Step(
        "toxic model with evidence",
        _read,
        TOXIC.predict,
    ),
    *map(_step_of, BUILT_IN),
    Step("all filters", _facts, lambda batch: [notice(facts, BUILT_IN) for facts in batch]),
    Step(
        "verdict",
        lambda rows: [notice(facts, BUILT_IN) for facts in _facts(rows)],
        lambda batch: [judge(signals, POLICY, MODEL.version) for signals in batch],
    ),
)


def per_comment(run: Callable[[Sequence[Row]], object], rows: Sequence[Row], size: int) -> float:
    """Return the processor microseconds per comment when judged in batches of this size."""
    start = time.process_time()
    for at in range(0, len(rows), size):
        run(rows[at : at + size])
    return (time.process_time() - start) / len(rows) * 1e6


def step_cost(step: Step, rows: Sequence[Row]) -> float:
    """Return the processor microseconds per comment of one step, in batches."""
    spent = 0.0
    for at in range(0, len(rows), BATCH):
        given = step.prepare(rows[at : at + BATCH])
        start = time.process_time()
        step.run(given)
        spent += time.process_time() - start
    return spent / len(rows) * 1e6


def shown(values: Sequence[float], digits: int) -> str:
    """Write the median of some rounds, and the least and the most."""
    return f"{statistics.median(values):9.{digits}f}  ({min(values):.{digits}f} to {max(values):.{digits}f})"


def _named(name: str, size: int) -> str:
    return f"{name}, {f'batches of {size}' if size > 1 else 'one alone'}"


def compare(rows: Sequence[Row], few: Sequence[Row], others: Sequence[Baseline], rounds: int) -> None:
    """Time us and the others in turn, batches of all rows and few of them alone; print both and the ratios."""
    # Once without the clock: tables and caches of characters and words fill.
    per_comment(whole, rows, BATCH)
    ours: dict[tuple[str, int], list[float]] = {(name, size): [] for name in OURS for size in (BATCH, 1)}
    theirs: dict[tuple[str, int], list[float]] = {(other.name, size): [] for other in others for size in other.sizes}
    for _ in range(rounds):
        for size, subset in ((BATCH, rows), (1, few)):
            for name, run in OURS.items():
                ours[name, size].append(per_comment(run, subset, size))
            for other in others:
                if size in other.sizes:
                    theirs[other.name, size].append(other.per_comment(subset, size))
    print("\nmicroseconds per comment, median (least to most)")
    for (name, size), took in (ours | theirs).items():
        print(f"  {_named(name, size):66}{shown(took, 1)}")
    for our_name in OURS:
        print(f"\nhow many times as long the baseline takes as {our_name}")
        for (name, size), took in theirs.items():
            ratios = [their / our for their, our in zip(took, ours[our_name, size], strict=True)]
            print(f"  {_named(name, size):66}{shown(ratios, 2)}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    rounds = max(LEAST_ROUNDS, given.rounds)
    source, rows = comments(given.comments)
    few = rows[: max(BATCH, len(rows) // 5)]
    mean = sum(len(row.body) for row in rows) / len(rows)
    print(f"{len(rows):,} {source}, {mean:.0f} characters in the mean; {rounds} rounds; one core")
    others, absent = baselines(rows)

    compare(rows, few, others, rounds)
    for name in absent:
        print(f"  {name}: not here, not compared")

    print(f"\nsteps in batches of {BATCH}, microseconds per comment")
    costs = {step.name: [step_cost(step, rows) for _ in range(rounds)] for step in STEPS}
    width = max(map(len, chain(costs, ["step"]))) + 2
    for name, took in costs.items():
        print(f"  {name:{width}}{shown(took, 1)}")


if __name__ == "__main__":
    main()
