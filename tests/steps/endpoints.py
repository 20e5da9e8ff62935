"""What tests of deliveries stand on: endpoints, what they are owed, and what became of it."""

import ipaddress
from collections.abc import Sequence

from sqlalchemy import select

from moderation.db import Database
from moderation.events import COMMENT_TYPES, TYPES
from moderation.outbound import Outbound
from moderation.screening import screen
from moderation.tables import AttemptRow, DeliveryRow, Endpoint, EventRow
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with

LOOPBACK = Outbound((ipaddress.ip_network("127.0.0.0/8"),))


def add(
    database: Database, site_id: str, name: str, url: str, clock: StoppedClock, events: Sequence[str] = COMMENT_TYPES
) -> str:
    """Make an endpoint of this id; by default it hears of comments."""
    assert set(events) <= set(TYPES)
    with database.write() as session:
        session.add(
            Endpoint(
                id=name,
                site_id=site_id,
                url=url,
                events=list(events),
                format="standard",
                enabled=True,
                generation=1,
                created_at=clock(),
            )
        )
    return name


def owe(database: Database, post: Post, clock: StoppedClock, count: int = 1) -> list[str]:
    """Post comments and have them judged; return what is owed for them."""
    ids = [post(body=f"Comment number {number}") for number in range(count)]
    return [one.delivery_id for one in screen(database, judge_with(), ids, clock)]


def rows(database: Database, endpoint_id: str | None = None) -> list[DeliveryRow]:
    """Return the deliveries, oldest first."""
    query = select(DeliveryRow).order_by(DeliveryRow.id)
    with database.read() as session:
        return list(session.scalars(query.where(DeliveryRow.endpoint_id == endpoint_id) if endpoint_id else query))


def attempts(database: Database) -> list[AttemptRow]:
    """Return all attempts."""
    with database.read() as session:
        return list(session.scalars(select(AttemptRow).order_by(AttemptRow.delivery_id, AttemptRow.number)))


def types(database: Database, endpoint_id: str) -> list[str]:
    """Return the types of what an endpoint is or was owed, oldest first."""
    query = select(EventRow.type).join(DeliveryRow, DeliveryRow.event_id == EventRow.id)
    with database.read() as session:
        return list(session.scalars(query.where(DeliveryRow.endpoint_id == endpoint_id).order_by(DeliveryRow.id)))
