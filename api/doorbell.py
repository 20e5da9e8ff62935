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
from moderation.tasks import DELIVER, LEARN, MOST_IDS, SCREEN

log = get_logger(__name__)

# A task's name and the ids it is to look at.
Message = tuple[str, list[str]]
Publish = Callable[[str, list[str]], None]

# More than a backlog of this many is the sweep's work; memory stays bounded whatever the broker does.
_MOST_WAITING = 20_000
# A message costs its publisher and its reader some milliseconds however many comments it carries, so while others wait
# to be read a bell waits for more, this long at most. Nothing waits, nobody is waited for: that alone took 25 to 50 ms
# off the time to the verdict at fifty comments a second (docs/performance.md).
_MOST_SECONDS_TO_WAIT = 0.05
_SECONDS_BETWEEN_LOOKS = 0.01
# Of a broker that is away it is asked so often whether it is back.
_SECONDS_BETWEEN_TRIES = 1.0
# One line of log per outage and so long, not one per comment.
_SECONDS_BETWEEN_COMPLAINTS = 10.0


class Doorbell:
    """Publishes ids in the background. The thread starts with the first bell, so never before a fork."""

    def __init__(
        self, publish: Publish, notes: Notes | None = None, is_behind: Callable[[], bool] = lambda: False
    ) -> None:
        """`is_behind` tells whether messages about comments wait for a worker; asked by the thread alone."""
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
        until = self._rung_at + _MOST_SECONDS_TO_WAIT
        while time.monotonic() < until and self._is_behind():
            if self._stopping.wait(_SECONDS_BETWEEN_LOOKS):
                return

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
        app.send_task(name, args=[ids], headers=traces.headers(ids), retry=True, retry_policy=policy)
        traces.forget(ids)

    return publish
