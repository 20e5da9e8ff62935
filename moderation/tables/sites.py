"""A website, its policies, the people who decide for it, and the keys of both."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, false, true
from sqlalchemy.orm import Mapped, mapped_column

from moderation.columns import Id, Row, partial_index


class Site(Row):
    """A website whose comments are moderated."""

    __tablename__ = "sites"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    # Host name of the website; browsers may post with its public key from there.
    domain: Mapped[str | None] = mapped_column(String(253))
    created_at: Mapped[datetime]
    # False: its model stays as it is, whatever is decided (`model_history`).
    is_learning: Mapped[bool] = mapped_column(default=True, server_default=true())
    # Decisions up to this id teach no more.
    learns_after: Mapped[str | None] = mapped_column(Id)
    # How often somebody asked that its model be made anew, and of which time it was.
    relearn_asked: Mapped[int] = mapped_column(default=0, server_default="0")
    relearn_done: Mapped[int] = mapped_column(default=0, server_default="0")
    # What its decisions teach is shared with others that share (`common_model`).
    shares_learning: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Since when nothing of it is judged and nobody is told (`pausing`).
    paused_at: Mapped[datetime | None]
    __table_args__ = (partial_index("sites_owing", "id", where="relearn_done < relearn_asked"),)


class PolicyVersion(Row):
    """One version of a site's policy; the newest holds. A site without one has the default policy, version 0."""

    __tablename__ = "policies"
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class SiteState(Row):
    """How a site is: tightened in a flood (`floods`) until the moment given, NULL: it is not; and its reminders."""

    __tablename__ = "site_states"
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id"), primary_key=True)
    tightened_at: Mapped[datetime | None]
    tightened_until: Mapped[datetime | None]
    # Comments that were usual in ten minutes before the flood.
    usual: Mapped[float | None]
    # When its moderators were last reminded of what waits, and how often since (`reminders`).
    reminded_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0, server_default="0")


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
    # To within some minutes (`key_use`).
    last_used_at: Mapped[datetime | None]
    __table_args__ = (Index("keys_by_site", "site_id"), Index("keys_by_moderator", "moderator_id"))
