"""Too many links, or a link where a name belongs."""

from collections.abc import Iterator

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal
from moderation.text import find_links

# One link is how people quote; a third one starts to look like an advertisement (WordPress holds from two on).
_STRENGTH_OF = {0: 0.0, 1: 0.0, 2: 0.5, 3: 0.75}
# A comment with fewer letters besides its link says nothing but the link.
_LEAST_TEXT = 10
# Enough to show what is meant.
_SHOWN = 5


def links(facts: Facts) -> Iterator[Signal]:
    """Notice LINKS_MANY (several links, or nothing but one) and LINK_IN_NAME. The website's own pages don't count."""
    found = [link for link in find_links(facts.body) if not _is_own(link.host, facts.own_hosts)]
    strength = _STRENGTH_OF.get(len(found), 1.0)
    if found and len(facts.body) - sum(link.end - link.start for link in found) < _LEAST_TEXT:
        strength = max(strength, 0.75)
    if strength:
        yield Signal(
            "LINKS_MANY",
            strength,
            tuple(Evidence(link.text, "body", link.start, link.end) for link in found[:_SHOWN]),
        )
    in_name = find_links(facts.name)
    if in_name:
        link = in_name[0]
        yield Signal("LINK_IN_NAME", 1.0, (Evidence(link.text, "name", link.start, link.end),))


def _is_own(host: str, own_hosts: frozenset[str]) -> bool:
    return any(host == own or host.endswith("." + own) for own in own_hosts)
