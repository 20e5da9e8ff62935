"""Events, those who want to hear of them, and every try to tell them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from moderation.columns import Id, NullableJson, Row, partial_index


class EventRow(Row):
    """Something that happened to a comment or on a site.

    Holds no personal data: a message about a comment is made from it when sent, one about no comment from `data`.
    """

    __tablename__ = "events"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"))
    comment_id: Mapped[str | None] = mapped_column(Id, ForeignKey("comments.id"))
    type: Mapped[str] = mapped_column(String(64))
    # The comment's; 0 where the event is about none.
    version: Mapped[int]
    decision_id: Mapped[str | None] = mapped_column(Id, ForeignKey("decisions.id"))
    occurred_at: Mapped[datetime]
    # What the message of an event about no comment tells.
    data: Mapped[dict[str, Any] | None] = mapped_column(NullableJson)
    __table_args__ = (UniqueConstraint("comment_id", "version", name="one_event_per_version"),)


class Endpoint(Row):
    """An address that wants to hear of events. Its signing secret is made from SECRET_KEY and `generation`."""

    __tablename__ = "endpoints"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"))
    url: Mapped[str] = mapped_column(Text)
    events: Mapped[list[Any]]
    format: Mapped[str] = mapped_column(String(16))
    # Of messages to people; NULL: the comment's.
    language: Mapped[str | None] = mapped_column(String(8))
    enabled: Mapped[bool]
    generation: Mapped[int] = mapped_column(default=1)
    disabled_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    # Deleted endpoints stay as rows: the log of their deliveries refers to them.
    deleted_at: Mapped[datetime | None]
    # When its secret was replaced: the one before signs too for a day.
    rotated_at: Mapped[datetime | None]
    # What it wants to hear of comments, and when (`quiet`).
    min_score: Mapped[float | None]
    languages: Mapped[list[Any] | None] = mapped_column(NullableJson)
    quiet_hours: Mapped[dict[str, Any] | None] = mapped_column(NullableJson)
    burst: Mapped[int | None]
    # Who sends to it now, and until when the others leave it to them.
    lease: Mapped[str | None] = mapped_column(Id)
    leased_until: Mapped[datetime | None]
    # Until when the sweep rings no more for it.
    rung_until: Mapped[datetime | None]
    # Failures in a row and since when; nothing is sent before `rests_until`; `tripped_at` is when they were too many.
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    failing_since: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    tripped_at: Mapped[datetime | None]
    # All attempts ever, those too whose log is gone.
    attempts_made: Mapped[int] = mapped_column(default=0, server_default="0")
    __table_args__ = (Index("endpoints_by_site", "site_id"),)


class DeliveryRow(Row):
    """One event owed to one endpoint. Its id is the `webhook-id` of every attempt."""

    __tablename__ = "deliveries"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    event_id: Mapped[str] = mapped_column(Id, ForeignKey("events.id"))
    endpoint_id: Mapped[str] = mapped_column(Id, ForeignKey("endpoints.id"))
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    # While pending: when it is due. A worker claims it by moving this past its own time limit.
    next_attempt_at: Mapped[datetime]
    # When the sweep rings for it (again).
    ring_at: Mapped[datetime]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(500))
    # When it was last owed anew, and how many attempts it had then: the schedule begins again.
    replayed_at: Mapped[datetime | None]
    # The digest (a delivery) that told of it instead.
    told_in: Mapped[str | None] = mapped_column(Id)
    attempts_before: Mapped[int] = mapped_column(default=0, server_default="0")
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id", name="one_delivery_per_endpoint"),
        partial_index("deliveries_owed", "ring_at", where="state = 'pending'"),
        partial_index("deliveries_owed_by_endpoint", "endpoint_id", "ring_at", where="state = 'pending'"),
        partial_index("deliveries_dead", "finished_at", where="state = 'dead'"),
        Index("deliveries_by_endpoint", "endpoint_id", "state", "id"),
        Index("deliveries_by_site", "site_id", "id"),
        partial_index("deliveries_finished", "finished_at", where="finished_at IS NOT NULL"),
        partial_index("deliveries_told_together", "told_in", where="told_in IS NOT NULL"),
    )


class AttemptRow(Row):
    """One try of one delivery: what was heard back."""

    __tablename__ = "attempts"
    delivery_id: Mapped[str] = mapped_column(Id, ForeignKey("deliveries.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    seconds: Mapped[float]
    status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(String(500))
    error: Mapped[str | None] = mapped_column(String(500))
