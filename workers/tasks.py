"""The tasks. A message carries ids and may come twice or never: what is owed stands in the database.

What a message of a newer release says beyond that is passed over (`*_, **__`): in an upgrade both are on the queues.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from moderation import tasks
from moderation.action_links import LinkMaker
from moderation.clock import utc_now
from moderation.common_teaching import is_owed
from moderation.common_teaching import learn_together as learn_together_now
from moderation.deliveries.claiming import MOST_AT_ONCE
from moderation.deliveries.delivering import deliver as deliver_now
from moderation.deliveries.giving_up import give_up
from moderation.events import Owed, by_endpoint
from moderation.floods import watch
from moderation.log import get_logger
from moderation.processes import forget_gone
from moderation.reminders import remind
from moderation.remote.questions import services_owing
from moderation.retention import forget
from moderation.screening import screen as screen_now
from moderation.sweeping import overdue_comments, overdue_deliveries
from moderation.tallies import fold
from moderation.teaching import learn as learn_now
from moderation.teaching import sites_owing
from workers.app import app
from workers.resources import resources

log = get_logger(__name__)


@app.task(name=tasks.SCREEN, bind=True)  # type: ignore[untyped-decorator]
def screen(self: Any, ids: Sequence[str], *_: Any, **__: Any) -> None:
    """Judge a batch of comments, and ring for the deliveries that follow."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    _ring_for_deliveries(screen_now(parts.database, parts.judge, ids, ring_to_ask=_ring_to_ask))


@app.task(name=tasks.ASK, bind=True)  # type: ignore[untyped-decorator]
def ask(self: Any, services: Sequence[str], *_: Any, **__: Any) -> None:
    """Ask services outside what is owed to them, and ring for the comments that waited for it."""
    parts = resources()
    if not parts.takes_up(tasks.DELIVER_QUEUE, self.request.hostname):
        return
    for service in services:
        for answered in parts.asker.ask(parts.database, service):
            _ring_for_comments(answered, ())


@app.task(name=tasks.DELIVER, bind=True)  # type: ignore[untyped-decorator]
def deliver(self: Any, ids: Sequence[str], *_: Any, **__: Any) -> None:
    """Send a batch of webhooks."""
    parts = resources()
    if not parts.takes_up(tasks.DELIVER_QUEUE, self.request.hostname):
        return
    links = LinkMaker(parts.keyed, parts.settings.effective_base_url)
    done = deliver_now(
        *(parts.database, parts.keyed, parts.outbound, ids), links=links, mailer=parts.mailer, lane=parts.slow_lane
    )
    _ring_for_deliveries(done.owed)


@app.task(name=tasks.SWEEP_COMMENTS, bind=True)  # type: ignore[untyped-decorator]
def sweep_comments(self: Any, *_: Any, **__: Any) -> None:
    """Ring again for comments that should have been judged by now."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    with parts.database.write() as session:
        overdue = overdue_comments(session, utc_now())
    _ring_for_comments(overdue.together, overdue.alone)


# A sweep rings for the same sites again in seconds: in a backlog their bells don't pile up.
@app.task(name=tasks.LEARN, bind=True, expires=tasks.EXPIRES_SECONDS)  # type: ignore[untyped-decorator]
def learn(self: Any, site_ids: Sequence[str], *_: Any, **__: Any) -> None:
    """Teach sites' own models what their moderators decided."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    learn_now(parts.database, parts.judge.load_model, site_ids)


@app.task(name=tasks.LEARN_TOGETHER, bind=True, expires=60)  # type: ignore[untyped-decorator]
def learn_together(self: Any, _ids: Sequence[str]) -> None:
    """Make the layer that sites which share teach together."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    learn_together_now(parts.database, parts.judge.load_model)


@app.task(name=tasks.SWEEP_DECISIONS, bind=True)  # type: ignore[untyped-decorator]
def sweep_decisions(self: Any, *_: Any, **__: Any) -> None:
    """Ring for sites whose decisions are not learned yet."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    base = parts.judge.load_model().version
    with parts.database.read() as session:
        owing = sites_owing(session, base)
        is_owed_together = is_owed(session, base, utc_now())
    if is_owed_together:
        _ring(learn_together, [])
    for site_id in owing:
        _ring(learn, [site_id])


@app.task(name=tasks.SWEEP_DELIVERIES, bind=True)  # type: ignore[untyped-decorator]
def sweep_deliveries(self: Any, *_: Any, **__: Any) -> None:
    """Ring for deliveries that are due, among them the retries."""
    parts = resources()
    if not parts.takes_up(tasks.DELIVER_QUEUE, self.request.hostname):
        return
    with parts.database.write() as session:
        owed = overdue_deliveries(session, utc_now())
        services = services_owing(session, utc_now())
    _ring_for_deliveries(owed)
    _ring_to_ask(services)


@app.task(name=tasks.SWEEP_SITES, bind=True)  # type: ignore[untyped-decorator]
def sweep_sites(self: Any) -> None:
    """Look at all sites: at floods, and at what has been held for long; ring for the notices."""
    parts = resources()
    parts.note_consumption(tasks.DELIVER_QUEUE, self.request.hostname)
    _ring_for_deliveries(watch(parts.database, utc_now()))
    _ring_for_deliveries(remind(parts.database, utc_now()))
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


def _ring_for_comments(together: Sequence[str], alone: Iterable[str]) -> None:
    for chunk in _chunks(together, tasks.MOST_IDS):
        _ring(screen, chunk)
    for comment_id in alone:
        _ring(screen, [comment_id])


def _ring_for_deliveries(owed: Iterable[Owed]) -> None:
    # What else an endpoint is owed goes along.
    for ids in by_endpoint(owed).values():
        _ring(deliver, ids[:MOST_AT_ONCE])


def _ring_to_ask(services: Iterable[str]) -> None:
    for service in services:
        _ring(ask, [service])


def _ring(task: Any, ids: Sequence[str]) -> None:
    """Publish; when the broker is away the sweep will."""
    try:
        task.apply_async([list(ids)], retry=True, retry_policy={"max_retries": 1, "interval_start": 0})
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the rows still say what is owed
        log.warning("doorbell lost; the sweep will ring", error=type(error).__name__)


def _chunks(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
