"""What stands behind a link in a message: what is to be seen there, and the one thing that it does.

Comes after `action_links`, which read the link, and stands on `decisions`, which knows whether it is still to be done.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from moderation.action_links import ActionLink
from moderation.decisions import Decision, Hand, decide_by_hand
from moderation.errors import ConflictError, NotFoundError
from moderation.events import Owed
from moderation.tables import Comment, DecisionRow, Endpoint, Moderator, Post, Site, VerdictRow

# What keeps a link from working: somebody decided; the comment changed and is still to be decided about; its author's
# data was erased; its time is over; whoever ran the service took the endpoint away.
Standing = Literal["open", "settled", "changed", "erased", "expired", "removed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The newest decision about a comment. `moderator` is a name; with neither, the website decided."""

    action: str
    at: datetime
    moderator: str | None
    endpoint_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a link shows of a comment: no address of its author, however it may be read."""

    name: str
    website: str | None
    body: str
    language: str | None
    received_at: datetime
    post_url: str | None
    post_title: str | None
    post_id: str
    signals: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is behind a link. `comment` is None where the link has no right to show it (any more)."""

    link: ActionLink
    standing: Standing
    site_id: str
    site_name: str
    # The comment's, now.
    status: str
    decided: Decided | None
    comment: Shown | None


def look(session: Session, link: ActionLink, now: datetime) -> Sight:
    """Return what is behind the link; raise NotFoundError where its comment or endpoint is not there at all."""
    found = session.execute(
        select(Comment, Site.name, Endpoint.deleted_at, VerdictRow, Post)
        .join(Site, Site.id == Comment.site_id)
        .join(Endpoint, and_(Endpoint.id == link.endpoint_id, Endpoint.site_id == Comment.site_id))
        .outerjoin(VerdictRow, VerdictRow.comment_id == Comment.id)
        .outerjoin(Post, and_(Post.site_id == Comment.site_id, Post.id == Comment.post_id))
        .where(Comment.id == link.comment_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError("no such link")
    comment, site_name, removed_at, verdict, post = found
    decided = _decided(session, comment.id)
    is_alive = comment.erased_at is None and removed_at is None and now < link.expires_at
    return Sight(
        link=link,
        standing=_standing(link, comment, decided, is_removed=removed_at is not None, now=now),
        site_id=comment.site_id,
        site_name=site_name,
        status=comment.status,
        decided=decided,
        comment=_shown(comment, post, verdict) if is_alive else None,
    )


def settle(session: Session, link: ActionLink, now: datetime) -> list[Owed]:
    """Do what the link is for, once; return the deliveries owed.

    Raises ConflictError where it does not work any more; `look` then says why. NotFoundError as `look` does.
    """
    standing = look(session, link, now).standing
    if standing != "open":
        raise ConflictError("changed", f"The link no longer works: {standing}.")
    hand = Hand(endpoint_id=link.endpoint_id)
    return decide_by_hand(session, hand, link.comment_id, Decision(link.action, link.version), now)


def _standing(
    link: ActionLink, comment: Comment, decided: Decided | None, *, is_removed: bool, now: datetime
) -> Standing:
    if comment.erased_at is not None:
        return "erased"
    if comment.version != link.version:
        return "settled" if decided is not None and comment.status != "held" else "changed"
    if is_removed:
        return "removed"
    return "open" if now < link.expires_at else "expired"


def _decided(session: Session, comment_id: str) -> Decided | None:
    newest = session.execute(
        select(DecisionRow.action, DecisionRow.decided_at, DecisionRow.endpoint_id, Moderator.name)
        .outerjoin(Moderator, Moderator.id == DecisionRow.moderator_id)
        .where(DecisionRow.comment_id == comment_id)
        .order_by(DecisionRow.version.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return None
    return Decided(action=newest.action, at=newest.decided_at, moderator=newest.name, endpoint_id=newest.endpoint_id)


def _shown(comment: Comment, post: Post | None, verdict: VerdictRow | None) -> Shown:
    return Shown(
        name=comment.name,
        website=comment.website,
        body=comment.body,
        language=comment.language,
        received_at=comment.received_at,
        post_url=post.url if post else None,
        post_title=post.title if post else None,
        post_id=comment.post_id,
        signals=tuple(verdict.signals) if verdict else (),
    )
