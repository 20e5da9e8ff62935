"""What time it is. Functions that are given a time use that one, so that tests can say when it is."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def seconds_since(moment: datetime | None, now: datetime) -> float:
    """Return how long ago it was; 0 without a moment, or for one in the future."""
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
