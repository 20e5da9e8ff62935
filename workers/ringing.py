"""Ring for work by the names of its tasks: who rings need not load what they do."""

from collections.abc import Iterable, Sequence

from moderation import tasks, traces
from moderation.deliveries.claiming import MOST_AT_ONCE
from moderation.events import Owed, by_endpoint
from moderation.log import get_logger
from workers.app import app

log = get_logger(__name__)

# A sweep rings for the same again in seconds: in a backlog these bells don't pile up.
_EXPIRES_SECONDS = {tasks.LEARN: tasks.EXPIRES_SECONDS, tasks.LEARN_TOGETHER: 60}


def ring_for_comments(together: Sequence[str], alone: Iterable[str]) -> None:
    """Ring for comments to be judged, each of the second kind by itself."""
    for chunk in _chunks(together, tasks.MOST_IDS):
        ring(tasks.SCREEN, chunk)
    for comment_id in alone:
        ring(tasks.SCREEN, [comment_id])


def ring_for_deliveries(owed: Iterable[Owed]) -> None:
    """Ring once for each endpoint; what else it is owed goes along."""
    for ids in by_endpoint(owed).values():
        ring(tasks.DELIVER, ids[:MOST_AT_ONCE])


def ring_to_ask(services: Iterable[str]) -> None:
    """Ring for the questions to each of these services."""
    for service in services:
        ring(tasks.ASK, [service])


def ring(name: str, ids: Sequence[str]) -> None:
    """Publish; when the broker is away the sweep will."""
    retries = {"max_retries": 1, "interval_start": 0}
    try:
        app.send_task(
            name,
            [list(ids)],
            expires=_EXPIRES_SECONDS.get(name),
            headers=traces.headers(),
            retry=True,
            retry_policy=retries,
            **tasks.shown(ids),
        )
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the rows still say what is owed
        log.warning("doorbell lost; the sweep will ring", error=type(error).__name__)


def _chunks(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
