"""What the trained text model makes of the body."""

from collections.abc import Iterator
from itertools import pairwise

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal

# Probability -> strength; between two points the line is straight. Measured with the shipped weights on comments that
# they had not seen (docs/filters.md): at .2 lie 4 % of the ham above and 10 % of the spam below, at .98 lies 0.1 % of
# the ham above. With the default policy these are the thresholds of `hold` and `spam`.
_CURVE = ((0.0, 0.0), (0.05, 0.0), (0.2, 0.5), (0.98, 1.0), (1.0, 1.0))


class ModelMissingError(RuntimeError):
    """The model could not be asked; the filter has failed."""


def model(facts: Facts) -> Iterator[Signal]:
    """Notice MODEL_SPAM, with the pieces of the text that speak most for spam."""
    if facts.prediction is None:
        raise ModelMissingError
    strength = strength_of(facts.prediction.probability)
    if strength:
        pieces = tuple(Evidence(facts.body[start:end], "body", start, end) for start, end in facts.prediction.spans)
        yield Signal("MODEL_SPAM", strength, pieces)


def strength_of(probability: float) -> float:
    """Return how strongly a probability speaks: 0.5 where holding pays, 1 where being wrong is all but excluded."""
    for (low, low_strength), (high, high_strength) in pairwise(_CURVE):
        if probability <= high:
            return low_strength + (high_strength - low_strength) * (probability - low) / (high - low)
    return 1.0
