"""Gather what the messages of claimed deliveries tell: a document of each event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from moderation.action_links import LinkMaker
from moderation.deliveries.digests import TYPES as MANY
from moderation.deliveries.digests import queue_document
from moderation.messages import Language
from moderation.payload import decision_document, document, notice
from moderation.tables import Comment, DecisionRow, DeliveryRow, Endpoint, EventRow, Moderator, Post, VerdictRow

# After a rotation the secret before signs too: a receiver has so long to learn the new one.
BOTH_SIGN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Sendable:
    """A claimed delivery with what it tells, not yet put into the words of its endpoint's format."""

    id: str
    attempt: int
    # How many of them were made before it was last owed anew.
    attempts_before: int
    endpoint_id: str
    comment_id: str | None
    event_type: str
    url: str
    # Of the secrets that sign, newest first.
    generations: tuple[int, ...]
    format: str
    language: Language | None
    document: Mapping[str, Any]


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
            attempts_before=delivery.attempts_before,
            endpoint_id=endpoint.id,
            comment_id=event.comment_id,
            event_type=event.type,
            url=endpoint.url,
            generations=_generations(endpoint, now),
            format=endpoint.format,
            language=cast("Language | None", endpoint.language),
            document=document(
                event,
                comment,
                post,
                verdict,
                decision_document(decision, by) if decision else None,
                links.links(endpoint.id, comment.id, event.version, delivery.replayed_at or delivery.created_at)
                if links and event.type == "comment.held"
                else None,
            )
            if comment
            else queue_document(session, delivery, event, links, has_key=endpoint.format == "standard")
            if event.type in MANY
            else notice(event),
        )
        # All of them first: a message about many comments asks for those.
        for delivery, event, endpoint, comment, post, verdict, decision, by in rows.all()
    ]


def _generations(endpoint: Endpoint, now: datetime) -> tuple[int, ...]:
    newest = endpoint.generation
    if endpoint.rotated_at is not None and now < endpoint.rotated_at + BOTH_SIGN:
        return (newest, newest - 1)
    return (newest,)
