"""A beat that doesn't look at the clock on the wall.

Celery's own plans its next run at a time of day: when the clock is set back an hour, no sweep is sent for an hour. This
one counts the seconds that pass.
"""

import time
from collections.abc import Callable
from typing import Any

from celery.beat import Scheduler


class SteadyScheduler(Scheduler):  # type: ignore[misc]
    """Sends every entry of the schedule each so many seconds, the first time at once."""

    monotonic: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._due_at: dict[str, float] = {}
        super().__init__(*arguments, **options)

    def tick(self, **_: Any) -> float:
        """Send what is due; return the seconds until the next entry is."""
        now = self.monotonic()
        for name, entry in self.schedule.items():
            if self._due_at.setdefault(name, now) <= now:
                self._due_at[name] = now + entry.schedule.run_every.total_seconds()
                self.apply_entry(entry, producer=self.producer)
        pause = min(self._due_at.values(), default=now) - self.monotonic()
        return max(pause, 0.01)
