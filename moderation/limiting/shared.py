"""One limit for all processes: each counts for itself, and adds up with the others through Redis in the background.

A request asks this process's memory only. A few times a second a thread sends what was counted here and learns what
all counted together; so a limit may be passed by what came in within that time, and no request waits for Redis or
fails with it. The thread starts with the first count, so never before a fork.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from moderation.limiting.limits import Limit
from moderation.limiting.windows import Bucket, Standing, Windows
from moderation.log import get_logger

log = get_logger(__name__)

_SECONDS_BETWEEN_EXCHANGES = 0.25
# While Redis is away: a look now and then, one line of log per outage.
_SECONDS_AFTER_FAILURE = 5.0
# More counts than this are sent by nobody's hand in one go.
_MOST_SENT = 5_000


class Totals(Protocol):
    """Where counts of all processes are added up."""

    def add(self, counts: Mapping[Bucket, int], seconds: Mapping[str, int]) -> Mapping[Bucket, int]:
        """Add the counts; return the totals. `seconds` says by limit how long a window is. Raises when it is away."""


class Limiter:
    """Counts requests against limits; safe for threads.

    `in_background` False leaves it to the caller when to `exchange`.
    """

    def __init__(
        self,
        limits: Mapping[str, Limit],
        totals: Totals | None,
        clock: Callable[[], float] = time.time,
        *,
        in_background: bool = True,
    ) -> None:
        self._windows = Windows(limits)
        self._totals = totals
        self._in_background = in_background
        self._clock = clock
        self._lock = threading.Lock()
        self._unsent: dict[Bucket, int] = {}
        self._thread: threading.Thread | None = None
        self._is_away = False

    def take(self, subjects: Mapping[str, str], cost: int = 1) -> list[Standing]:
        """Count a request of this `cost` for each subject, by name of its limit, and say how they stand.

        A subject is an id or a keyed hash. Nothing is counted where one of them is over its limit; limits that are not
        set are passed over.
        """
        with self._lock:
            standings, counted = self._windows.take(subjects, cost, self._clock())
            if self._totals is not None:
                for bucket in counted:
                    self._unsent[bucket] = self._unsent.get(bucket, 0) + cost
                if self._thread is None and counted and self._in_background:
                    self._thread = threading.Thread(target=self._run, name="limits", daemon=True)
                    self._thread.start()
        return standings

    def exchange(self) -> bool:
        """Send what was counted, learn what all counted; return whether Redis answered."""
        with self._lock:
            self._windows.forget(self._clock())
            sent = dict(list(self._unsent.items())[:_MOST_SENT])
            # What could not be sent while Redis was away stays this process's own knowledge.
            self._unsent = {} if self._is_away else {key: n for key, n in self._unsent.items() if key not in sent}
        if not sent or self._totals is None:
            return True
        seconds = {name: limit.seconds for name, limit in self._windows.limits.items()}
        try:
            totals = self._totals.add(sent, seconds)
        except Exception as error:  # noqa: BLE001 - whatever its client raises, this process goes on alone
            if not self._is_away:
                log.warning("limits are counted by each process alone", error=type(error).__name__)
            self._is_away = True
            return False
        self._is_away = False
        with self._lock:
            for bucket, total in totals.items():
                # Never less than this process knows of: a Redis that came back empty has forgotten.
                known = self._windows.counts.get(bucket, 0)
                self._windows.counts[bucket] = max(known, total + self._unsent.get(bucket, 0))
        return True

    def _run(self) -> None:
        while True:
            time.sleep(_SECONDS_BETWEEN_EXCHANGES if self.exchange() else _SECONDS_AFTER_FAILURE)
