"""Deliver what endpoints are owed: what a task does."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from moderation.action_links import LinkMaker
from moderation.clock import Clock, utc_now
from moderation.db import Database
from moderation.deliveries.claiming import BATCH_SECONDS, SENDING_SECONDS, hand_back, next_due, owing, release, take
from moderation.deliveries.composing import Sendable, compose
from moderation.deliveries.recording import record
from moderation.deliveries.sending import IN_FLIGHT, Means, Tried, send
from moderation.deliveries.slow_lane import SlowLane
from moderation.events import Owed
from moderation.identity import Keyed, new_id
from moderation.log import get_logger
from moderation.mail import NO_MAIL, Mailer
from moderation.operator_services import NO_SERVICES, OperatorServices
from moderation.outbound import Outbound

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The attempts that were made, and what to ring for: what is left, and what is owed to others for them."""

    tried: list[Tried] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)


def deliver(
    database: Database,
    keyed: Keyed,
    outbound: Outbound,
    ids: Sequence[str],
    clock: Clock = utc_now,
    *,
    links: LinkMaker | None = None,
    mailer: Mailer = NO_MAIL,
    services: OperatorServices = NO_SERVICES,
    lane: SlowLane | None = None,
) -> Delivered:
    """Send what the endpoints of these deliveries are owed, where nobody else does so already.

    What came after goes along: in a backlog the first message does the work of many, and the others find nothing left
    to do. Without `links`, messages hold no links that settle a comment. `lane` is what all threads of a worker share:
    slow endpoints that find no place in it are owed what they were, and rung for when there is one.
    """
    with database.read() as session:
        owed = owing(session, ids, clock())
    done, lane = Delivered(), lane or SlowLane(1)
    for one in owed:
        is_slow = lane.is_slow(one.endpoint_id)
        if is_slow and not lane.enter(one):
            continue
        try:
            # Its threads begin when they are needed; this one sends too.
            with ThreadPoolExecutor(IN_FLIGHT - 1, "send") as pool:
                turn = _Turn(one.endpoint_id, lane, pool, has_place=is_slow)
                _serve(database, Means(keyed, outbound, mailer, services, clock), links, turn, done)
        finally:
            if is_slow:
                # Before what this one is owed still: it has had its turn.
                done.owed[:0] = lane.leave()
    return done


@dataclass(frozen=True, slots=True)
class _Turn:
    """A thread's time for one endpoint; `has_place`: in the lane of the slow ones."""

    endpoint_id: str
    lane: SlowLane
    pool: ThreadPoolExecutor
    has_place: bool

    def is_over(self, until: float) -> bool:
        """Tell whether others have waited long enough: a slow one needs a place to go on."""
        return time.monotonic() > until or (self.lane.is_slow(self.endpoint_id) and not self.has_place)


def _serve(database: Database, means: Means, links: LinkMaker | None, turn: _Turn, done: Delivered) -> None:
    """Send to one endpoint, batch after batch, until it is owed nothing more or others have waited long enough."""
    endpoint_id = turn.endpoint_id
    lease, until = new_id("ls"), time.monotonic() + SENDING_SECONDS
    tried: list[Tried] = []
    left: list[Sendable] = []
    while True:
        with database.write() as session:
            now = means.clock()
            done.owed.extend(record(session, endpoint_id, tried, now))
            hand_back(session, [(one.id, one.attempt) for one in left], now)
            is_late = turn.is_over(until)
            claimed = {} if is_late else take(session, endpoint_id, lease, now, is_slow=turn.has_place)
            sendables = compose(session, claimed, links, now) if claimed else []
            if not sendables:
                release(session, endpoint_id, lease)
            if is_late:
                done.owed.extend(next_due(session, endpoint_id, now))
        _log(tried)
        done.tried.extend(tried)
        if not sendables:
            return
        tried, left = send(means, sendables, min(until, time.monotonic() + BATCH_SECONDS), turn.pool)
        turn.lane.note(endpoint_id, [one.seconds for one in tried])


def _log(tried: Sequence[Tried]) -> None:
    for one in tried:
        log.info(
            "attempted",
            delivery=one.sendable.id,
            comment=one.sendable.comment_id,
            event_type=one.sendable.event_type,
            endpoint=one.sendable.endpoint_id,
            attempt=one.sendable.attempt,
            result=one.outcome.result,
            error=one.outcome.error,
        )
