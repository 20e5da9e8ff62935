"""The tasks of the queue `deliver`: webhooks go out, services are asked, and the house is kept tidy.

A message carries ids and may come twice or never: what is owed stands in the database. What a message of a newer
release says beyond that is passed over (`*_, **__`): in an upgrade both are on the queues.
"""

from collections.abc import Sequence
from typing import Any

from moderation import tasks
from moderation.action_links import LinkMaker
from moderation.clock import utc_now
from moderation.deliveries.delivering import deliver as deliver_now
from moderation.deliveries.giving_up import give_up
from moderation.floods import watch
from moderation.log import get_logger
from moderation.processes import forget_gone
from moderation.reminders import remind
from moderation.remote.questions import services_owing
from moderation.retention import forget
from moderation.sweeping import overdue_deliveries
from moderation.tallies import fold
from workers.app import app
from workers.resources import resources
from workers.ringing import ring_for_comments, ring_for_deliveries, ring_to_ask

log = get_logger(__name__)


@app.task(name=tasks.ASK, bind=True)  # type: ignore[untyped-decorator]
def ask(self: Any, services: Sequence[str], *_: Any, **__: Any) -> None:
    """Ask services outside what is owed to them, and ring for the comments that waited for it."""
    parts = resources()
    if not parts.takes_up(tasks.DELIVER_QUEUE, self.request.hostname):
        return
    for service in services:
        for answered in parts.asker.ask(parts.database, service):
            ring_for_comments(answered, ())


@app.task(name=tasks.DELIVER, bind=True)  # type: ignore[untyped-decorator]
def deliver(self: Any, ids: Sequence[str], *_: Any, **__: Any) -> None:
    """Send a batch of webhooks."""
    parts = resources()
    if not parts.takes_up(tasks.DELIVER_QUEUE, self.request.hostname):
        return
    links = LinkMaker(parts.keyed, parts.settings.effective_base_url)
    done = deliver_now(
        *(parts.database, parts.keyed, parts.outbound, ids),
        links=links,
        mailer=parts.mailer,
        services=parts.services,
        lane=parts.slow_lane,
    )
    ring_for_deliveries(done.owed)


@app.task(name=tasks.SWEEP_DELIVERIES, bind=True)  # type: ignore[untyped-decorator]
def sweep_deliveries(self: Any, *_: Any, **__: Any) -> None:
    """Ring for deliveries that are due, among them the retries."""
    parts = resources()
    if not parts.takes_up(tasks.DELIVER_QUEUE, self.request.hostname):
        return
    with parts.database.write() as session:
        owed = overdue_deliveries(session, utc_now())
        services = services_owing(session, utc_now())
    ring_for_deliveries(owed)
    ring_to_ask(services)


@app.task(name=tasks.SWEEP_SITES, bind=True)  # type: ignore[untyped-decorator]
def sweep_sites(self: Any, *_: Any, **__: Any) -> None:
    """Look at all sites: at floods, and at what has been held for long; ring for the notices."""
    parts = resources()
    parts.note_consumption(tasks.DELIVER_QUEUE, self.request.hostname)
    ring_for_deliveries(watch(parts.database, utc_now()))
    ring_for_deliveries(remind(parts.database, utc_now()))
    with parts.database.write() as session:
        fold(session)


@app.task(name=tasks.TIDY)  # type: ignore[untyped-decorator]
def tidy(*_: Any, **__: Any) -> None:
    """Forget what is no longer needed."""
    parts = resources()
    now = utc_now()
    forgotten = forget(
        parts.database,
        now,
        ip_retention_days=parts.settings.ip_retention_days,
        delivery_retention_days=parts.settings.delivery_retention_days,
    )
    forget_gone(parts.database, now)
    log.info("forgotten", rows=forgotten, given_up=give_up(parts.database, now))
