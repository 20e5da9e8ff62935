"""A comment with all that is known of it, as moderators and websites read it; and the little its author may know."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from moderation.errors import NotFoundError
from moderation.keys import Caller
from moderation.payload import decision_document, moment
from moderation.tables import Comment, DecisionRow, Moderator, Post, VerdictRow

# What an author is told beside the status: enough to know what happens next, nothing to tune spam by.
REASON_OF = {
    "received": "being_checked",
    "approved": "published",
    "held": "awaiting_moderation",
    "spam": "not_published",
    "rejected": "refused_by_moderator",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a list, and where the next one starts; `cursor` is None at the end."""

    comments: list[dict[str, Any]]
    cursor: str | None


def read_comment(session: Session, caller: Caller, comment_id: str) -> dict[str, Any]:
    """Return the comment; raise NotFoundError for one of others."""
    query = select(Comment).where(Comment.id == comment_id)
    comment = session.scalar(query)
    if comment is None or not caller.may_touch(comment.site_id):
        raise NotFoundError(f"no comment {comment_id}")
    return _describe(session, [comment])[0]


def read_for_author(session: Session, comment_id: str) -> dict[str, Any]:
    """Return what an author may know of a comment; whoever calls has checked that it is the author."""
    status = session.scalar(select(Comment.status).where(Comment.id == comment_id))
    if status is None:
        raise NotFoundError(f"no comment {comment_id}")
    return {"id": comment_id, "status": status, "reason": REASON_OF[status]}


def list_comments(
    session: Session,
    site_id: str,
    *,
    status: str | None = None,
    post_id: str | None = None,
    campaign: str | None = None,
    is_differing: bool = False,
    email_tokens: Collection[str] | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Return comments of a site, newest first, from the cursor on.

    `is_differing` asks for those whose verdict would be another if what is in the shadow had a say, `email_tokens` for
    those of one author.
    """
    query = select(Comment).where(Comment.site_id == site_id).order_by(Comment.id.desc()).limit(limit + 1)
    if status is not None:
        query = query.where(Comment.status == status)
    if post_id is not None:
        query = query.where(Comment.post_id == post_id)
    if campaign is not None:
        query = query.where(Comment.campaign_id == campaign)
    if email_tokens is not None:
        query = query.where(Comment.email_token.in_(email_tokens))
    if is_differing:
        query = query.where(Comment.id.in_(differing()))
    if cursor is not None:
        query = query.where(Comment.id < cursor)
    found = session.scalars(query).all()
    shown = found[:limit]
    return Page(_describe(session, shown), shown[-1].id if len(found) > limit else None)


def differing() -> Select[tuple[str]]:
    """Select comments whose verdict would be another if what is in the shadow had a say."""
    return select(VerdictRow.comment_id).where(VerdictRow.shadow_action != VerdictRow.action)


def _describe(session: Session, comments: Sequence[Comment]) -> list[dict[str, Any]]:
    ids = [comment.id for comment in comments]
    verdicts = {
        row.comment_id: row for row in session.scalars(select(VerdictRow).where(VerdictRow.comment_id.in_(ids)))
    }
    decisions = {
        decision.comment_id: decision_document(decision, by) for decision, by in session.execute(_newest_decisions(ids))
    }
    posts = {
        (post.site_id, post.id): post
        for post in session.scalars(
            select(Post).where(
                Post.site_id.in_({comment.site_id for comment in comments}),
                Post.id.in_({comment.post_id for comment in comments}),
            )
        )
    }
    return [
        _document(
            comment, posts.get((comment.site_id, comment.post_id)), verdicts.get(comment.id), decisions.get(comment.id)
        )
        for comment in comments
    ]


def _newest_decisions(ids: Sequence[str]) -> Select[tuple[DecisionRow, str]]:
    newest = (
        select(DecisionRow.comment_id, func.max(DecisionRow.version).label("version"))
        .where(DecisionRow.comment_id.in_(ids))
        .group_by(DecisionRow.comment_id)
        .subquery()
    )
    return (
        select(DecisionRow, Moderator.name)
        .join(newest, and_(newest.c.comment_id == DecisionRow.comment_id, newest.c.version == DecisionRow.version))
        .outerjoin(Moderator, Moderator.id == DecisionRow.moderator_id)
    )


def _document(
    comment: Comment, post: Post | None, verdict: VerdictRow | None, decision: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "id": comment.id,
        "status": comment.status,
        "version": comment.version,
        "site": comment.site_id,
        "post_id": comment.post_id,
        "post_url": post.url if post else None,
        "post_title": post.title if post else None,
        "parent_id": comment.parent_id,
        "external_id": comment.external_id,
        "name": comment.name,
        "email": comment.email,
        "website": comment.website,
        "body": comment.body,
        "language": comment.language,
        "ip": comment.ip,
        "user_agent": comment.user_agent,
        "referrer": comment.referrer,
        "submitted_at": moment(comment.submitted_at),
        "received_at": moment(comment.received_at),
        "settled_at": moment(comment.settled_at),
        "erased_at": moment(comment.erased_at),
        "campaign": comment.campaign_id,
        "verdict": _verdict_document(verdict) if verdict else None,
        "decision": decision,
    }


def _verdict_document(verdict: VerdictRow) -> dict[str, Any]:
    return {
        "action": verdict.action,
        "score": verdict.score,
        "thresholds": verdict.thresholds,
        "signals": verdict.signals,
        "model": verdict.model,
        "policy": verdict.policy,
        "judged_at": moment(verdict.judged_at),
        "shadow": {
            "action": verdict.shadow_action,
            "score": verdict.shadow_score,
            "model": verdict.shadow_model,
        }
        if verdict.shadow_action
        else None,
    }
