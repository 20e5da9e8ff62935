"""Advertisements of well-known kinds, whatever the site.

The text model knows the kinds of site that it learned from; this is for the others, from the first comment on.
"""

from bisect import bisect_left
from collections.abc import Iterator

from moderation.filters.facts import Facts
from moderation.links import is_own
from moderation.promotions import Kind, Promotion, find_promotions, strength_of
from moderation.signals import Evidence, Signal

_SHOWN = 5
# What tells most is shown first.
_ORDER: tuple[Kind, ...] = ("certain", "pressing", "possible", "plain")


def promotion(facts: Facts) -> Iterator[Signal]:
    """Notice PROMOTION: an offer, or words of one beside a call or a link; little strength for either alone.

    How an address is spelt says nothing; links to the website itself call nobody.
    """
    everything = find_promotions(facts.folded)
    if not everything:
        return
    found = [one for one in everything if not _is_in_link(facts, one)]
    strength = strength_of(found, has_link=any(not is_own(link.host, facts.own_hosts) for link in facts.links))
    if strength:
        shown = sorted(found, key=lambda one: (_ORDER.index(one.phrase.kind), one.start))[:_SHOWN]
        spans = [facts.folded_with_spans.original_span(one.start, one.end) for one in shown]
        evidence = tuple(Evidence(facts.body[start:end], "body", start, end) for start, end in spans)
        yield Signal("PROMOTION", strength, evidence)


def _is_in_link(facts: Facts, one: Promotion) -> bool:
    if not facts.links:
        return False
    start, end = facts.folded_with_spans.original_span(one.start, one.end)
    # Links stand in order and never overlap: the last that begins before the phrase ends is the one to look at.
    before = bisect_left(facts.links, end, key=lambda link: link.start)
    return before > 0 and facts.links[before - 1].end > start
