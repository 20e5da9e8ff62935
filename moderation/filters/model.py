"""What the trained text model makes of the body."""

from collections.abc import Iterator
from itertools import pairwise

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal

# Probability -> strength; between two points the line is straight. Measured with weights that had not seen the comments
# (docs/filters.md): at .16 lie 5 % of the ham above and 6 % of the spam below, at .98 lies 0.05 % of the ham above.
# With the default policy these are the thresholds of `hold` and `spam`.
_CURVE = ((0.0, 0.0), (0.04, 0.0), (0.16, 0.5), (0.98, 1.0), (1.0, 1.0))

# A model that doesn't know the site is no witness: where it was never taught, what it is sure of is ham nearly as often
# as spam, and what it sees, links and contacts, other filters see as well (docs/filters.md). Until the site's
# moderators have decided so much, a quarter of its strength counts in full; the rest, up to ¾, only holds.
TRUSTED_FROM = 50
_COUNTED = 0.25
_MOST = 0.75
# What this filter says, for those who replace it.
NAMES = frozenset(["MODEL_SPAM", "MODEL_UNTAUGHT"])


class ModelMissingError(RuntimeError):
    """The model could not be asked; the filter has failed."""


def model(facts: Facts) -> Iterator[Signal]:
    """Notice MODEL_SPAM, with the pieces of the text that speak most for spam.

    Of a model that the site has not taught yet, most of it is MODEL_UNTAUGHT, which only holds.
    """
    if facts.prediction is None:
        raise ModelMissingError
    examples = facts.prediction.examples
    strength = strength_of(facts.prediction.probability)
    if not strength:
        return
    pieces = [Evidence(facts.body[start:end], "body", start, end) for start, end in facts.prediction.spans]
    if examples:
        pieces.append(Evidence(f"learned from {examples} decisions of this site"))
    if examples >= TRUSTED_FROM:
        yield Signal("MODEL_SPAM", strength, tuple(pieces))
        return
    yield Signal("MODEL_SPAM", min(strength, _COUNTED), tuple(pieces))
    if strength > _COUNTED:
        why = Evidence(f"{TRUSTED_FROM - examples} decisions more, and the model counts in full", field="")
        yield Signal("MODEL_UNTAUGHT", (min(strength, _MOST) - _COUNTED) / (_MOST - _COUNTED), (why,))


def strength_of(probability: float) -> float:
    """Return how strongly a probability speaks: 0.5 where holding pays, 1 where being wrong is all but excluded."""
    # Most comments are of this kind.
    if probability <= _CURVE[1][0]:
        return 0.0
    for (low, low_strength), (high, high_strength) in pairwise(_CURVE):
        if probability <= high:
            return low_strength + (high_strength - low_strength) * (probability - low) / (high - low)
    return 1.0
