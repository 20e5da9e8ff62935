"""End a worker that has stopped to consume, so that whoever runs it starts a new one.

A Celery worker whose connection to Redis was cut may come back and answer pings, but take nothing off its queues any
more (celery issue 10205). So a thread of the worker looks at what counts: messages wait, and none comes in.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from celery.worker import state

from moderation.broker import BrokerAwayError, queue_lengths
from moderation.log import get_logger
from moderation.settings import Settings

log = get_logger(__name__)

SECONDS_BETWEEN_LOOKS = 2.0
# Messages wait and nothing is under way: a worker that is well takes one within milliseconds.
IDLE_SECONDS = 20.0
# Messages wait and all hands are full: longer than a task may take (`task_time_limit`).
BUSY_SECONDS = 150.0
# For a stop in good order; one that hangs may hang there as well.
_STOP_SECONDS = 10.0
# BSD's EX_SOFTWARE: an internal error was found.
EXIT_CODE = 70


@dataclass(slots=True)
class Watch:
    """Decides whether a worker hangs, from what is told to it. Moments are in seconds of one clock."""

    _last_received: float
    _waiting_since: float | None = field(default=None)

    def received(self, now: float) -> None:
        """Take note that a message came in."""
        self._last_received = now
        self._waiting_since = None

    def hangs(self, waiting: int | None, now: float, *, is_busy: bool) -> bool:
        """Tell whether the worker hangs; `waiting` is the number of messages, None while the broker is away."""
        if not waiting:
            self._waiting_since = None
            return False
        if self._waiting_since is None:
            self._waiting_since = now
        silent = now - max(self._last_received, self._waiting_since)
        return silent > (BUSY_SECONDS if is_busy else IDLE_SECONDS)


class Watchdog:
    """Watches the worker of this process, from `start` on."""

    def __init__(self, settings: Settings, queues: Sequence[str], end: Callable[[], None] | None = None) -> None:
        self._settings = settings
        self._queues = queues
        self._end = end or end_this_process
        self._watch = Watch(time.monotonic())

    def start(self) -> None:
        """Look now and then, for as long as the process lives."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def received(self) -> None:
        """Take note that a message came in."""
        self._watch.received(time.monotonic())

    def _run(self) -> None:
        while not self._watch.hangs(self._waiting(), time.monotonic(), is_busy=bool(state.reserved_requests)):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        log.error("messages wait and none comes in; ending", queues=list(self._queues))
        self._end()

    def _waiting(self) -> int | None:
        try:
            lengths = queue_lengths(self._settings)
        except BrokerAwayError:
            return None
        return sum(lengths.get(queue, 0) for queue in self._queues)


def end_this_process() -> None:
    """Stop in good order, or else at once; what was under way is done again."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_SECONDS)
    os._exit(EXIT_CODE)
