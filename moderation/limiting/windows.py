"""Count in sliding windows, from two fixed ones.

The window before counts with the share of it that still lies within the last `seconds`: two numbers per subject
instead of a list of moments, and never more than a few per cent off where requests come evenly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from moderation.limiting.limits import Limit

# Name of the limit, subject (an id or a keyed hash), number of the fixed window since the epoch.
Bucket = tuple[str, str, int]

# A flood from more addresses than this is no longer told apart by address; 200 bytes each.
MOST_BUCKETS = 100_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How one subject stands with one limit after a request: `reset` is in seconds from now."""

    name: str
    limit: Limit
    remaining: int
    reset: int
    is_over: bool = False


@dataclass(slots=True)
class Windows:
    """Counts of this process; not safe for threads by itself."""

    limits: Mapping[str, Limit]
    counts: dict[Bucket, int] = field(default_factory=dict)

    def take(self, subjects: Mapping[str, str], cost: int, now: float) -> tuple[list[Standing], list[Bucket]]:
        """Count `cost` for each subject, by name of its limit, unless one of them is over its limit.

        `now` is in seconds since the epoch. Returns how they stand, and the buckets that were counted in.
        """
        wanted = [(name, subject) for name, subject in subjects.items() if name in self.limits]
        is_over = any(self._used(name, subject, now) + cost > self.limits[name].most for name, subject in wanted)
        if not is_over:
            for name, subject in wanted:
                bucket = self._bucket(name, subject, now)
                self.counts[bucket] = self.counts.get(bucket, 0) + cost
        if len(self.counts) > MOST_BUCKETS:
            self.forget(now)
        standings = [self._standing(name, subject, cost if is_over else 0, now) for name, subject in wanted]
        return standings, [] if is_over else [self._bucket(name, subject, now) for name, subject in wanted]

    def forget(self, now: float) -> None:
        """Drop the windows that no longer count, and all of them when too many are left."""
        self.counts = {
            bucket: count
            for bucket, count in self.counts.items()
            if bucket[2] >= int(now // self.limits[bucket[0]].seconds) - 1
        }
        if len(self.counts) > MOST_BUCKETS:
            self.counts.clear()

    def _bucket(self, name: str, subject: str, now: float) -> Bucket:
        return name, subject, int(now // self.limits[name].seconds)

    def _used(self, name: str, subject: str, now: float) -> float:
        seconds = self.limits[name].seconds
        window, inside = divmod(now, seconds)
        before = self.counts.get((name, subject, int(window) - 1), 0)
        return before * (1 - inside / seconds) + self.counts.get((name, subject, int(window)), 0)

    def _standing(self, name: str, subject: str, wanted: int, now: float) -> Standing:
        limit = self.limits[name]
        used = self._used(name, subject, now)
        remaining = max(0, int(limit.most - used))
        over = used + wanted > limit.most if wanted else False
        return Standing(name, limit, remaining, self._reset(name, subject, wanted, now), over)

    def _reset(self, name: str, subject: str, wanted: int, now: float) -> int:
        """Seconds until the window is free again, or until there is room for what was wanted."""
        limit = self.limits[name]
        window, inside = divmod(now, limit.seconds)
        left = limit.seconds - inside
        before = self.counts.get((name, subject, int(window) - 1), 0)
        current = self.counts.get((name, subject, int(window)), 0)
        room = limit.most - wanted
        if wanted and before and current <= room:
            # As the window slides, what came before fades: when is it little enough?
            return max(1, ceil(limit.seconds * (1 - (room - current) / before) - inside))
        if wanted and current and 0 <= room < current:
            return max(1, ceil(left + limit.seconds * (1 - room / current)))
        return max(1, ceil(left))
