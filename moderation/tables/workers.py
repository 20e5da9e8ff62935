"""What workers leave behind for those who watch them."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from moderation.columns import Row


class Heartbeat(Row):
    """When a queue's workers last took a message off it: proof that somebody consumes."""

    __tablename__ = "heartbeats"
    queue: Mapped[str] = mapped_column(String(64), primary_key=True)
    worker: Mapped[str] = mapped_column(String(200))
    consumed_at: Mapped[datetime]
