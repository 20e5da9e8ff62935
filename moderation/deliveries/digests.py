"""What a message about many held comments tells: of what is held still, when it is sent.

Nothing of it is stored: comments that were decided about meanwhile are not in it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from moderation.action_links import LinkMaker
from moderation.events import DIGEST, WAITING
from moderation.payload import cut, moment
from moderation.reasons import reasons_against
from moderation.tables import Comment, DeliveryRow, EventRow, Post, VerdictRow

TYPES = (DIGEST, WAITING)
# Beyond that it is many, however many.
MOST_COUNTED = 1_000
MOST_SHOWN = 5
_MAX_BODY, _MAX_TEXT = 500, 300


def still_held(delivery_id: str, event: EventRow) -> ColumnElement[bool]:
    """Return the condition that a comment is among those that this message is about, and held as it was."""
    if event.type == WAITING:
        return and_(Comment.site_id == event.site_id, Comment.status == "held")
    told = (
        select(EventRow.comment_id)
        .join(DeliveryRow, DeliveryRow.event_id == EventRow.id)
        .where(DeliveryRow.told_in == delivery_id, EventRow.version == Comment.version)
        .correlate(Comment)
    )
    return and_(Comment.id.in_(told), Comment.status == "held")


def queue_document(
    session: Session, delivery: DeliveryRow, event: EventRow, links: LinkMaker | None, *, has_key: bool
) -> dict[str, Any]:
    """Return what is told of many comments: how many and why, since when, and the first few with their links.

    `has_key`: whoever reads it may ask the API for the queue.
    """
    held = still_held(delivery.id, event)
    found = session.execute(
        select(Comment.id, Comment.received_at, VerdictRow.signals)
        .outerjoin(VerdictRow, VerdictRow.comment_id == Comment.id)
        .where(held)
        .order_by(Comment.id)
        .limit(MOST_COUNTED)
    ).all()
    counts = Counter(against[0]["name"] for row in found if (against := reasons_against(row.signals or ())))
    data = {
        "site": event.site_id,
        "waiting": len(found),
        "oldest_at": moment(min((row.received_at for row in found), default=None)),
        "reasons": [{"name": name, "count": count} for name, count in counts.most_common()],
        "top": _top(session, [row.id for row in found[:MOST_SHOWN]], delivery, links),
        "queue_url": f"{links.base_url}/v1/comments?site={event.site_id}&status=held" if links and has_key else None,
    }
    return {"type": event.type, "timestamp": moment(event.occurred_at), "data": data}


def _top(session: Session, ids: Sequence[str], delivery: DeliveryRow, links: LinkMaker | None) -> list[dict[str, Any]]:
    since = delivery.replayed_at or delivery.created_at
    query: Select[tuple[Comment, VerdictRow, Post]] = (
        select(Comment, VerdictRow, Post)
        .outerjoin(VerdictRow, VerdictRow.comment_id == Comment.id)
        .outerjoin(Post, and_(Post.site_id == Comment.site_id, Post.id == Comment.post_id))
        .where(Comment.id.in_(ids))
        .order_by(Comment.id)
    )
    return [
        {
            "id": comment.id,
            "external_id": comment.external_id,
            "post": {
                "id": comment.post_id,
                "url": cut(post.url, _MAX_TEXT) if post and post.url else None,
                "title": cut(post.title, _MAX_TEXT) if post and post.title else None,
            },
            "name": comment.name,
            "body": cut(comment.body, _MAX_BODY),
            "language": comment.language,
            "version": comment.version,
            "received_at": moment(comment.received_at),
            "score": verdict.score if verdict else None,
            "reasons": [one["name"] for one in reasons_against(verdict.signals)][:MOST_SHOWN] if verdict else [],
            "actions": links.links(delivery.endpoint_id, comment.id, comment.version, since) if links else None,
        }
        for comment, verdict, post in session.execute(query)
    ]
