"""What the trained text model makes of the body."""

from collections.abc import Iterator
from itertools import pairwise

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal

# Probability -> strength; between two points the line is straight. Measured with the shipped weights on comments that
# they had not seen (docs/filters.md): at .2 lie 4 % of the ham above and 8 % of the spam below, at .98 lies 0.1 % of
# the ham above. With the default policy these are the thresholds of `hold` and `spam`.
_CURVE = ((0.0, 0.0), (0.05, 0.0), (0.2, 0.5), (0.98, 1.0), (1.0, 1.0))


# A model that doesn't know the site is no witness alone: where it was never taught, what it is sure of is ham nearly as
# often as spam (docs/filters.md). Until the site's moderators have decided so much it holds, and needs a second signal.
TRUSTED_FROM = 50
_STRANGERS_STRENGTH = 0.75


class ModelMissingError(RuntimeError):
    """The model could not be asked; the filter has failed."""


def model(facts: Facts) -> Iterator[Signal]:
    """Notice MODEL_SPAM, with the pieces of the text that speak most for spam."""
    if facts.prediction is None:
        raise ModelMissingError
    examples = facts.prediction.examples
    strength = strength_of(facts.prediction.probability)
    if examples < TRUSTED_FROM:
        strength = min(strength, _STRANGERS_STRENGTH)
    if strength:
        pieces = [Evidence(facts.body[start:end], "body", start, end) for start, end in facts.prediction.spans]
        if examples:
            pieces.append(Evidence(f"learned from {examples} decisions of this site"))
        yield Signal("MODEL_SPAM", strength, tuple(pieces))


def strength_of(probability: float) -> float:
    """Return how strongly a probability speaks: 0.5 where holding pays, 1 where being wrong is all but excluded."""
    for (low, low_strength), (high, high_strength) in pairwise(_CURVE):
        if probability <= high:
            return low_strength + (high_strength - low_strength) * (probability - low) / (high - low)
    return 1.0
