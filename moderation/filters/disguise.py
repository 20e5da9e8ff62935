"""Letters that pass for others."""

from collections.abc import Iterator

from moderation.disguises import find_disguises
from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal

_SHOWN = 5


def disguise(facts: Facts) -> Iterator[Signal]:
    """Notice DISGUISED: styled, look-alike, overlaid, hidden or spaced letters; half strength for chance."""
    found = find_disguises(facts.body)
    if found:
        shown = tuple(Evidence(facts.body[one.start : one.end], "body", one.start, one.end) for one in found[:_SHOWN])
        yield Signal("DISGUISED", max(one.strength for one in found), shown)
