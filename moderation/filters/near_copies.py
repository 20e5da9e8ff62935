"""Almost the same text again, by whoever, wherever on the site: a campaign, in any language."""

from collections.abc import Iterator

from moderation.filters.facts import Copy, Facts
from moderation.filters.repeats import CERTAIN_FROM as REPEATED_FROM
from moderation.signals import Evidence, Signal

# Copies and other authors together: three copies from three authors are a campaign, and so are six from one; a single
# one may be somebody who corrected a slip and sent it again.
_CERTAIN_FROM = 6


def near_copies(facts: Facts) -> Iterator[Signal]:
    """Notice NEAR_COPIES (many within a day) and NEAR_COPY_OF_SPAM (of what a moderator of the site called spam).

    Neither is seen where moderators approved more such texts than they called spam.
    """
    copies = facts.near_copies
    if copies.of_ham > copies.of_spam or not (copies.nearest or copies.nearest_spam):
        return
    # What repeats exactly has been noticed by `repeats`; both together say no more than one of them can.
    left = 1.0 - min(1.0, facts.repeats / REPEATED_FROM)
    strength = min(left, (copies.count + copies.authors) / _CERTAIN_FROM)
    if copies.nearest and strength > 0:
        many = f"{copies.count} in 24 hours, by {copies.authors} other authors, on {copies.posts} posts"
        yield Signal("NEAR_COPIES", strength, (Evidence(many), _shown(copies.nearest)))
    if copies.nearest_spam and not facts.repeats_of_spam:
        # Full strength although half of the pieces may differ: 5 of 28,412 labelled ham comments are so near to spam.
        agreement = copies.of_spam / (copies.of_spam + copies.of_ham)
        yield Signal("NEAR_COPY_OF_SPAM", agreement, (_shown(copies.nearest_spam),))


def _shown(copy: Copy) -> Evidence:
    return Evidence(f"{copy.share:.0%} like {copy.comment_id}")
