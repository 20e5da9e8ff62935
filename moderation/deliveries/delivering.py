"""Deliver a batch: what a task does."""

from collections.abc import Sequence

from moderation.action_links import LinkMaker
from moderation.clock import Clock, utc_now
from moderation.db import Database
from moderation.deliveries.claiming import claim, due, hand_back
from moderation.deliveries.composing import compose
from moderation.deliveries.recording import record
from moderation.deliveries.sending import Tried, send
from moderation.identity import Keyed
from moderation.log import get_logger
from moderation.outbound import Outbound

log = get_logger(__name__)


def deliver(
    database: Database,
    keyed: Keyed,
    outbound: Outbound,
    ids: Sequence[str],
    clock: Clock = utc_now,
    *,
    links: LinkMaker | None = None,
) -> list[Tried]:
    """Send those of the deliveries that are due and that nobody else is sending; return the attempts made.

    What else their endpoints are owed goes along: in a backlog the first message does the work of many, and the others
    find nothing left to do. Without `links`, messages hold no links that settle a comment.
    """
    with database.read() as session:
        found = due(session, ids, clock())
    if not found:
        return []
    with database.write() as session:
        sendables = compose(session, claim(session, found, clock()), links, clock())
    tried, handed_back = send(keyed, outbound, sendables, clock)
    if tried or handed_back:
        with database.write() as session:
            record(session, tried, clock())
            hand_back(session, [one.id for one in handed_back], clock())
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
    return tried
