"""When an endpoint that fails is left alone, and when it is tried again. Pure; the value is kept in the endpoint's row.

After a failure nothing is sent to it for a while, twice as long after each one in a row; then one delivery tries it.
After TRIPS_AFTER of them its owner is told. One success, and all of it is forgotten. What waits meanwhile is owed as
before: only a delivery that was sent counts an attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from moderation.retries import Outcome

FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=10)
# With the rests before it, 75 seconds: a receiver that is started anew does not trip it.
TRIPS_AFTER = 5
# What one answer's Retry-After may ask for all that an endpoint is owed; the delivery itself waits as long as asked.
LONGEST_WISH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Breaker:
    """How an endpoint is doing."""

    failures: int = 0
    failing_since: datetime | None = None
    rests_until: datetime | None = None
    tripped_at: datetime | None = None

    def after(self, outcomes: Sequence[Outcome], now: datetime) -> "Breaker":
        """Return it after deliveries that were under way together: their failures are one, a success ends them all."""
        failed = [one for one in outcomes if one.result == "retry"]
        wishes = [min(one.not_before, now + LONGEST_WISH) for one in failed if one.not_before]
        if any(one.result == "delivered" for one in outcomes):
            return Breaker(rests_until=max(wishes, default=None))
        if not failed:
            return self
        failures = self.failures + 1
        rest = min(FIRST_REST * 2 ** min(failures - 1, 10), LONGEST_REST)
        tripped_at = self.tripped_at or (now if failures >= TRIPS_AFTER else None)
        return Breaker(failures, self.failing_since or now, max([*wishes, now + rest]), tripped_at)
