"""Answer a repeated request as the first time: the answer is stored in the transaction that makes it true.

After draft-ietf-httpapi-idempotency-key-header-07. Keys belong to a site and a route, and are kept for a day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from moderation.errors import ConflictError, KeyReusedError
from moderation.tables import IdempotencyRow

KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Once:
    """A client's wish that a request takes effect once. `fingerprint` is a keyed hash of its body."""

    site_id: str
    route: str
    key: str
    fingerprint: bytes

    def _identity(self) -> tuple[str, str, str]:
        return (self.site_id, self.route, self.key)


def find_answer(session: Session, once: Once, now: datetime) -> dict[str, Any] | None:
    """Return the stored answer, or None for a key that is new.

    Raises KeyReusedError when the body is another one, ConflictError while the first request is still under way.
    """
    row = session.get(IdempotencyRow, once._identity())  # noqa: SLF001 - this module's own
    if row is None:
        return None
    if row.fingerprint != once.fingerprint:
        raise KeyReusedError("This Idempotency-Key was used with a different request")
    if row.busy_until is not None and row.busy_until > now:
        seconds = max(1, round((row.busy_until - now).total_seconds()))
        raise ConflictError("in_progress", "The first request with this key is still under way.", retry_after=seconds)
    return row.answer


def store_answer(
    session: Session, once: Once, answer: dict[str, Any], now: datetime, busy_until: datetime | None
) -> None:
    """Keep the answer; a unique violation at the flush means that another request with this key was faster."""
    session.add(
        IdempotencyRow(
            site_id=once.site_id,
            route=once.route,
            key=once.key,
            fingerprint=once.fingerprint,
            answer=answer,
            created_at=now,
            busy_until=busy_until,
        )
    )
    session.flush()


def finish(session: Session, once: Once) -> None:
    """Say that the first request has its answer."""
    session.execute(
        update(IdempotencyRow)
        .where(
            IdempotencyRow.site_id == once.site_id, IdempotencyRow.route == once.route, IdempotencyRow.key == once.key
        )
        .values(busy_until=None)
    )
