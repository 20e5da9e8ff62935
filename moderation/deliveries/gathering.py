"""Put many held comments into one message for people: in a burst, after quiet hours, and where they are near-copies.

Comes before claiming, under the endpoint's lease. A digest is a delivery of its own; what it tells of is dropped and
points to it (`told_in`), and `digests` makes the message of what is still held when it is sent.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from moderation.events import DIGEST, WAITING, Notice, record_for
from moderation.quiet import is_quiet
from moderation.sweeping import FAR_AHEAD
from moderation.tables import PENDING, Comment, DeliveryRow, EventRow

HELD = "comment.held"
# At most one digest in so long; what was told one by one within it counts towards the burst.
BETWEEN = timedelta(minutes=10)
# Near-copies of what was told of wait for so long for others of their kind.
COPIES_WAIT = timedelta(hours=1)
# For so long a campaign is known to whoever was told of it.
CAMPAIGN_LASTS = timedelta(days=1)
# What waits is looked at again after so long: no delivery that was never tried is put off further.
LATER = FAR_AHEAD - timedelta(minutes=1)
# Enough to tell; what is beyond comes with the next digest.
MOST_GATHERED = 5_000


@dataclass(frozen=True, slots=True)
class Rules:
    """What an endpoint asks for: `burst` 0 is one by one."""

    burst: int
    quiet_hours: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held comment that an endpoint is owed word of. Near-copies share a campaign, others have one of their own."""

    delivery_id: str
    campaign: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What the endpoint was told lately: held comments one by one, when a digest (both within BETWEEN), campaigns."""

    count: int = 0
    digest_at: datetime | None = None
    campaigns: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with what waits, as delivery ids: tell one by one, tell together, tell later."""

    single: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


def plan(waiting: Sequence[Waiting], told: Told, rules: Rules, now: datetime) -> Plan:
    """Decide what is told how; `waiting` is oldest first. Pure."""
    everything = tuple(one.delivery_id for one in waiting)
    if is_quiet(rules.quiet_hours, now):
        return Plan(later=everything)
    if len(waiting) > 1 and any(is_quiet(rules.quiet_hours, one.since) for one in waiting):
        return Plan(together=everything)
    if not rules.burst:
        return Plan(single=everything)
    single, copies = _apart(waiting, told)
    may_tell_together = told.digest_at is None or now - told.digest_at >= BETWEEN
    if len(single) + told.count > rules.burst:
        # One alone waits for others, or for its turn.
        return Plan(together=everything) if may_tell_together and len(waiting) > 1 else Plan(later=everything)
    if not (copies and may_tell_together and now - copies[0].since >= COPIES_WAIT):
        return Plan(single=_ids(single), later=_ids(copies))
    # A list of one says less than the message itself.
    is_list = len(copies) > 1
    return Plan(single=_ids(single if is_list else single + copies), together=_ids(copies) if is_list else ())


def gather(session: Session, endpoint_id: str, site_id: str, rules: Rules, now: datetime) -> None:
    """Do it: afterwards those to be told one by one are due, and a digest stands for those to be told together.

    Reminders wait for the end of quiet hours too.
    """
    if is_quiet(rules.quiet_hours, now):
        _put_off(session, _reminders(session, endpoint_id), now)
    # What was tried before goes on as it was.
    found = session.execute(
        select(DeliveryRow.id, _campaign().label("campaign"), DeliveryRow.created_at)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .join(Comment, and_(Comment.id == EventRow.comment_id, Comment.version == EventRow.version))
        .where(
            DeliveryRow.endpoint_id == endpoint_id,
            DeliveryRow.state == PENDING,
            DeliveryRow.attempts == 0,
            EventRow.type == HELD,
        )
        .order_by(DeliveryRow.id)
        .limit(MOST_GATHERED)
    ).all()
    if not found:
        return
    waiting = [Waiting(row.id, row.campaign, row.created_at) for row in found]
    planned = plan(waiting, _told(session, endpoint_id, site_id, {one.campaign for one in waiting}, now), rules, now)
    _put_off(session, planned.later, now)
    _make_due(session, planned.single, now)
    if planned.together:
        _fold(session, endpoint_id, site_id, planned.together, now)


def _reminders(session: Session, endpoint_id: str) -> Sequence[str]:
    return session.scalars(
        select(DeliveryRow.id)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .where(
            DeliveryRow.endpoint_id == endpoint_id,
            DeliveryRow.state == PENDING,
            DeliveryRow.attempts == 0,
            EventRow.type == WAITING,
        )
    ).all()


def _apart(waiting: Sequence[Waiting], told: Told) -> tuple[list[Waiting], list[Waiting]]:
    """Return the first of each campaign, and the near-copies of what was told of or is about to be."""
    seen = set(told.campaigns)
    single: list[Waiting] = []
    copies: list[Waiting] = []
    for one in waiting:
        (copies if one.campaign in seen else single).append(one)
        seen.add(one.campaign)
    return single, copies


def _ids(waiting: Sequence[Waiting]) -> tuple[str, ...]:
    return tuple(one.delivery_id for one in waiting)


def _campaign() -> ColumnElement[str]:
    return func.coalesce(Comment.campaign_id, Comment.id)


def _told(session: Session, endpoint_id: str, site_id: str, campaigns: AbstractSet[str], now: datetime) -> Told:
    lately = (DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.finished_at > now - BETWEEN)
    counted = session.execute(
        select(
            func.count().filter(EventRow.type == HELD).label("held"),
            func.max(DeliveryRow.finished_at).filter(EventRow.type == DIGEST).label("digest_at"),
        )
        .select_from(DeliveryRow)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .where(*lately, DeliveryRow.state == "delivered", EventRow.type.in_([HELD, DIGEST]))
    ).one()
    known = session.scalars(
        select(_campaign())
        .select_from(DeliveryRow)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .join(Comment, Comment.id == EventRow.comment_id)
        .where(
            Comment.site_id == site_id,
            or_(Comment.id.in_(campaigns), Comment.campaign_id.in_(campaigns)),
            EventRow.type == HELD,
            DeliveryRow.endpoint_id == endpoint_id,
            DeliveryRow.finished_at > now - CAMPAIGN_LASTS,
            or_(DeliveryRow.state == "delivered", DeliveryRow.told_in.is_not(None)),
        )
        .distinct()
    )
    return Told(counted.held, counted.digest_at, frozenset(known))


def _put_off(session: Session, ids: Sequence[str], now: datetime) -> None:
    if ids:
        session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id.in_(ids), DeliveryRow.state == PENDING, DeliveryRow.next_attempt_at <= now)
            .values(next_attempt_at=now + LATER, ring_at=now + LATER)
            .execution_options(synchronize_session=False)
        )


def _make_due(session: Session, ids: Sequence[str], now: datetime) -> None:
    if ids:
        session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id.in_(ids), DeliveryRow.state == PENDING, DeliveryRow.next_attempt_at > now)
            .values(next_attempt_at=now, ring_at=now)
            .execution_options(synchronize_session=False)
        )


def _fold(session: Session, endpoint_id: str, site_id: str, ids: Sequence[str], now: datetime) -> None:
    """Drop these in favour of a digest: one that could not be delivered yet, or a new one."""
    digest_id = session.scalar(
        select(DeliveryRow.id)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.state == PENDING, EventRow.type == DIGEST)
        .limit(1)
    )
    if digest_id is None:
        digest_id = record_for(session, Notice(site_id=site_id, type=DIGEST, data={}), endpoint_id, now).delivery_id
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(ids), DeliveryRow.state == PENDING)
        .values(
            state="dropped", finished_at=now, told_in=digest_id, last_error=f"told together with others: {digest_id}"
        )
        .execution_options(synchronize_session=False)
    )
