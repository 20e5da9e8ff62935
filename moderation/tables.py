"""The rows everything rests on. The database is the queue of record: work owed is a query over these tables.

Work owed has a partial index each: comments still `received`, deliveries still `pending`, decisions not learned yet.
Ids sort by time.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    literal,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from moderation.columns import Id
from moderation.columns import Row as Row  # noqa: PLC0414 - says that it may be had from here
from moderation.columns import table as table  # noqa: PLC0414 - likewise


def _partial(name: str, *columns: str, where: str) -> Index:
    """Index only those rows that a query is about: what is owed is little, however much was done."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


# Written into the statement, not bound: a partial index only serves a query whose text says what it covers.
RECEIVED = literal("received", literal_execute=True)
PENDING = literal("pending", literal_execute=True)


class Site(Row):
    """A website whose comments are moderated."""

    __tablename__ = "sites"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    # Host name of the website; browsers may post with its public key from there.
    domain: Mapped[str | None] = mapped_column(String(253))
    created_at: Mapped[datetime]


class PolicyVersion(Row):
    """One version of a site's policy; the newest holds. A site without one has the default policy, version 0."""

    __tablename__ = "policies"
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Moderator(Row):
    """A person who decides."""

    __tablename__ = "moderators"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class ModeratorSite(Row):
    """A site that a moderator may moderate."""

    __tablename__ = "moderator_sites"
    moderator_id: Mapped[str] = mapped_column(Id, ForeignKey("moderators.id"), primary_key=True)
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"), primary_key=True)


class Key(Row):
    """A key or token, as a keyed hash; what it opens is its kind (`keys.Kind`)."""

    __tablename__ = "keys"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    site_id: Mapped[str | None] = mapped_column(Id, ForeignKey("sites.id"))
    moderator_id: Mapped[str | None] = mapped_column(Id, ForeignKey("moderators.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    __table_args__ = (Index("keys_by_site", "site_id"), Index("keys_by_moderator", "moderator_id"))


class Post(Row):
    """What is commented on, as the website last described it."""

    __tablename__ = "posts"
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)


class Comment(Row):
    """A comment as it was posted, and where it stands now."""

    __tablename__ = "comments"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"))
    post_id: Mapped[str] = mapped_column(String(200))
    parent_id: Mapped[str | None] = mapped_column(String(200))
    external_id: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254))
    # Keyed hash of the normalised address: finds an author's other comments without comparing addresses.
    email_token: Mapped[str] = mapped_column(String(43))
    website: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    # Of the folded body: finds the same text again.
    fingerprint: Mapped[str] = mapped_column(String(32))
    language: Mapped[str | None] = mapped_column(String(35))
    ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(Text)
    referrer: Mapped[str | None] = mapped_column(Text)
    submitted_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(16))
    # Rises with every change of status; a decision names the version it saw.
    version: Mapped[int]
    settled_at: Mapped[datetime | None]
    # When the sweep rings for it (again), and how often it did.
    ring_at: Mapped[datetime]
    rings: Mapped[int] = mapped_column(default=0)
    # How often judging it was begun since its first bell was lost: finds the comment that kills its worker.
    tries: Mapped[int] = mapped_column(default=0)
    # The first of the near-copies that this one is of; None while it is alone. That one may have been erased since.
    campaign_id: Mapped[str | None] = mapped_column(Id)
    __table_args__ = (
        _partial("comments_owed", "ring_at", where="status = 'received'"),
        Index("comments_by_status", "site_id", "status", "id"),
        Index("comments_by_site", "site_id", "id"),
        Index("comments_by_post", "site_id", "post_id", "id"),
        _partial("comments_by_campaign", "site_id", "campaign_id", "id", where="campaign_id IS NOT NULL"),
        Index("comments_by_text", "site_id", "fingerprint", "received_at"),
        # For `history`: what an author, an address and a whole site did lately.
        Index("comments_by_author", "site_id", "email_token", "received_at"),
        _partial("comments_by_ip", "site_id", "ip", "received_at", where="ip IS NOT NULL"),
        Index("comments_by_arrival", "site_id", "received_at"),
        _partial("comments_with_ip", "received_at", where="ip IS NOT NULL"),
    )


class TextSketch(Row):
    """What a judged comment's text is like (`similarity`), and until when that is remembered; None: for ever."""

    __tablename__ = "text_sketches"
    comment_id: Mapped[str] = mapped_column(Id, ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    sketch: Mapped[bytes] = mapped_column(LargeBinary(72))
    kept_until: Mapped[datetime | None]
    __table_args__ = (_partial("text_sketches_overdue", "kept_until", where="kept_until IS NOT NULL"),)


class TextBand(Row):
    """A band of a sketch: near-copies have at least one in common. The site is part of its number."""

    __tablename__ = "text_bands"
    band: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    comment_id: Mapped[str] = mapped_column(Id, ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    __table_args__ = (Index("text_bands_by_comment", "comment_id"),)


class VerdictRow(Row):
    """The machine's result for a comment, with every signal and all that is needed to explain it later."""

    __tablename__ = "verdicts"
    comment_id: Mapped[str] = mapped_column(Id, ForeignKey("comments.id"), primary_key=True)
    action: Mapped[str] = mapped_column(String(16))
    score: Mapped[float]
    thresholds: Mapped[dict[str, Any]]
    signals: Mapped[list[Any]]
    model: Mapped[str | None] = mapped_column(String(64))
    policy: Mapped[int]
    judged_at: Mapped[datetime]


class DecisionRow(Row):
    """A person's result for a comment. All are kept; the newest holds."""

    __tablename__ = "decisions"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    comment_id: Mapped[str] = mapped_column(Id, ForeignKey("comments.id"))
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"))
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    # The version that the decision made.
    version: Mapped[int]
    moderator_id: Mapped[str | None] = mapped_column(Id, ForeignKey("moderators.id"))
    key_id: Mapped[str] = mapped_column(Id, ForeignKey("keys.id"))
    decided_at: Mapped[datetime]
    # When the site's own model had seen it (`teaching`).
    learned_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("comment_id", "version", name="one_decision_per_version"),
        _partial("decisions_owed", "site_id", "id", where="learned_at IS NULL"),
        Index("decisions_by_action", "site_id", "action", "id"),
    )


class SiteModelRow(Row):
    """One version of what a site's decisions taught; the newest holds. `base` names the shipped model under it."""

    __tablename__ = "site_models"
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    base: Mapped[str] = mapped_column(String(64))
    examples: Mapped[int]
    created_at: Mapped[datetime]
    # Last, so that a row is read up to it without it.
    weights: Mapped[bytes] = mapped_column(LargeBinary)


class EventRow(Row):
    """Something that happened to a comment. Holds no personal data: the message is made from the comment when sent."""

    __tablename__ = "events"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"))
    comment_id: Mapped[str] = mapped_column(Id, ForeignKey("comments.id"))
    type: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    decision_id: Mapped[str | None] = mapped_column(Id, ForeignKey("decisions.id"))
    occurred_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("comment_id", "version", name="one_event_per_version"),)


class Endpoint(Row):
    """An address that wants to hear of events. Its signing secret is made from SECRET_KEY and `generation`."""

    __tablename__ = "endpoints"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"))
    url: Mapped[str] = mapped_column(Text)
    events: Mapped[list[Any]]
    format: Mapped[str] = mapped_column(String(16))
    enabled: Mapped[bool]
    generation: Mapped[int] = mapped_column(default=1)
    disabled_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    # Deleted endpoints stay as rows: the log of their deliveries refers to them.
    deleted_at: Mapped[datetime | None]
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
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id", name="one_delivery_per_endpoint"),
        _partial("deliveries_owed", "ring_at", where="state = 'pending'"),
        Index("deliveries_by_endpoint", "endpoint_id", "state", "id"),
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


class IdempotencyRow(Row):
    """An answer that was given under a client's Idempotency-Key, kept for a day."""

    __tablename__ = "idempotency"
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"), primary_key=True)
    route: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    # Keyed hash of the request's body.
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    # While the first request still waits for its verdict (Prefer: wait).
    busy_until: Mapped[datetime | None]
    __table_args__ = (Index("idempotency_by_age", "created_at"),)


class Heartbeat(Row):
    """When a queue's workers last took a message off it: proof that somebody consumes."""

    __tablename__ = "heartbeats"
    queue: Mapped[str] = mapped_column(String(64), primary_key=True)
    worker: Mapped[str] = mapped_column(String(200))
    consumed_at: Mapped[datetime]
