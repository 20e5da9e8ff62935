"""Look up what the authors of a batch did before, and how fast comments come, in three statements whatever its size.

Called by `facts`; the filters `author` and `flood` read the answers. Each look-up ends after a bounded number of index
entries, so that a flood does not make its own judging slow. Times are counted back from the batch's latest comment, not
from the clock: a backlog is judged as it would have been when it came.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    func,
    select,
    true,
)

from moderation.arrivals import Posted
from moderation.columns import Reader, UtcDateTime
from moderation.filters.facts import AuthorHistory, Rates
from moderation.prepared import Prepared
from moderation.tables import Comment, DecisionRow, table

# An author's latest comments say enough; a robot's ten thousand would only cost time.
_MOST_OF_AUTHOR = 100
# Only whether any of them is approved is asked then, which costs less.
_MOST_LOOKED_THROUGH = 1_000
# What the machine approved counts in an author's favour once moderators and readers had a day to object.
_STANDS_AFTER = timedelta(days=1)
_NAMES_WINDOW = timedelta(days=7)

_RATE_WINDOW = timedelta(minutes=5)
_SITE_WINDOW = timedelta(minutes=10)
_SITE_DAY = timedelta(hours=24)
# Enough to tell a flood. A window of 500 is no flood from 500 / 8 x 143 in the rest of the day on: no need to count on.
_MOST_OF_IP = 100
_MOST_OF_SITE_WINDOW = 500
_MOST_OF_SITE_DAY = 10_000
# With fewer in the day before there is nothing to compare with.
_LEAST_OF_SITE_DAY = 10

# Imported and delayed comments say when they were written: they come as fast as the network lets them.
_LATE_AFTER = timedelta(minutes=10)

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class History:
    """What was found for one comment."""

    author: AuthorHistory
    rates: Rates


def look_up(session: Reader, comments: Sequence[Comment | Posted]) -> Mapping[str, History]:
    """Return the history of every comment of the batch, by id."""
    if not comments:
        return {}
    given = bound([comment.id for comment in comments], max(comment.received_at for comment in comments))
    authors = {(row.site_id, row.email_token): row for row in _AUTHORS.rows(session, **given)}
    addresses = {(row.site_id, row.ip): int(row.lately) for row in _ADDRESSES.rows(session, **given)}
    sites = {row.site_id: row for row in _SITES.rows(session, **given)}
    return {
        comment.id: History(
            _author(comment, authors[comment.site_id, comment.email_token]),
            _rates(
                comment,
                authors[comment.site_id, comment.email_token],
                addresses.get((comment.site_id, comment.ip or ""), 0),
                sites[comment.site_id],
            ),
        )
        for comment in comments
    }


def known_authors(session: Reader, ids: Sequence[str]) -> AbstractSet[tuple[str, str]]:
    """Return the authors (site and email token) of these comments who have an approved comment on their site."""
    rows = _KNOWN_AUTHORS.rows(session, ids=ids) if ids else ()
    return {(site_id, email_token) for site_id, email_token in rows}


def bound(ids: Sequence[str], at: datetime) -> dict[str, Any]:
    """Return what the statements ask with: the batch's comments, and the times counted back from its latest."""
    return {
        "ids": ids,
        "at": at,
        "beginning": _BEGINNING,
        "stands_since": at - _STANDS_AFTER,
        "names_since": at - _NAMES_WINDOW,
        "rate_since": at - _RATE_WINDOW,
        "window_since": at - _SITE_WINDOW,
        "day_since": at - _SITE_DAY,
    }


_batch, _earlier, _nth = (table(Comment).alias(name) for name in ("batch", "earlier", "nth"))
_decisions = table(DecisionRow)
_in_batch = _batch.c.id.in_(bindparam("ids", expanding=True))


def _moment(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=UtcDateTime)


def _authors() -> Select[Any]:
    """One row per author of the batch, summed over their latest comments and the decisions that hold."""
    distinct = select(_batch.c.site_id, _batch.c.email_token).where(_in_batch).distinct().subquery("distinct_authors")
    since = (
        select(_nth.c.received_at)
        .where(
            _nth.c.site_id == distinct.c.site_id,
            _nth.c.email_token == distinct.c.email_token,
            _nth.c.received_at <= _moment("at"),
        )
        .order_by(_nth.c.received_at.desc())
        .offset(_MOST_OF_AUTHOR - 1)
        .limit(1)
        .scalar_subquery()
    )
    authors = select(distinct, func.coalesce(since, _moment("beginning")).label("since")).cte("authors")
    theirs = and_(
        _earlier.c.site_id == authors.c.site_id,
        _earlier.c.email_token == authors.c.email_token,
        _earlier.c.received_at >= authors.c.since,
        _earlier.c.received_at <= _moment("at"),
    )
    # Only people's decisions mark an author, and of those only the one that holds.
    holds = and_(_decisions.c.comment_id == _earlier.c.id, _decisions.c.version == _earlier.c.version)
    return (
        select(authors.c.site_id, authors.c.email_token, *_sums(_earlier.c, _decisions.c.action))
        .select_from(authors.join(_earlier, theirs).outerjoin(_decisions, holds))
        .group_by(authors.c.site_id, authors.c.email_token)
    )


def _authors_of_postgresql() -> Select[Any]:
    """Say the same so that PostgreSQL has no choice: by a guess it read the whole table, 20 times as long."""
    distinct = select(_batch.c.site_id, _batch.c.email_token).where(_in_batch).distinct().subquery("distinct_authors")
    holds = and_(_decisions.c.comment_id == _earlier.c.id, _decisions.c.version == _earlier.c.version)
    decided = select(_decisions.c.action).where(holds).correlate(_earlier).scalar_subquery()
    theirs = (
        select(_earlier.c.id, _earlier.c.status, _earlier.c.name, _earlier.c.received_at, decided.label("decided"))
        .where(
            _earlier.c.site_id == distinct.c.site_id,
            _earlier.c.email_token == distinct.c.email_token,
            _earlier.c.received_at <= _moment("at"),
        )
        .order_by(_earlier.c.received_at.desc())
        .limit(_MOST_OF_AUTHOR)
        .lateral("theirs")
    )
    return (
        select(distinct.c.site_id, distinct.c.email_token, *_sums(theirs.c, theirs.c.decided))
        .select_from(distinct.join(theirs, true()))
        .group_by(distinct.c.site_id, distinct.c.email_token)
    )


def _sums(of: Any, decided: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """Sum up comments, `of` which the columns are; `decided` is what a person made of each."""
    came = of.received_at
    stands = and_(of.status == "approved", decided.is_(None), came < _moment("stands_since"))
    name = case((came > _moment("names_since"), func.lower(of.name)))
    return [
        func.count().label("seen"),
        func.min(of.id).label("oldest"),
        func.count(case((decided == "approve", 1))).label("approved"),
        func.count(case((decided == "spam", 1))).label("spam"),
        func.count(case((decided == "reject", 1))).label("rejected"),
        func.count(case((stands, 1))).label("standing"),
        func.count(func.distinct(name)).label("names"),
        func.count(case((came > _moment("rate_since"), 1))).label("lately"),
    ]


def _addresses() -> Select[Any]:
    """One row per visitor's address of the batch: how many comments came lately from there."""
    distinct = (
        select(_batch.c.site_id, _batch.c.ip)
        .where(_in_batch, _batch.c.ip.is_not(None))
        .distinct()
        .subquery("addresses")
    )
    from_there = and_(_earlier.c.site_id == distinct.c.site_id, _earlier.c.ip == distinct.c.ip)
    lately = _count(distinct, from_there, "rate_since", _MOST_OF_IP)
    return select(distinct.c.site_id, distinct.c.ip, lately.label("lately"))


def _sites() -> Select[Any]:
    """One row per site of the batch: how many comments came lately, and within a day."""
    distinct = select(_batch.c.site_id).where(_in_batch).distinct().subquery("sites_of_batch")
    on_site = _earlier.c.site_id == distinct.c.site_id
    return select(
        distinct.c.site_id,
        _count(distinct, on_site, "window_since", _MOST_OF_SITE_WINDOW).label("lately"),
        _count(distinct, on_site, "day_since", _MOST_OF_SITE_DAY).label("within_a_day"),
    )


def _count(of: FromClause, which: ColumnElement[bool], since: str, most: int) -> ScalarSelect[int]:
    """Count what came since then, up to so many."""
    came = _earlier.c.received_at
    # In the order of the index: PostgreSQL would else look for the first few from end to end of the table.
    some = select(_earlier.c.site_id).where(which, came > _moment(since), came <= _moment("at")).order_by(came.desc())
    return select(func.count()).select_from(some.correlate(of).limit(most).subquery()).scalar_subquery()


def _known_authors() -> Select[Any]:
    """One row per author of the batch who has an approved comment among the latest ones."""
    distinct = select(_batch.c.site_id, _batch.c.email_token).where(_in_batch).distinct().subquery("distinct_authors")
    latest = (
        select(_earlier.c.status)
        .where(_earlier.c.site_id == distinct.c.site_id, _earlier.c.email_token == distinct.c.email_token)
        .order_by(_earlier.c.received_at.desc())
        .limit(_MOST_LOOKED_THROUGH)
        .correlate(distinct)
        .subquery("latest")
    )
    approved = select(latest.c.status).where(latest.c.status == "approved").exists()
    return select(distinct.c.site_id, distinct.c.email_token).where(approved)


# Made once: the same text for every batch.
AUTHORS = {"sqlite": _authors(), "postgresql": _authors_of_postgresql()}
ADDRESSES, SITES, KNOWN_AUTHORS = _addresses(), _sites(), _known_authors()
_AUTHORS, _ADDRESSES, _SITES, _KNOWN_AUTHORS = (Prepared(one) for one in (AUTHORS, ADDRESSES, SITES, KNOWN_AUTHORS))


def _author(comment: Comment | Posted, found: Any) -> AuthorHistory:
    return AuthorHistory(
        is_first=found.oldest == comment.id and found.seen < _MOST_OF_AUTHOR,
        approved_by_people=found.approved,
        spam_by_people=found.spam,
        rejected_by_people=found.rejected,
        standing=found.standing,
        names=found.names,
    )


def _rates(comment: Comment | Posted, author: Any, from_ip: int, site: Any) -> Rates:
    if comment.submitted_at is not None and comment.received_at - comment.submitted_at > _LATE_AFTER:
        return Rates()
    before = site.within_a_day - site.lately
    windows = _SITE_DAY / _SITE_WINDOW - 1
    return Rates(
        by_email=author.lately,
        by_ip=from_ip,
        on_site=site.lately,
        usual_on_site=before / windows if before >= _LEAST_OF_SITE_DAY else None,
    )
