"""How often what readers are shown of a post has changed: whoever keeps a list of it asks one row whether it is right.

Raised by `events`, in the transaction that changes a comment's status; `list_cache` asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, select, text
from sqlalchemy.orm import Session

from moderation.prepared import Prepared
from moderation.tables import PostVersion, Site


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


# Sorted: two transactions that touch the same posts lock them in the same order. A text, made once: SQLAlchemy puts its
# own ON CONFLICT into words anew each time, which takes longer than to run it.
_RAISE = Prepared(
    text(
        "INSERT INTO post_versions (site_id, post_id, version)"
        " SELECT DISTINCT site_id, post_id, 1 FROM comments WHERE id IN :ids ORDER BY site_id, post_id"
        " ON CONFLICT (site_id, post_id) DO UPDATE SET version = post_versions.version + 1"
    ).bindparams(bindparam("ids", expanding=True))
)


def raise_versions(session: Session, comment_ids: Sequence[str]) -> None:
    """Note that what is shown of the posts of these comments changes, once for each post.

    The last statement of a transaction, if it can be: whoever approves on the same post waits from here on.
    """
    if not comment_ids:
        return
    _RAISE.run(session, ids=comment_ids)
