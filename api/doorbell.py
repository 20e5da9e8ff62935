"""Tell the workers that comments wait, without making a request wait for the broker.

One thread per process publishes; what is rung while it publishes, or while the workers are behind, goes out together
next. While the broker is away the thread tries once a second, and tells all that waits once it is back. What does not
fit, or is lost with this process, is committed all the same, and the sweep finds it.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence

from celery import Celery

from moderation import traces
from moderation.events import Owed, by_endpoint
from moderation.log import get_logger
from moderation.metrics.counted import DOORBELLS_LOST
from moderation.settings import Settings
from moderation.tallies import Notes, Tally
from moderation.tasks import DELIVER, LEARN, MOST_IDS, SCREEN, shown

log = get_logger(__name__)

# A task's name and the ids it is to look at.
Message = tuple[str, list[str]]
Publish = Callable[[str, list[str]], None]

# More than a backlog of this many is the sweep's work; memory stays bounded whatever the broker does.
_MOST_WAITING = 20_000
# A message costs its publisher and its reader some milliseconds however many comments it carries. So while others wait
# to be read, one waits until it is full, this long at most: the slower the workers, the more they are given at once.
# Where nothing waits nobody is waited for, which took most of the time to a verdict (docs/performance.md).
_MOST_SECONDS_TO_WAIT = 0.5
# Where nobody can tell whether others wait.
_SECONDS_TO_WAIT_BLINDLY = 0.05
# Between two messages at the least, and between two looks.
_SECONDS_BETWEEN_MESSAGES = 0.01
# Of a broker that is away it is asked so often whether it is back.
_SECONDS_BETWEEN_TRIES = 1.0
# One line of log per outage and so long, not one per comment.
_SECONDS_BETWEEN_COMPLAINTS = 10.0


class Doorbell:
    """Publishes ids in the background. The thread starts with the first bell, so never before a fork."""

    def __init__(
        self, publish: Publish, notes: Notes | None = None, is_behind: Callable[[], bool | None] = lambda: False
    ) -> None:
        """`is_behind` tells whether messages about comments wait for a worker (None: who knows).

        The thread asks it, some hundred times a second.
        """
        self._publish = publish
        self._notes = notes
        self._is_behind = is_behind
        self._rung_at = float("-inf")
        self._has_work = threading.Condition()
        self._comments: list[str] = []
        self._deliveries: list[Owed] = []
        # Sites with new decisions: a set, since one look learns all of them.
        self._sites: set[str] = set()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._complained_at = float("-inf")

    def ring(self, comments: Sequence[str] = (), deliveries: Sequence[Owed] = (), sites: Collection[str] = ()) -> None:
        """Ask for these to be looked at soon; returns at once, and never raises."""
        traces.remember([*comments, *(one.delivery_id for one in deliveries), *sites])
        with self._has_work:
            if len(self._comments) + len(self._deliveries) < _MOST_WAITING:
                self._comments += comments
                self._deliveries += deliveries
                self._sites.update(sites)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()
            self._has_work.notify()

    def stop(self, timeout_seconds: float = 2.0) -> None:
        """Publish what waits, for so long at most."""
        with self._has_work:
            self._stopping.set()
            self._has_work.notify()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while True:
            with self._has_work:
                self._has_work.wait_for(
                    lambda: self._comments or self._deliveries or self._sites or self._stopping.is_set()
                )
            self._wait_for_others()
            with self._has_work:
                comments, self._comments = self._comments, []
                deliveries, self._deliveries = self._deliveries, []
                sites, self._sites = self._sites, set()
            if not comments and not deliveries and not sites:
                return
            told: set[str] = set()
            try:
                for name, ids in _messages(comments, deliveries, sites):
                    self._publish(name, ids)
                    told.update(ids)
            except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the sweep is behind it
                self._complain(type(error).__name__)
                if self._stopping.wait(_SECONDS_BETWEEN_TRIES):
                    return
                self._put_back(
                    [one for one in comments if one not in told],
                    [one for one in deliveries if one.delivery_id not in told],
                    sites - told,
                )
            else:
                self._rung_at = time.monotonic()

    def _wait_for_others(self) -> None:
        """Wait for more comments to go with those that wait; what else is rung for has a queue of its own."""
        rung_at, until = self._rung_at, time.monotonic() + _MOST_SECONDS_TO_WAIT
        if time.monotonic() - rung_at > _SECONDS_TO_WAIT_BLINDLY:
            return
        pause = rung_at + _SECONDS_BETWEEN_MESSAGES - time.monotonic()
        while not self._stopping.wait(max(0.0, pause)) and time.monotonic() < until and self._may_wait():
            is_behind = self._is_behind()
            if is_behind is False:
                return
            until = rung_at + _SECONDS_TO_WAIT_BLINDLY if is_behind is None else until
            pause = _SECONDS_BETWEEN_MESSAGES

    def _may_wait(self) -> bool:
        return not self._deliveries and not self._sites and len(self._comments) < MOST_IDS

    def _put_back(self, comments: list[str], deliveries: list[Owed], sites: set[str]) -> None:
        with self._has_work:
            self._comments = comments + self._comments
            self._deliveries = deliveries + self._deliveries
            self._sites |= sites

    def _complain(self, what: str) -> None:
        if self._notes is not None:
            tally = Tally()
            tally.count(DOORBELLS_LOST)
            self._notes.note(tally)
        if time.monotonic() - self._complained_at > _SECONDS_BETWEEN_COMPLAINTS:
            self._complained_at = time.monotonic()
            log.warning("broker away; the bell is rung when it is back", error=what)


def _messages(comments: Sequence[str], deliveries: Sequence[Owed], sites: Collection[str]) -> list[Message]:
    named = [(SCREEN, list(comments))] + [(DELIVER, ids) for ids in by_endpoint(deliveries).values()]
    # Learning takes long enough for each site to be a message of its own.
    named += [(LEARN, [site_id]) for site_id in sorted(sites)]
    return [(name, ids[start : start + MOST_IDS]) for name, ids in named for start in range(0, len(ids), MOST_IDS)]


def celery_publisher(settings: Settings) -> Publish:
    """Return what publishes to the broker that the settings name; connects with the first message."""
    app = Celery("moderation-api", set_as_current=False)
    app.conf.update(settings.celery())

    def publish(name: str, ids: list[str]) -> None:
        # One more try: a connection that the broker closed while idle is only noticed by using it.
        policy = {"max_retries": 1, "interval_start": 0}
        app.send_task(name, [ids], headers=traces.headers(ids), retry=True, retry_policy=policy, **shown(ids))
        traces.forget(ids)

    return publish
