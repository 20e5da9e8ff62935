"""What happened to a comment or on a site, and who is owed word of it.

Written in the transaction that makes it happen.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from moderation.identity import new_id
from moderation.post_versions import raise_versions
from moderation.prepared import Prepared
from moderation.quiet import wants
from moderation.tables import Comment, DeliveryRow, Endpoint, EventRow, VerdictRow, table

# One event per status that a comment can come to.
TYPE_OF_STATUS: Mapping[str, str] = {
    "approved": "comment.approved",
    "held": "comment.held",
    "spam": "comment.spam",
    "rejected": "comment.rejected",
}
COMMENT_TYPES = tuple(TYPE_OF_STATUS.values())
# What happened on a site, about no comment.
SITE_TYPES = ("site.tightened", "site.relaxed")
# How one of the site's endpoints is doing: told to the others.
ENDPOINT_TYPES = ("endpoint.disabled", "endpoint.recovered")
# That comments have been held for long (`reminders`).
WAITING = "queue.waiting"
TYPES = (*COMMENT_TYPES, *SITE_TYPES, *ENDPOINT_TYPES, WAITING)
# What asks for all of them, those of later releases too.
ALL = "*"
# Many held comments in one message: told instead of them, never asked for.
DIGEST = "queue.digest"
# Sent when somebody tries an endpoint out; nobody need ask for it.
TEST_TYPE = "endpoint.test"


class Listener(NamedTuple):
    """Of an endpoint what says which events it hears of."""

    id: str
    events: Sequence[str]
    min_score: float | None
    languages: Sequence[str] | None


# Made once: to make them anew takes longer than to run them.
_ADD_EVENTS, _ADD_DELIVERIES = Prepared(insert(table(EventRow))), Prepared(insert(table(DeliveryRow)))
_LISTENERS = Prepared(
    select(Endpoint.site_id, *(table(Endpoint).c[name] for name in Listener._fields)).where(
        Endpoint.site_id.in_(bindparam("sites", expanding=True)), Endpoint.enabled, Endpoint.deleted_at.is_(None)
    )
)

# The version of a comment that was settled once.
_FIRST_SETTLED = 2
# A delivery whose first message was lost is rung for again.
RING_AFTER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A comment came to a status. `version` is the comment's, from then on."""

    site_id: str
    comment_id: str
    status: str
    version: int
    decision_id: str | None = None

    @property
    def is_seen(self) -> bool:
        """Tell whether readers may see a difference: what only just left `received` was not shown before."""
        return self.status == "approved" or self.version > _FIRST_SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something happened that is about no comment. `data`, small and without personal data, is what is told of it."""

    site_id: str
    type: str
    data: Mapping[str, Any]
    # The endpoint that it is about does not hear of it.
    about_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery that may be made now."""

    delivery_id: str
    endpoint_id: str


def record(session: Session, happenings: Sequence[Happening | Notice], now: datetime) -> list[Owed]:
    """Write one event per happening and one delivery per endpoint that wants it; return what is owed.

    Lists of comments that readers are shown are noted to have changed.
    """
    if not happenings:
        return []
    listeners = _listeners(session, {one.site_id for one in happenings})
    known = _known(session, happenings, listeners)
    events = []
    deliveries = []
    for one in happenings:
        event_id = new_id("ev")
        what = _what(one)
        kind = what["type"]
        events.append({"id": event_id, "site_id": one.site_id, "occurred_at": now} | what)
        deliveries += [
            _delivery(event_id, one.site_id, endpoint.id, now)
            for endpoint in listeners.get(one.site_id, ())
            if hears(endpoint, kind) and _is_for(endpoint, one, known)
        ]
    _ADD_EVENTS.run_for_all(session, events)
    if deliveries:
        _ADD_DELIVERIES.run_for_all(session, deliveries)
    raise_versions(session, [one.comment_id for one in happenings if isinstance(one, Happening) and one.is_seen])
    return [Owed(str(row["id"]), str(row["endpoint_id"])) for row in deliveries]


def hears(endpoint: Endpoint | Listener, kind: str) -> bool:
    """Tell whether the endpoint asked for events of this type."""
    return kind in endpoint.events or ALL in endpoint.events


def record_for(session: Session, notice: Notice, endpoint_id: str, now: datetime) -> Owed:
    """Write a notice that is for one endpoint only, whatever it asks for; return what is owed."""
    event_id = new_id("ev")
    event = {"id": event_id, "site_id": notice.site_id, "occurred_at": now} | _what(notice)
    delivery = _delivery(event_id, notice.site_id, endpoint_id, now)
    _ADD_EVENTS.run_for_all(session, [event])
    _ADD_DELIVERIES.run_for_all(session, [delivery])
    return Owed(delivery["id"], endpoint_id)


def _delivery(event_id: str, site_id: str, endpoint_id: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id("dl"),
        "event_id": event_id,
        "endpoint_id": endpoint_id,
        "site_id": site_id,
        "state": "pending",
        "attempts": 0,
        "next_attempt_at": now,
        "ring_at": now + RING_AFTER,
        "created_at": now,
        "finished_at": None,
        "last_error": None,
    }


def _is_for(endpoint: Listener, one: Happening | Notice, known: Mapping[str, tuple[float | None, str | None]]) -> bool:
    if isinstance(one, Notice):
        return endpoint.id != one.about_endpoint
    score, language = known.get(one.comment_id, (None, None))
    return wants(endpoint.min_score, endpoint.languages, score=score, language=language)


def _known(
    session: Session, happenings: Sequence[Happening | Notice], listeners: Mapping[str, list[Listener]]
) -> Mapping[str, tuple[float | None, str | None]]:
    """Return scores and languages by comment, where some endpoint asks for them."""
    asking = {site_id for site_id, found in listeners.items() if any(one.min_score or one.languages for one in found)}
    ids = [one.comment_id for one in happenings if isinstance(one, Happening) and one.site_id in asking]
    if not ids:
        return {}
    rows = session.execute(
        select(Comment.id, VerdictRow.score, Comment.language)
        .outerjoin(VerdictRow, VerdictRow.comment_id == Comment.id)
        .where(Comment.id.in_(ids))
    )
    return {row.id: (row.score, row.language) for row in rows}


def _what(one: Happening | Notice) -> dict[str, Any]:
    if isinstance(one, Notice):
        return {"comment_id": None, "type": one.type, "version": 0, "decision_id": None, "data": dict(one.data)}
    return {
        "comment_id": one.comment_id,
        "type": TYPE_OF_STATUS[one.status],
        "version": one.version,
        "decision_id": one.decision_id,
        "data": None,
    }


def by_endpoint(owed: Iterable[Owed]) -> dict[str, list[str]]:
    """Group delivery ids by endpoint, so that one task speaks to one endpoint."""
    grouped: dict[str, list[str]] = {}
    for one in owed:
        grouped.setdefault(one.endpoint_id, []).append(one.delivery_id)
    return grouped


def _listeners(session: Session, site_ids: Collection[str]) -> Mapping[str, list[Listener]]:
    listeners: dict[str, list[Listener]] = {}
    for site_id, *found in _LISTENERS.rows(session, sites=site_ids):
        listeners.setdefault(site_id, []).append(Listener._make(found))
    return listeners
