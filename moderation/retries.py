"""When a delivery is tried again, and what an answer means for it. Pure.

The schedule is the one that Standard Webhooks 1.0 gives as its example: ten attempts over 75.5 hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

_MINUTE, _HOUR = 60, 3600
# Seconds from the failure of attempt 1, 2, … to the next one.
SCHEDULE_SECONDS = (
    5,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
# Spreads the retries of many deliveries that failed together; added, so that none comes early.
JITTER = 0.1
# A receiver may ask for patience, not for eternity.
MAX_RETRY_AFTER = timedelta(hours=24)

_GONE = 410
# Statuses with which a receiver may say when to come again.
_THROTTLES = frozenset([429, 502, 503, 504])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from an attempt. `not_before` is the earliest next one that the receiver asked for."""

    result: Literal["delivered", "retry", "dead", "gone"]
    error: str | None = None
    not_before: datetime | None = None


def read_answer(status: int, headers: Mapping[str, str], now: datetime) -> Outcome:
    """Say what an answer means: 2xx is success, 410 ends the endpoint, all else (3xx too) is tried again."""
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own number
        return Outcome("delivered")
    error = f"answered {status}"
    if status == _GONE:
        return Outcome("gone", error)
    wait = read_retry_after(headers.get("retry-after"), now) if status in _THROTTLES else None
    return Outcome("retry", error, now + wait if wait else None)


def next_attempt_at(attempts: int, outcome: Outcome, now: datetime, spread: float) -> datetime | None:
    """Return when attempt `attempts` + 1 is due, or None when that was the last one; `spread` is random, 0..1."""
    if attempts > len(SCHEDULE_SECONDS):
        return None
    at = now + timedelta(seconds=SCHEDULE_SECONDS[attempts - 1] * (1 + JITTER * spread))
    return max(at, outcome.not_before) if outcome.not_before else at


def read_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header (RFC 9110, 10.2.3): seconds or a date; None for anything else."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10:  # noqa: PLR2004 - no int of a megabyte
        return min(timedelta(seconds=int(text)), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), MAX_RETRY_AFTER)
