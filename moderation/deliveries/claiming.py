"""Take deliveries that are due, so that nobody else sends them, and give back those that were not tried."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from moderation.outbound import TOTAL_SECONDS
from moderation.sweeping import is_due
from moderation.tables import PENDING, DeliveryRow

# Deliveries sent by one task at most; sets how much is sent again when its worker dies.
MOST_AT_ONCE = 50
# After so long a task hands the rest back, so that a slow endpoint can't run past its claim.
SENDING_SECONDS = 20.0
# How long a claim holds: longer than a task may send, and than the last request it began may last.
CLAIM = timedelta(seconds=SENDING_SECONDS + TOTAL_SECONDS + 15)
# When one delivery could not be made, the others of that endpoint wait for so long without counting an attempt.
HAND_BACK = timedelta(seconds=5)


def due(session: Session, ids: Sequence[str], now: datetime) -> Sequence[str]:
    """Return those of the deliveries that are due, and what else their endpoints are owed, up to a batch."""
    wanted = (DeliveryRow.state == PENDING, is_due(now))
    asked = session.execute(
        select(DeliveryRow.id, DeliveryRow.endpoint_id).where(DeliveryRow.id.in_(ids), *wanted).limit(MOST_AT_ONCE)
    ).all()
    if not asked:
        return []
    along = session.scalars(
        select(DeliveryRow.id)
        .where(DeliveryRow.endpoint_id.in_({row.endpoint_id for row in asked}), *wanted)
        .order_by(DeliveryRow.id)
        .limit(MOST_AT_ONCE)
    )
    return list(dict.fromkeys([row.id for row in asked] + list(along)))[:MOST_AT_ONCE]


def claim(session: Session, ids: Sequence[str], now: datetime) -> dict[str, int]:
    """Take the deliveries that are due; return the number of this attempt by id."""
    found = (
        select(DeliveryRow.id)
        .where(DeliveryRow.id.in_(ids), DeliveryRow.state == PENDING, is_due(now))
        .order_by(DeliveryRow.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    claimed = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(found), DeliveryRow.state == PENDING)
        .values(attempts=DeliveryRow.attempts + 1, next_attempt_at=now + CLAIM, ring_at=now + CLAIM)
        .returning(DeliveryRow.id, DeliveryRow.attempts)
        .execution_options(synchronize_session=False)
    )
    return {row.id: row.attempts for row in claimed}


def hand_back(session: Session, ids: Sequence[str], now: datetime) -> None:
    """Undo the claim of deliveries that were not tried."""
    if not ids:
        return
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(ids), DeliveryRow.state == PENDING)
        .values(attempts=DeliveryRow.attempts - 1, next_attempt_at=now + HAND_BACK, ring_at=now + HAND_BACK)
    )
