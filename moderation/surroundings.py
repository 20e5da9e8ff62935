"""Look up what was said where a comment of a batch stands: the comment that it answers, and the post's latest ones.

Called by `facts`, for the filter `relevance`; two statements at most, whatever the size of the batch. Only comments
that are approved by now count as said, and of each no more than its beginning.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, func, select, union_all

from moderation.arrivals import Posted
from moderation.columns import Reader
from moderation.filters.facts import Surroundings
from moderation.filters.relevance import is_comparable
from moderation.prepared import Prepared
from moderation.tables import Comment, table

# The post's latest: a subject is clear from them, and a post with thousands costs no more.
_LATEST = 20
# Characters of each.
_BEGINNING = 1_000

_batch, _earlier, _nth = (table(Comment).alias(name) for name in ("batch", "earlier", "nth"))


def look_up(
    session: Reader, comments: Sequence[Posted], titles: Mapping[str, str | None]
) -> Mapping[str, Surroundings]:
    """Return what surrounds each comment of the batch, by its id; `titles` are those of the posts, by comment."""
    parents = _parents(session, [comment for comment in comments if comment.parent_id])
    long = [comment.id for comment in comments if is_comparable(comment.body)]
    said: dict[tuple[str, str], list[str]] = {}
    for row in _LATEST_SAID.rows(session, ids=long) if long else ():
        said.setdefault((row.site_id, row.post_id), []).append(row.body)
    return {
        comment.id: Surroundings(
            title=titles.get(comment.id),
            parent=parents.get((comment.site_id, comment.parent_id or "")),
            said=tuple(said.get((comment.site_id, comment.post_id), ())),
        )
        for comment in comments
    }


def _parents(session: Reader, answers: Sequence[Posted]) -> Mapping[tuple[str, str], str]:
    """Return the beginnings of the comments that are answered, by site and by the id that named them."""
    if not answers:
        return {}
    sites = {comment.site_id for comment in answers}
    named = {comment.parent_id or "" for comment in answers}
    rows = _ANSWERED.rows(session, sites=sites, named=named)
    return {(row.site_id, row.named): row.body for row in rows}


def _named() -> Select[Any]:
    """Select the comments of the `sites` that the ids in `named` name, ours or the website's."""
    sites: BindParameter[str] = bindparam("sites", expanding=True)
    named: BindParameter[str] = bindparam("named", expanding=True)
    found = [
        select(_earlier.c.site_id, by.label("named"), func.substr(_earlier.c.body, 1, _BEGINNING).label("body")).where(
            _earlier.c.site_id.in_(sites), by.in_(named)
        )
        for by in (_earlier.c.external_id, _earlier.c.id)
    ]
    return select(union_all(*found).subquery("named_comments"))


def _latest() -> Select[Any]:
    """Select the approved ones among the latest comments of the posts that the batch's comments stand on."""
    posts = select(_batch.c.site_id, _batch.c.post_id).where(_batch.c.id.in_(bindparam("ids", expanding=True)))
    posts_once = posts.distinct().subquery("posts_of_batch")
    since = (
        select(_nth.c.id)
        .where(_nth.c.site_id == posts_once.c.site_id, _nth.c.post_id == posts_once.c.post_id)
        .order_by(_nth.c.id.desc())
        .offset(_LATEST)
        .limit(1)
        .scalar_subquery()
    )
    # Worked out once per post, before the join: as a condition of it, PostgreSQL would ask per comment.
    known = (
        select(posts_once, func.coalesce(since, "").label("since"))
        .cte("known_posts")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    theirs = and_(
        _earlier.c.site_id == known.c.site_id,
        _earlier.c.post_id == known.c.post_id,
        _earlier.c.id > known.c.since,
        _earlier.c.status == "approved",
    )
    return select(
        _earlier.c.site_id, _earlier.c.post_id, func.substr(_earlier.c.body, 1, _BEGINNING).label("body")
    ).select_from(known.join(_earlier, theirs))


# Made once: the same text for every batch.
LATEST, PARENTS = _latest(), _named()
_LATEST_SAID, _ANSWERED = Prepared(LATEST), Prepared(PARENTS)
