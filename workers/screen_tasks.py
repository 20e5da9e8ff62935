"""The tasks of the queue `screen`: comments are judged, and what moderators decided is learned.

A message carries ids and may come twice or never: what is owed stands in the database. What a message of a newer
release says beyond that is passed over (`*_, **__`): in an upgrade both are on the queues.
"""

from collections.abc import Sequence
from typing import Any

from moderation import tasks
from moderation.clock import utc_now
from moderation.common_teaching import is_owed
from moderation.common_teaching import learn_together as learn_together_now
from moderation.screening import screen as screen_now
from moderation.sweeping import overdue_comments
from moderation.teaching import learn as learn_now
from moderation.teaching import sites_owing
from workers.app import app
from workers.judging import judge, load_model
from workers.resources import resources
from workers.ringing import ring, ring_for_comments, ring_for_deliveries, ring_to_ask


@app.task(name=tasks.SCREEN, bind=True)  # type: ignore[untyped-decorator]
def screen(self: Any, ids: Sequence[str], *_: Any, **__: Any) -> None:
    """Judge a batch of comments, and ring for the deliveries that follow."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    ring_for_deliveries(screen_now(parts.database, judge(), ids, ring_to_ask=ring_to_ask))


@app.task(name=tasks.SWEEP_COMMENTS, bind=True)  # type: ignore[untyped-decorator]
def sweep_comments(self: Any, *_: Any, **__: Any) -> None:
    """Ring again for comments that should have been judged by now."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    with parts.database.write() as session:
        overdue = overdue_comments(session, utc_now())
    ring_for_comments(overdue.together, overdue.alone)


@app.task(name=tasks.LEARN, bind=True)  # type: ignore[untyped-decorator]
def learn(self: Any, site_ids: Sequence[str], *_: Any, **__: Any) -> None:
    """Teach sites' own models what their moderators decided."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    learn_now(parts.database, load_model, site_ids)


@app.task(name=tasks.LEARN_TOGETHER, bind=True)  # type: ignore[untyped-decorator]
def learn_together(self: Any, *_: Any, **__: Any) -> None:
    """Make the layer that sites which share teach together."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    learn_together_now(parts.database, load_model)


@app.task(name=tasks.SWEEP_DECISIONS, bind=True)  # type: ignore[untyped-decorator]
def sweep_decisions(self: Any, *_: Any, **__: Any) -> None:
    """Ring for sites whose decisions are not learned yet."""
    parts = resources()
    if not parts.takes_up(tasks.SCREEN_QUEUE, self.request.hostname):
        return
    base = load_model().version
    with parts.database.read() as session:
        owing = sites_owing(session, base)
        is_owed_together = is_owed(session, base, utc_now())
    if is_owed_together:
        ring(tasks.LEARN_TOGETHER, [])
    for site_id in owing:
        ring(tasks.LEARN, [site_id])
