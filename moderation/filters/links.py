"""Too many links, links that hide where they lead, or a link where a name belongs."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from moderation.domains import is_shortener
from moderation.filters.facts import Facts, LinkHistory
from moderation.links import Link, is_own
from moderation.signals import Evidence, Signal
from moderation.text import find_links

# Links -> strength; between two points the line is straight. One link is how people quote; a third one starts to look
# like an advertisement (WordPress holds from two on).
_CURVE = ((1.0, 0.0), (2.0, 0.5), (3.0, 0.75), (4.0, 1.0))
# A second link to the same domain tells little more than the first.
_SAME_DOMAIN = 1 / 3
# A comment with fewer letters besides its link says nothing but the link.
_LEAST_TEXT = 10
# What stands around a link in HTML and BBCode, once the link is cut out; with more beside it a comment says something.
_MARKUP = re.compile(r"<[^<>]{0,200}>|&lt;.{0,200}?&gt;|\[/?url\b[^\[\]]{0,40}\]", re.IGNORECASE | re.DOTALL)
_MOST_MARKUP = 400
# One comment that a moderator called spam may be about the comment; the second is about where it links to.
_ONCE, _HABIT_FROM = 0.75, 2
# Enough to show what is meant.
_SHOWN = 5

# What stands before a link's target, and between it and what is shown for it; Markdown has the two the other way round.
_BEFORE_TARGET = re.compile(r"""(?:href\s{0,4}=\s{0,4}["']?|\[url=["']?)\Z""", re.IGNORECASE)
_TARGET_TO_SHOWN = re.compile(r"""["']?(?:[^<>\[\]]{0,200}>[^<>]{0,60}|\][^\[\]]{0,60})\Z""")
_SHOWN_TO_TARGET = re.compile(r"[^\[\]<>]{0,60}\]\(\Z")
_LOOK_BACK = 16


def links(facts: Facts) -> Iterator[Signal]:
    """Notice LINKS_MANY (several, or nothing but one), LINK_MISMATCH, LINK_SHORTENER, LINK_IN_NAME and where they lead.

    LINK_KNOWN_BAD: where comments linked that moderators of the site called spam. LINK_NEW_DOMAIN: where none has yet.
    The website's own pages don't count.
    """
    everything = facts.links
    if everything or facts.link_histories:
        yield from _where_they_lead(facts, everything)
    in_name = find_links(facts.name)
    if in_name:
        yield Signal("LINK_IN_NAME", 1.0, _evidence("name", in_name[:1]))


def _where_they_lead(facts: Facts, everything: Sequence[Link]) -> Iterator[Signal]:
    pairs = _shown_and_target(facts.body, everything)
    shown = {first.start for first, _ in pairs}
    found = [link for link in everything if link.start not in shown and not is_own(link.host, facts.own_hosts)]
    strength = _strength(found)
    if found and _says_nothing_else(facts.body, everything):
        strength = max(strength, 0.75)
    if strength:
        yield Signal("LINKS_MANY", strength, _evidence("body", found))
    mismatches = [target for first, target in pairs if target in found and first.domain != target.domain]
    if mismatches:
        yield Signal("LINK_MISMATCH", 1.0, _evidence("body", mismatches))
    shorteners = [link for link in found if is_shortener(link.host)]
    if shorteners:
        yield Signal("LINK_SHORTENER", 1.0, _evidence("body", shorteners))
    if facts.link_histories:
        yield from _known_or_new(facts, found)


def _says_nothing_else(text: str, everything: Sequence[Link]) -> bool:
    if len(text) - sum(link.end - link.start for link in everything) > _MOST_MARKUP:
        return False
    kept, at = [], 0
    for link in everything:
        kept.append(text[at : link.start])
        at = link.end
    return len(_MARKUP.sub("", "".join((*kept, text[at:]))).strip()) < _LEAST_TEXT


def _known_or_new(facts: Facts, found: Sequence[Link]) -> Iterator[Signal]:
    """Look at what became of comments that linked to the same places."""
    bad: list[Evidence] = []
    worst = 0.0
    fields = (("body", found), ("website", find_links(facts.website or "")), ("name", find_links(facts.name)))
    for field, links_of_field in fields:
        for link in links_of_field:
            history = facts.link_histories.get(link.target, LinkHistory())
            strength = _badness(history)
            worst = max(worst, strength)
            if strength:
                told = f"{link.target}: {history.spam} decided to be spam of the latest {history.seen} with it"
                bad += (Evidence(link.text, field, link.start, link.end), Evidence(told, field=""))
    if bad:
        yield Signal("LINK_KNOWN_BAD", worst, tuple(bad[: 2 * _SHOWN]))
    unseen = [link for link in found if link.target in facts.link_histories and not _seen(facts, link)]
    if unseen:
        yield Signal("LINK_NEW_DOMAIN", 1.0, _evidence("body", unseen))


def _badness(history: LinkHistory) -> float:
    """Three quarters from the first spam on, full from the second; a moderator's approval clears a place."""
    if not history.spam or history.approved:
        return 0.0
    agreed = history.spam / (history.spam + history.standing)
    return agreed * (1.0 if history.spam >= _HABIT_FROM else _ONCE)


def _seen(facts: Facts, link: Link) -> int:
    return facts.link_histories[link.target].seen


def _strength(found: Sequence[Link]) -> float:
    domains = len({link.domain for link in found})
    count = domains + (len(found) - domains) * _SAME_DOMAIN
    for (low, low_strength), (high, high_strength) in pairwise(_CURVE):
        if count <= high:
            return max(0.0, low_strength + (high_strength - low_strength) * (count - low) / (high - low))
    return 1.0


def _shown_and_target(text: str, found: Sequence[Link]) -> list[tuple[Link, Link]]:
    """Pair each link that is only shown (HTML, BBCode, Markdown) with the one it really leads to."""
    pairs = []
    for first, second in pairwise(found):
        between = text[first.end : second.start][:300]
        if _SHOWN_TO_TARGET.match(between):
            pairs.append((first, second))
        elif _BEFORE_TARGET.search(text, max(first.start - _LOOK_BACK, 0), first.start) and _TARGET_TO_SHOWN.match(
            between
        ):
            pairs.append((second, first))
    return pairs


def _evidence(field: str, found: Sequence[Link]) -> tuple[Evidence, ...]:
    return tuple(Evidence(link.text, field, link.start, link.end) for link in found[:_SHOWN])
