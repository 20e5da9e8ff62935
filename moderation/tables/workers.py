"""What processes leave behind for those who watch them, and what they are told."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from moderation.columns import Id, Row


class Heartbeat(Row):
    """When a queue's workers last took a message off it: proof that somebody consumes."""

    __tablename__ = "heartbeats"
    queue: Mapped[str] = mapped_column(String(64), primary_key=True)
    worker: Mapped[str] = mapped_column(String(200))
    consumed_at: Mapped[datetime]


class ProcessRow(Row):
    """A process that runs (`processes`): an API, a worker or a beat, and when it last did what it is there for."""

    __tablename__ = "processes"
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    host: Mapped[str] = mapped_column(String(200))
    queues: Mapped[list[Any]]
    seen_at: Mapped[datetime]


class Control(Row):
    """What an operator told the running set (`pausing`); gone when it no longer holds."""

    __tablename__ = "controls"
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str | None] = mapped_column(String(64))
    set_at: Mapped[datetime]


class TallyRow(Row):
    """What one transaction counted (`tallies`): `[[[metric, label, …], by], …]`; gone once it is folded into totals."""

    __tablename__ = "tallies"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    counts: Mapped[list[Any]]


class TotalRow(Row):
    """The sum of the rows that were folded, by metric and labels as a JSON list."""

    __tablename__ = "totals"
    key: Mapped[str] = mapped_column(String(500), primary_key=True)
    value: Mapped[float]
