"""Insult and threat, as the toxic model sees them: a reason to hold, never to call spam (`policy.HOLDS_ONLY`)."""

from collections.abc import Iterator
from itertools import pairwise

from moderation.filters.facts import Facts
from moderation.filters.model import ModelMissingError
from moderation.predictions import Toxicity
from moderation.signals import Evidence, Signal

# Probability times familiarity -> strength; between two points the line is straight. With the default points two thirds
# is where a comment is held, at .4: of the sources that the model learned from at most 2 % of the ham lie above it, of
# those it did not at most 3 % (docs/model-card.md).
_CURVE = ((0.0, 0.0), (0.2, 0.0), (0.4, 2 / 3), (0.9, 1.0), (1.0, 1.0))


def toxic(facts: Facts) -> Iterator[Signal]:
    """Notice TOXIC, with the pieces of the text that speak most for it; weaker the less the kind of text is known."""
    if facts.toxicity is None:
        raise ModelMissingError
    strength = strength_of(facts.toxicity)
    if strength:
        pieces = [Evidence(facts.body[start:end], "body", start, end) for start, end in facts.toxicity.spans]
        yield Signal("TOXIC", strength, tuple(pieces))


def strength_of(toxicity: Toxicity) -> float:
    """Return how strongly the model speaks: two thirds where holding pays."""
    sureness = toxicity.probability * toxicity.familiarity
    # Most comments are of this kind.
    if sureness <= _CURVE[1][0]:
        return 0.0
    for (low, low_strength), (high, high_strength) in pairwise(_CURVE):
        if sureness <= high:
            return low_strength + (high_strength - low_strength) * (sureness - low) / (high - low)
    return 1.0
