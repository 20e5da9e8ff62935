"""Which sites the comments of a website linked to, and what became of those comments.

`facts` looks up here for the filter `links`, `screening` adds what it judged. A domain that many people share (t.me,
youtube.com) counts with the beginning of its path: one channel's spam says nothing of the others.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, case, column, func, select, values
from sqlalchemy.orm import Session

from moderation.columns import Reader
from moderation.filters.facts import LinkHistory
from moderation.prepared import Prepared
from moderation.tables import Comment, DecisionRow, LinkDomain, insert_new, table

# The latest say enough of a domain that everybody links to.
_LATEST = 100
# Of one comment: what a longer list of links adds is noticed as such.
MOST_LINKS = 20

# Made once: to make it anew takes longer than to run it.
_NEW_LINKS = Prepared(insert_new(LinkDomain))


# By comment, then by target.
Histories = Mapping[str, Mapping[str, LinkHistory]]


def number_of(site_id: str, target: str) -> int:
    """Return what stands for a link's target on one site, a signed 64-bit number; another site's differs."""
    digest = hashlib.blake2b(target.encode("utf-8", "replace"), digest_size=8, key=site_id.encode()).digest()
    return int.from_bytes(digest, byteorder="big", signed=True)


def look_up(session: Reader, targets: Mapping[str, Sequence[str]], sites: Mapping[str, str]) -> Histories:
    """Return, by comment, what is known of each of its targets; `targets` and `sites` (ids) are by comment too."""
    numbers = {number_of(sites[one], target) for one, found in targets.items() for target in found}
    if not numbers:
        return {}
    known = {
        row.domain: LinkHistory(seen=row.seen, spam=row.spam, approved=row.approved, standing=row.standing)
        for row in _histories(_size(len(numbers))).rows(session, **_asked(sorted(numbers)))
    }
    return {
        one: {target: known.get(number_of(sites[one], target), LinkHistory()) for target in found}
        for one, found in targets.items()
    }


def _size(count: int) -> int:
    """Return the next power of two, so that the words of few sizes are needed."""
    return 1 << (count - 1).bit_length()


def _asked(numbers: Sequence[int]) -> dict[str, int | None]:
    """Return what the statement asks with; nothing is linked to a place that is NULL."""
    places = range(_size(len(numbers)))
    return {f"number_{at}": numbers[at] if at < len(numbers) else None for at in places}


def histories(numbers: Sequence[int]) -> Select[Any]:
    """Select what became of the latest comments with each of these targets."""
    return _statement(_size(len(numbers))).params(_asked(numbers))


@cache
def _histories(size: int) -> Prepared:
    return Prepared(_statement(size))


def _statement(size: int) -> Select[Any]:
    link, latest = (table(LinkDomain).alias(name) for name in ("link", "latest"))
    comments, decisions = table(Comment).alias("linking"), table(DecisionRow)
    asked = (
        values(column("domain", BigInteger), name="asked")
        .data([(bindparam(f"number_{at}", type_=BigInteger),) for at in range(size)])
        .cte("asked")
    )
    since = (
        select(latest.c.comment_id)
        .where(latest.c.domain == asked.c.domain)
        .order_by(latest.c.comment_id.desc())
        .offset(_LATEST - 1)
        .limit(1)
        .scalar_subquery()
    )
    # Worked out once per target, before the join: as a condition of it, PostgreSQL would ask per comment.
    known = (
        select(asked.c.domain, func.coalesce(since, "").label("since"))
        .cte("known_targets")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    # Only the decision that holds.
    holds = and_(decisions.c.comment_id == comments.c.id, decisions.c.version == comments.c.version)
    joined = (
        known.join(link, and_(link.c.domain == known.c.domain, link.c.comment_id >= known.c.since))
        .join(comments, comments.c.id == link.c.comment_id)
        .outerjoin(decisions, holds)
    )
    stands = and_(comments.c.status == "approved", decisions.c.action.is_(None))
    return (
        select(
            known.c.domain,
            func.count().label("seen"),
            func.count(case((decisions.c.action == "spam", 1))).label("spam"),
            func.count(case((decisions.c.action == "approve", 1))).label("approved"),
            func.count(case((stands, 1))).label("standing"),
        )
        .select_from(joined)
        .group_by(known.c.domain)
    )


def remember_links(session: Session, numbers: Mapping[str, Iterable[int]]) -> None:
    """Write down where comments that were just judged link to, by comment id."""
    # Sorted: two transactions that touch the same rows lock them in the same order.
    rows = sorted({(one, comment_id) for comment_id, found in numbers.items() for one in found})
    if not rows:
        return
    _NEW_LINKS.run_for_all(session, [{"domain": domain, "comment_id": comment_id} for domain, comment_id in rows])
