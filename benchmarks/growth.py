"""How the time to read one comment grows with its length, for text made to be slow: four times the text, about four.

Prints what grows fastest; ends with 1 where eight times is passed in each of several tries, and again for four times
the longer text, which is what quadratic work shows. Once alone is a step: a likelier text is given evidence.
"""

import sys
import time
from collections.abc import Callable

from benchmarks.comments import facts_of
from moderation.filters import BUILT_IN, notice
from moderation.formats.plain import clean, cut
from moderation.learning.features import extract
from moderation.learning.model import TextModel
from moderation.markup import read_markup
from moderation.readings import for_the_model, readings
from moderation.similarity import sketch_all
from moderation.text import find_links, fold, fold_with_spans
from tests.hostile import hostile

SHORT, LONG, LONGER = 5_000, 20_000, 80_000
TOO_MUCH = 8.0
TRIES = 4
# Below this a ratio is noise.
LEAST_SECONDS = 0.002

MODEL = TextModel.load()
READERS: dict[str, Callable[[str], object]] = {
    "fold": fold,
    "fold_with_spans": fold_with_spans,
    "find_links": find_links,
    "read_markup": read_markup,
    "for_the_model": lambda text: for_the_model(fold(text)),
    "readings": lambda text: readings(fold_with_spans(text)),
    "clean": lambda text: cut(clean(text, 25), 2_000),
    "sketch_all": lambda text: sketch_all([fold(text)]),
    "extract": lambda text: extract([text]),
    "predict": lambda text: MODEL.predict([text]),
    **{one.__name__: lambda text, one=one: list(one(facts_of(text, name=text[:100]))) for one in BUILT_IN},
    "notice": lambda text: notice(facts_of(text, name=text[:100]), BUILT_IN),
}


def seconds(reader: Callable[[str], object], text: str) -> float:
    """Return the processor time of one reading."""
    start = time.process_time()
    reader(text)
    return time.process_time() - start


def growth(reader: Callable[[str], object], short: str, long: str) -> tuple[float, float]:
    """Return the least ratio of a few tries, and the seconds of the long text then."""
    best = (float("inf"), 0.0)
    for _ in range(TRIES):
        long_time = seconds(reader, long)
        if long_time < LEAST_SECONDS:
            return 0.0, long_time
        best = min(best, (long_time / max(seconds(reader, short), 1e-6), long_time))
        if best[0] <= TOO_MUCH:
            break
    return best


def main() -> int:
    """Print the ten that grow fastest and the ten that take longest."""
    short, long = hostile(SHORT), hostile(LONG)
    measured = [
        (*growth(reader, short[kind], long[kind]), name, kind) for name, reader in READERS.items() for kind in long
    ]
    print(f"{SHORT:,} -> {LONG:,} characters, {len(long)} kinds of text, {len(READERS)} readers")
    for title, key in (("growing fastest", 0), ("taking longest", 1)):
        print(title)
        for ratio, took, name, kind in sorted(measured, key=lambda one: -one[key])[:10]:
            print(f"  {name:16} {kind:28} {ratio:5.1f} times, {took * 1e3:7.1f} ms")
    longer = hostile(LONGER)
    quadratic = [
        (name, kind)
        for ratio, _, name, kind in measured
        if ratio > TOO_MUCH and growth(READERS[name], long[kind], longer[kind])[0] > TOO_MUCH
    ]
    print("quadratic:", ", ".join(f"{name} of {kind}" for name, kind in quadratic) or "none")
    return 1 if quadratic else 0


if __name__ == "__main__":
    sys.exit(main())
