"""When a service that fails is left alone, and when it is tried again. Pure; `asking` keeps the value in a row.

Closed: it is asked. After FAILURES_TO_OPEN failures in a row it is open: nobody asks it for a pause. Then one question
tries it (half open): an answer closes it, another failure doubles the pause.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

FAILURES_TO_OPEN = 3
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=10)
# Who tries it has so long: longer than any call.
_TRIAL = timedelta(seconds=60)

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a service is doing."""

    failures: int = 0
    pause: timedelta = timedelta(0)
    open_until: datetime | None = None

    def state(self, now: datetime) -> State:
        """Say whether it may be asked: by all, by nobody, or by one."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half_open"

    def tried(self, now: datetime) -> "Breaker":
        """Return it while somebody tries the service: open for all others."""
        return Breaker(self.failures, self.pause, now + _TRIAL)

    def succeeded(self) -> "Breaker":
        """Return it closed."""
        return Breaker()

    def failed(self, now: datetime, retry_after: timedelta | None = None) -> "Breaker":
        """Return it after one more failure; `retry_after` is what the service itself asked for."""
        failures = self.failures + 1
        if retry_after:
            return Breaker(failures, self.pause, now + min(retry_after, LONGEST_PAUSE))
        if failures < FAILURES_TO_OPEN:
            return Breaker(failures)
        pause = min(max(FIRST_PAUSE, 2 * self.pause), LONGEST_PAUSE)
        # Failures of calls that were under way together are one.
        if self.state(now) == "open" and self.pause:
            return Breaker(failures, self.pause, self.open_until)
        return Breaker(failures, pause, now + pause)
