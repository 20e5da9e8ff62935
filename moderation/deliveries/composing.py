"""Make the messages of claimed deliveries: a document of each event, put into words by the endpoint's format."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from moderation.action_links import LinkMaker
from moderation.formats import FORMATTERS
from moderation.formats.message import Message
from moderation.payload import decision_document, document, notice
from moderation.tables import Comment, DecisionRow, DeliveryRow, Endpoint, EventRow, Moderator, Post, VerdictRow


@dataclass(frozen=True, slots=True)
class Sendable:
    """A claimed delivery with its message."""

    id: str
    attempt: int
    endpoint_id: str
    comment_id: str | None
    event_type: str
    url: str
    generation: int
    message: Message
    is_enabled: bool


def compose(session: Session, claimed: Mapping[str, int], links: LinkMaker | None, now: datetime) -> list[Sendable]:
    """Return what to send now, given the number of this attempt by delivery id; oldest first."""
    rows = session.execute(
        select(DeliveryRow, EventRow, Endpoint, Comment, Post, VerdictRow, DecisionRow, Moderator.name)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .join(Endpoint, Endpoint.id == DeliveryRow.endpoint_id)
        .outerjoin(Comment, Comment.id == EventRow.comment_id)
        .outerjoin(Post, and_(Post.site_id == Comment.site_id, Post.id == Comment.post_id))
        .outerjoin(VerdictRow, VerdictRow.comment_id == Comment.id)
        .outerjoin(DecisionRow, DecisionRow.id == EventRow.decision_id)
        .outerjoin(Moderator, Moderator.id == DecisionRow.moderator_id)
        .where(DeliveryRow.id.in_(claimed))
        .order_by(DeliveryRow.id)
    )
    return [
        Sendable(
            id=delivery.id,
            attempt=claimed[delivery.id],
            endpoint_id=endpoint.id,
            comment_id=event.comment_id,
            event_type=event.type,
            url=endpoint.url,
            generation=endpoint.generation,
            message=FORMATTERS[endpoint.format](
                document(
                    event,
                    comment,
                    post,
                    verdict,
                    decision_document(decision, by or "website") if decision else None,
                    links.links(endpoint.id, comment.id, event.version, now)
                    if links and event.type == "comment.held"
                    else None,
                )
                if comment
                else notice(event)
            ),
            is_enabled=endpoint.enabled and endpoint.deleted_at is None,
        )
        for delivery, event, endpoint, comment, post, verdict, decision, by in rows
    ]
