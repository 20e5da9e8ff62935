"""Answer a repeated request as the first time: the answer is stored in the transaction that makes it true.

After draft-ietf-httpapi-idempotency-key-header-07. Keys belong to a site and a route, and are kept for a day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.orm import Session

from moderation.errors import ConflictError, KeyReusedError
from moderation.tables import IdempotencyRow, table

KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Once:
    """A client's wish that a request takes effect once. `fingerprint` is a keyed hash of its body."""

    site_id: str
    route: str
    key: str
    fingerprint: bytes

    def is_row(self) -> ColumnElement[bool]:
        """Return the condition that finds its row."""
        return and_(
            IdempotencyRow.site_id == self.site_id, IdempotencyRow.route == self.route, IdempotencyRow.key == self.key
        )


def find_answer(session: Session, once: Once, now: datetime) -> dict[str, Any] | None:
    """Return the stored answer, or None for a key that is new.

    Raises KeyReusedError when the body is another one, ConflictError while the first request is still under way.
    """
    row = session.execute(
        select(IdempotencyRow.fingerprint, IdempotencyRow.answer, IdempotencyRow.busy_until).where(once.is_row())
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != once.fingerprint:
        raise KeyReusedError("This Idempotency-Key was used with a different request")
    if row.busy_until is not None and row.busy_until > now:
        seconds = max(1, round((row.busy_until - now).total_seconds()))
        raise ConflictError("in_progress", "The first request with this key is still under way.", retry_after=seconds)
    answer: dict[str, Any] = row.answer
    return answer


def store_answer(
    session: Session, once: Once, answer: dict[str, Any], now: datetime, busy_until: datetime | None
) -> None:
    """Keep the answer; an IntegrityError means that another request with this key was faster."""
    session.execute(
        insert(table(IdempotencyRow)).values(
            site_id=once.site_id,
            route=once.route,
            key=once.key,
            fingerprint=once.fingerprint,
            answer=answer,
            created_at=now,
            busy_until=busy_until,
        )
    )


def finish(session: Session, once: Once) -> None:
    """Say that the first request has its answer."""
    session.execute(update(IdempotencyRow).where(once.is_row()).values(busy_until=None))
