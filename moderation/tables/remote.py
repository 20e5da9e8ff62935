"""What services outside are asked (owed until answered), how they are doing, and what was asked of them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from moderation.columns import Id, Row, partial_index


class RemoteQuestion(Row):
    """A comment that a service is asked about before it is judged; gone once the verdict holds the answer."""

    __tablename__ = "remote_questions"
    comment_id: Mapped[str] = mapped_column(Id, ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    service: Mapped[str] = mapped_column(String(32), primary_key=True)
    asked_at: Mapped[datetime]
    # When it may be (or, if somebody's call never ended, may again be) put to the service.
    due_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    signals: Mapped[list[Any] | None]
    __table_args__ = (
        partial_index("remote_questions_owed", "service", "due_at", where="answered_at IS NULL"),
        Index("remote_questions_by_age", "asked_at"),
    )


class RemoteService(Row):
    """How a service is doing (`remote.breaker`)."""

    __tablename__ = "remote_services"
    service: Mapped[str] = mapped_column(String(32), primary_key=True)
    failures: Mapped[int]
    pause_seconds: Mapped[float]
    open_until: Mapped[datetime | None]


class RemoteBudget(Row):
    """Calls to a service for a site, on the day (UTC) of the last of them."""

    __tablename__ = "remote_budgets"
    site_id: Mapped[str] = mapped_column(Id, ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    service: Mapped[str] = mapped_column(String(32), primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    calls: Mapped[int]


class RemoteOutcome(Row):
    """What became of the questions to a service so far."""

    __tablename__ = "remote_outcomes"
    service: Mapped[str] = mapped_column(String(32), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(32), primary_key=True)
    questions: Mapped[int] = mapped_column(BigInteger)
