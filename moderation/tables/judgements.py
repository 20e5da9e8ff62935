"""What the machine and people made of comments, and what a site learned from it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from moderation.columns import Id, Row, partial_index


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
    # What it would be if what is in the shadow had a say; None where nothing is tried out.
    shadow_action: Mapped[str | None] = mapped_column(String(16))
    shadow_score: Mapped[float | None]
    shadow_model: Mapped[str | None] = mapped_column(String(64))
    __table_args__ = (
        partial_index("verdicts_differing", "comment_id", "action", "shadow_action", where="shadow_action != action"),
    )


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
    # By whom: a key's holder, or whoever used a link in a message to an endpoint (`settling`).
    moderator_id: Mapped[str | None] = mapped_column(Id, ForeignKey("moderators.id"))
    key_id: Mapped[str | None] = mapped_column(Id, ForeignKey("keys.id"))
    endpoint_id: Mapped[str | None] = mapped_column(Id, ForeignKey("endpoints.id"))
    decided_at: Mapped[datetime]
    # When the site's own model had seen it (`teaching`).
    learned_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("comment_id", "version", name="one_decision_per_version"),
        partial_index("decisions_owed", "site_id", "id", where="learned_at IS NULL"),
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
    # The version that was put back into use as this one.
    copy_of: Mapped[int | None]
    # It knows of no decision after this.
    # A default of the database's: the release before doesn't know it.
    learned_until: Mapped[datetime] = mapped_column(server_default=func.now())
    # Last, so that a row is read up to it without it.
    weights: Mapped[bytes] = mapped_column(LargeBinary)


class CommonModelRow(Row):
    """What sites that share taught together, of which only the newest version is kept."""

    __tablename__ = "common_models"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    base: Mapped[str] = mapped_column(String(64))
    # Whose decisions are in it, and the newest of them.
    sites: Mapped[list[Any]]
    last_decision: Mapped[str | None] = mapped_column(Id)
    examples: Mapped[int]
    created_at: Mapped[datetime]
    # Last, so that a row is read up to it without it.
    weights: Mapped[bytes] = mapped_column(LargeBinary)
