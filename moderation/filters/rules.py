"""The site's own rules, as signals: what they found stands in the verdict like everything else."""

from collections.abc import Iterator

from moderation.filters.facts import Facts
from moderation.rules import match_person
from moderation.signals import Evidence, Signal


def rules(facts: Facts) -> Iterator[Signal]:
    """Notice RULE_TRUST, RULE_BLOCK, RULE_CLOSED_POST, RULE_FIRST_TIMER, RULE_HOLD_EVERYTHING and RULE_FLOOD_MODE.

    They weigh nothing: `verdict` follows them whatever the score is.
    """
    of_site = facts.policy.rules
    for name, entries in (("RULE_TRUST", of_site.trust), ("RULE_BLOCK", of_site.block)):
        entry = match_person(entries, facts.email, facts.ip) if entries else None
        if entry is not None:
            yield Signal(name, 1.0, (Evidence(entry, field=""),))
    if facts.post_id in of_site.closed_posts:
        yield Signal("RULE_CLOSED_POST", 1.0, (Evidence(facts.post_id, field="post_id"),))
    if of_site.hold_first_timers and not facts.approved_before:
        yield Signal("RULE_FIRST_TIMER", 1.0)
    if of_site.hold_everything:
        yield Signal("RULE_HOLD_EVERYTHING", 1.0)
    if facts.is_in_flood and of_site.tighten_in_floods:
        yield Signal("RULE_FLOOD_MODE", 1.0)
