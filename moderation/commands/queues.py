"""`moderation queues`: how much waits, and since when."""

from datetime import datetime
from typing import Any

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from moderation.broker import BrokerAwayError, queue_lengths
from moderation.clock import utc_now
from moderation.commands.setup import Setup, as_json, print_json, print_table, set_up
from moderation.tables import PENDING, RECEIVED, Comment, DeliveryRow, Heartbeat
from moderation.tasks import DELIVER_QUEUE, QUEUES, SCREEN_QUEUE


@click.command()
@as_json
def queues(*, as_json: bool) -> None:
    """Print per queue: what is owed by the database, its oldest, messages in the broker, and the last consumption.

    \b
    Example:
      moderation queues
    """
    rows = _look(set_up(), utc_now())
    if as_json:
        print_json(rows)
        return
    print_table(
        ("queue", "owed", "oldest", "messages", "last consumed"),
        [
            (
                row["queue"],
                row["owed"],
                _seconds(row["oldest_seconds"], "-"),
                "broker away" if row["messages"] is None else row["messages"],
                _seconds(row["last_consumption_seconds"], "never", " ago"),
            )
            for row in rows
        ],
    )


def _look(setup: Setup, now: datetime) -> list[dict[str, Any]]:
    try:
        lengths: dict[str, int | None] = dict(queue_lengths(setup.settings))
    except BrokerAwayError:
        lengths = {}
    with setup.database.read() as session:
        owed = _owed(session, now)
        consumed = {row.queue: row.consumed_at for row in session.scalars(select(Heartbeat))}
    return [
        {
            "queue": queue,
            "owed": owed[queue][0],
            "oldest_seconds": _age(owed[queue][1], now),
            "messages": lengths.get(queue),
            "last_consumption_seconds": _age(consumed.get(queue), now),
        }
        for queue in QUEUES
    ]


def _owed(session: Session, now: datetime) -> dict[str, tuple[int, datetime | None]]:
    comments = session.execute(
        select(func.count(), func.min(Comment.received_at)).where(Comment.status == RECEIVED)
    ).one()
    deliveries = session.execute(
        select(func.count(), func.min(DeliveryRow.created_at)).where(
            DeliveryRow.state == PENDING, DeliveryRow.next_attempt_at <= now
        )
    ).one()
    return {SCREEN_QUEUE: (comments[0], comments[1]), DELIVER_QUEUE: (deliveries[0], deliveries[1])}


def _age(moment: datetime | None, now: datetime) -> float | None:
    return round((now - moment).total_seconds(), 1) if moment else None


def _seconds(value: float | None, absent: str, after: str = "") -> str:
    return absent if value is None else f"{value:.0f} s{after}"
