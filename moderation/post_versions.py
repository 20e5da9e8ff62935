"""How often what readers are shown of a post has changed: whoever keeps a list of it asks one row whether it is right.

Raised by `events`, in the transaction that changes a comment's status; `list_cache` asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.tables import Comment, PostVersion, Site, table


@dataclass(frozen=True, slots=True)
class Standing:
    """How a post stands: its version, and the domain of its site, if it has one."""

    version: int
    domain: str | None


def standing(session: Session, site_id: str, post_id: str) -> Standing | None:
    """Return how a post stands, whether anybody heard of it or not; None where there is no such site."""
    is_of_post = and_(PostVersion.site_id == Site.id, PostVersion.post_id == post_id)
    row = session.execute(
        select(PostVersion.version, Site.domain)
        .select_from(Site)
        .outerjoin(PostVersion, is_of_post)
        .where(Site.id == site_id)
    ).one_or_none()
    return Standing(row.version or 0, row.domain) if row else None


def raise_versions(session: Session, comment_ids: Sequence[str]) -> None:
    """Note that what is shown of the posts of these comments changes, once for each post.

    The last statement of a transaction, if it can be: whoever approves on the same post waits from here on.
    """
    if not comment_ids:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    versions = table(PostVersion)
    # Sorted: two transactions that touch the same posts lock them in the same order.
    posts = (
        select(Comment.site_id, Comment.post_id, literal(1))
        .where(Comment.id.in_(comment_ids))
        .distinct()
        .order_by(Comment.site_id, Comment.post_id)
    )
    session.execute(
        dialect.insert(versions)
        .from_select(["site_id", "post_id", "version"], posts)
        .on_conflict_do_update(
            index_elements=[versions.c.site_id, versions.c.post_id], set_={"version": versions.c.version + 1}
        )
    )
