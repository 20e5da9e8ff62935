"""The same text again: the cheapest strong sign of a campaign, in any language."""

from collections.abc import Iterator

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal

# Shorter ones are said by many honest people: "thank you", "عالی بود".
_LEAST_LENGTH = 20
# From so many on it is no double click.
CERTAIN_FROM = 3


def repeats(facts: Facts) -> Iterator[Signal]:
    """Notice REPEATED (seen on this site within a day) and REPEATED_SPAM (a moderator called the same text spam)."""
    if not (facts.repeats or facts.repeats_of_spam):
        return
    is_long = len(facts.folded) >= _LEAST_LENGTH
    if facts.repeats and is_long:
        strength = min(1.0, facts.repeats / CERTAIN_FROM)
        yield Signal("REPEATED", strength, (Evidence(f"{facts.repeats} times in 24 hours"),))
    if facts.repeats_of_spam:
        yield Signal(
            "REPEATED_SPAM", 1.0 if is_long else 0.5, (Evidence(f"decided to be spam {facts.repeats_of_spam} times"),)
        )
