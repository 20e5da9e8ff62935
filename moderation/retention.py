"""Forget what is no longer needed, a little at a time."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from moderation.db import Database
from moderation.idempotency import KEPT_FOR
from moderation.remote.questions import forget as forget_questions
from moderation.tables import AttemptRow, Comment, DeliveryRow, IdempotencyRow
from moderation.text_memory import forget_texts

# Rows per transaction: short enough that nobody waits for it.
_AT_ONCE = 1_000


def forget(database: Database, now: datetime, *, ip_retention_days: int, delivery_retention_days: int = 30) -> int:
    """Erase addresses, answers and deliveries that are too old, and texts nobody will compare with; return how many."""
    return (
        _forget_addresses(database, now - timedelta(days=ip_retention_days))
        + forget_texts(database, now)
        + _forget_answers(database, now - KEPT_FOR)
        + _forget_questions(database, now)
        + _forget_deliveries(database, now - timedelta(days=delivery_retention_days))
    )


def _forget_addresses(database: Database, before: datetime) -> int:
    old = select(Comment.id).where(Comment.ip.is_not(None), Comment.received_at < before).limit(_AT_ONCE)
    forgotten = 0
    while True:
        with database.write() as session:
            ids = session.scalars(old).all()
            if not ids:
                return forgotten
            session.execute(update(Comment).where(Comment.id.in_(ids)).values(ip=None))
        forgotten += len(ids)


def _forget_answers(database: Database, before: datetime) -> int:
    with database.write() as session:
        # Every row of it is small, and a day's worth is bounded by what clients send with a key.
        gone = session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < before))
        return int(gone.rowcount)  # type: ignore[attr-defined]


def _forget_deliveries(database: Database, before: datetime) -> int:
    old = select(DeliveryRow.id).where(DeliveryRow.finished_at.is_not(None), DeliveryRow.finished_at < before)
    forgotten = 0
    while True:
        with database.write() as session:
            ids = session.scalars(old.limit(_AT_ONCE)).all()
            if not ids:
                return forgotten
            session.execute(delete(AttemptRow).where(AttemptRow.delivery_id.in_(ids)))
            session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(ids)))
        forgotten += len(ids)


def _forget_questions(database: Database, now: datetime) -> int:
    with database.write() as session:
        return forget_questions(session, now)
