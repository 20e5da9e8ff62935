"""What may be limited, and how a limit reads in a setting: `60/60` is 60 in 60 seconds, `off` is none."""

from dataclasses import dataclass

_LONGEST_SECONDS = 86_400
_MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` comments in `seconds`, in any window of that length."""

    most: int
    seconds: int

    def __str__(self) -> str:
        """Write it as settings do."""
        return f"{self.most}/{self.seconds}"


def read_limit(text: str) -> Limit | None:
    """Read a limit; None for `off`. Raise ValueError with what was expected."""
    if text.strip().lower() == "off":
        return None
    most, _, seconds = text.partition("/")
    if not all(part.isascii() and part.isdigit() for part in (most, seconds)):
        raise ValueError("a number and seconds such as 60/60, or off")
    limit = Limit(int(most), int(seconds))
    if not (0 < limit.most <= _MOST and 0 < limit.seconds <= _LONGEST_SECONDS):
        raise ValueError("a number and seconds such as 60/60, or off")
    return limit
