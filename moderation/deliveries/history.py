"""What became of deliveries: the log that managers read, and dead letters that are owed anew."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from moderation.errors import FieldError, InvalidInputError, NotFoundError
from moderation.events import RING_AFTER, TEST_TYPE, TYPES, Owed
from moderation.keys import Caller
from moderation.payload import moment
from moderation.submission import is_storable, read_moment
from moderation.tables import AttemptRow, DeliveryRow, EventRow

# How a delivery may stand.
STATES = ("pending", "delivered", "dead", "dropped")
# Those that may be owed anew.
FINISHED = STATES[1:]
# Deliveries that one call owes anew; who wants more calls again.
MOST_REPLAYED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deliveries: all of what is given holds for them. `since` is included, `until` is not."""

    endpoint: str | None = None
    event: str | None = None
    comment: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of the log, and where the next one starts; `cursor` is None at the end."""

    deliveries: list[dict[str, Any]]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many are owed anew, and whether there are more like them."""

    count: int
    is_more: bool
    owed: list[Owed]


def read_wanted(sent: Mapping[str, Any], states: Collection[str] = STATES, state: str | None = None) -> Wanted:
    """Read which deliveries a client wants; `state` is what is wanted when none is given.

    Raises InvalidInputError with every error at once.
    """
    errors: list[FieldError] = []
    texts: dict[str, str | None] = {}
    for name in ("endpoint", "event", "comment", "state", "since", "until"):
        value = sent.get(name)
        if value is not None and not isinstance(value, str):
            errors.append(FieldError(name, "wrong_type"))
            value = None
        texts[name] = value
    moments: dict[str, datetime | None] = {}
    for name in ("since", "until"):
        text = texts[name]
        moments[name] = read_moment(text) if text is not None else None
        if text is not None and moments[name] is None:
            errors.append(FieldError(name, "invalid"))
    known = {"event": (*TYPES, TEST_TYPE), "state": states}
    errors += [
        FieldError(name, "invalid")
        for name, values in known.items()
        if texts[name] is not None and texts[name] not in values
    ]
    errors += [
        FieldError(name, "invalid_characters") for name in ("endpoint", "comment") if not is_storable(texts[name] or "")
    ]
    if errors:
        raise InvalidInputError(errors)
    return Wanted(
        endpoint=texts["endpoint"],
        event=texts["event"],
        comment=texts["comment"],
        state=texts["state"] or state,
        since=moments["since"],
        until=moments["until"],
    )


def list_deliveries(
    session: Session,
    site_ids: frozenset[str] | None,
    wanted: Wanted,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Return deliveries of these sites (None: of all), newest first, from the cursor on."""
    query = _of(select(DeliveryRow, EventRow), site_ids, wanted).order_by(DeliveryRow.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(DeliveryRow.id < cursor)
    found = session.execute(query).all()
    shown = [_describe(delivery, event) for delivery, event in found[:limit]]
    return Page(shown, shown[-1]["id"] if len(found) > limit else None)


def read_delivery(session: Session, caller: Caller, delivery_id: str) -> dict[str, Any]:
    """Return a delivery with all its attempts; raise NotFoundError for one of others."""
    delivery = find_delivery(session, caller, delivery_id)
    attempts = session.scalars(
        select(AttemptRow).where(AttemptRow.delivery_id == delivery.id).order_by(AttemptRow.number)
    )
    log = [
        {
            "number": one.number,
            "started_at": moment(one.started_at),
            "seconds": round(one.seconds, 3),
            "status": one.status,
            "answer": one.answer,
            "error": one.error,
        }
        for one in attempts
    ]
    return _describe(delivery, session.get_one(EventRow, delivery.event_id)) | {"log": log}


def find_delivery(session: Session, caller: Caller, delivery_id: str) -> DeliveryRow:
    """Return the delivery; raise NotFoundError for one that is not there, or of others."""
    delivery = session.get(DeliveryRow, delivery_id)
    if delivery is None or not caller.may_touch(delivery.site_id):
        raise NotFoundError(f"no delivery {delivery_id}")
    return delivery


def replay(session: Session, site_ids: frozenset[str] | None, wanted: Wanted, now: datetime) -> Replayed:
    """Owe finished deliveries of these sites (None: of all) anew, oldest first, MOST_REPLAYED at most.

    Each keeps its id, so that a receiver which has it already knows it; its attempts are counted from here.
    """
    found = session.scalars(
        _of(select(DeliveryRow.id), site_ids, wanted)
        .where(DeliveryRow.state.in_(FINISHED))
        .order_by(DeliveryRow.id)
        .limit(MOST_REPLAYED + 1)
    ).all()
    owed = owe_anew(session, found[:MOST_REPLAYED], now)
    return Replayed(len(owed), len(found) > MOST_REPLAYED, owed)


def owe_anew(session: Session, ids: Collection[str], now: datetime) -> list[Owed]:
    """Owe these deliveries anew, but for those that are owed still."""
    rows = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(ids), DeliveryRow.state.in_(FINISHED))
        .values(
            state="pending",
            attempts_before=DeliveryRow.attempts,
            replayed_at=now,
            next_attempt_at=now,
            ring_at=now + RING_AFTER,
            finished_at=None,
            last_error=None,
        )
        .returning(DeliveryRow.id, DeliveryRow.endpoint_id)
        .execution_options(synchronize_session=False)
    )
    return [Owed(row.id, row.endpoint_id) for row in sorted(rows)]


def _of(query: Select[Any], site_ids: frozenset[str] | None, wanted: Wanted) -> Select[Any]:
    query = query.join(EventRow, EventRow.id == DeliveryRow.event_id)
    if site_ids is not None:
        query = query.where(DeliveryRow.site_id.in_(site_ids))
    for column, value in (
        (DeliveryRow.endpoint_id, wanted.endpoint),
        (DeliveryRow.state, wanted.state),
        (EventRow.type, wanted.event),
        (EventRow.comment_id, wanted.comment),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(DeliveryRow.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(DeliveryRow.created_at < wanted.until)
    return query


def _describe(delivery: DeliveryRow, event: EventRow) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "endpoint": delivery.endpoint_id,
        "site": delivery.site_id,
        "event": event.type,
        "comment": event.comment_id,
        "version": event.version,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "created_at": moment(delivery.created_at),
        "next_attempt_at": moment(delivery.next_attempt_at) if delivery.state == "pending" else None,
        "finished_at": moment(delivery.finished_at),
        "replayed_at": moment(delivery.replayed_at),
        "last_error": delivery.last_error,
    }
