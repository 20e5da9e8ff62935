"""Keep slow endpoints from holding all threads of a worker: together they hold half of them, and take turns.

In memory, per process: after a start, which are slow is found out again within a batch.
"""

import threading
from collections.abc import Sequence

from moderation.events import Owed

# Slow is an endpoint whose answers of the last batch took longer, on average.
SLOW_SECONDS = 1.0


class SlowLane:
    """The places of slow endpoints. The threads of a worker share one."""

    def __init__(self, threads: int) -> None:
        self._places = self._free = max(1, threads // 2)
        self._lock = threading.Lock()
        self._slow: set[str] = set()
        self._waiting: dict[str, Owed] = {}

    def note(self, endpoint_id: str, seconds: Sequence[float]) -> None:
        """Note how long the answers of a batch took."""
        with self._lock:
            if seconds and sum(seconds) / len(seconds) > SLOW_SECONDS:
                self._slow.add(endpoint_id)
            elif seconds:
                self._slow.discard(endpoint_id)

    def is_slow(self, endpoint_id: str) -> bool:
        """Tell whether the endpoint needs a place."""
        with self._lock:
            return endpoint_id in self._slow

    def enter(self, owed: Owed) -> bool:
        """Take a place; without a free one, return False and remember whom to ring for."""
        with self._lock:
            if not self._free:
                self._waiting[owed.endpoint_id] = owed
                return False
            self._free -= 1
            self._waiting.pop(owed.endpoint_id, None)
            return True

    def leave(self) -> list[Owed]:
        """Give the place back; return whom to ring for, those first who have waited longest.

        More than the one place is for: an endpoint may have been sent all that it was owed since.
        """
        with self._lock:
            self._free += 1
            first = list(self._waiting)[: self._places]
            return [self._waiting.pop(endpoint_id) for endpoint_id in first]
