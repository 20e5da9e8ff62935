"""What was posted and where it stands; what is remembered of its text."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from moderation.columns import Id, Row, partial_index


class Post(Row):
    """What is commented on, as the website last described it."""

    __tablename__ = "posts"
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)


class PostVersion(Row):
    """How often what readers are shown of a post has changed (`post_versions`); a post without a row: never."""

    __tablename__ = "post_versions"
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"), primary_key=True)
    post_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


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
    # What the form's token told (`forms`): how long it was open, or what is wrong with the token; None without one.
    form_seconds: Mapped[float | None]
    form_problem: Mapped[str | None] = mapped_column(String(16))
    # The field that people don't see was filled in. A default of the database's: the release before doesn't know it.
    is_trapped: Mapped[bool] = mapped_column(server_default=false())
    # Whether the form showed the work that it was asked for (`form_work`); None: it was not asked.
    has_worked: Mapped[bool | None]
    status: Mapped[str] = mapped_column(String(16))
    # Rises with every change of status; a decision names the version it saw.
    version: Mapped[int]
    settled_at: Mapped[datetime | None]
    # When its author's data and words were erased: that there was a comment is all that is left.
    erased_at: Mapped[datetime | None]
    # When the sweep rings for it (again), and how often it did.
    ring_at: Mapped[datetime]
    rings: Mapped[int] = mapped_column(default=0)
    # How often judging it was begun since its first bell was lost: finds the comment that kills its worker.
    tries: Mapped[int] = mapped_column(default=0)
    # The first of the near-copies that this one is of; None while it is alone. That one may have been erased since.
    campaign_id: Mapped[str | None] = mapped_column(Id)
    __table_args__ = (
        partial_index("comments_owed", "ring_at", where="status = 'received'"),
        # For `shares`: from one site to the next. With the status, as with those that are shown.
        partial_index("comments_waiting", "site_id", "status", where="status = 'received'"),
        partial_index("comments_held", "settled_at", where="status = 'held'"),
        Index("comments_by_status", "site_id", "status", "id"),
        Index("comments_by_site", "site_id", "id"),
        Index("comments_by_post", "site_id", "post_id", "id"),
        # With the status, though it is the same in all of it: SQLite would read each row to see that.
        partial_index("comments_shown", "site_id", "post_id", "id", "status", where="status = 'approved'"),
        partial_index("comments_by_campaign", "site_id", "campaign_id", "id", where="campaign_id IS NOT NULL"),
        partial_index("comments_by_external_id", "site_id", "external_id", where="external_id IS NOT NULL"),
        Index("comments_by_text", "site_id", "fingerprint", "received_at"),
        # For `history`: what an author, an address and a whole site did lately.
        Index("comments_by_author", "site_id", "email_token", "received_at"),
        partial_index("comments_by_ip", "site_id", "ip", "received_at", where="ip IS NOT NULL"),
        Index("comments_by_arrival", "site_id", "received_at"),
        partial_index("comments_with_ip", "received_at", where="ip IS NOT NULL"),
    )


class TextSketch(Row):
    """What a judged comment's text is like (`similarity`), and until when that is remembered; None: for ever."""

    __tablename__ = "text_sketches"
    comment_id: Mapped[str] = mapped_column(Id, ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    sketch: Mapped[bytes] = mapped_column(LargeBinary(72))
    kept_until: Mapped[datetime | None]
    __table_args__ = (partial_index("text_sketches_overdue", "kept_until", where="kept_until IS NOT NULL"),)


class TextBand(Row):
    """A band of a sketch: near-copies have at least one in common. The site is part of its number."""

    __tablename__ = "text_bands"
    band: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    comment_id: Mapped[str] = mapped_column(Id, ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    __table_args__ = (Index("text_bands_by_comment", "comment_id"),)


class LinkDomain(Row):
    """That a judged comment links to a place (`link_memory.number_of`); the site is part of its number."""

    __tablename__ = "link_domains"
    domain: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    comment_id: Mapped[str] = mapped_column(Id, ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    __table_args__ = (Index("link_domains_by_comment", "comment_id"),)


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
