"""What an endpoint wants to hear of comments, and when: the least score, languages, quiet hours, how many one by one.

Pure. `endpoints` stores it, `events` and `deliveries.gathering` keep to it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from moderation.errors import FieldError
from moderation.submission import LANGUAGE

MAX_SCORE = 1_000
MAX_LANGUAGES = 50
MAX_BURST = 100
# Of messages to people, one after the other in a chat: more are a wall that nobody reads.
DEFAULT_BURST = 10
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_MAX_ZONE = 64
_PARTS = ("from", "to", "zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What a client said of it; None is left as it is. 0, an empty list and an empty object mean none."""

    min_score: float | None = None
    languages: tuple[str, ...] | None = None
    quiet_hours: Mapping[str, str] | None = None
    burst: int | None = None

    def given(self) -> dict[str, Any]:
        """Return what was said, as it is stored."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        if self.languages is not None:
            said["languages"] = list(self.languages)
        return {name: value for name, value in said.items() if value is not None}


def read_quiet(sent: Mapping[str, Any], errors: list[FieldError]) -> Quiet:
    """Read it as a client sent it; adds to the errors."""
    least, languages, hours, burst = (sent.get(name) for name in ("min_score", "languages", "quiet_hours", "burst"))
    if least is not None and not (_is_number(least) and abs(least) <= MAX_SCORE):
        errors.append(FieldError("min_score", "invalid"))
    if languages is not None and not (
        isinstance(languages, list)
        and len(languages) <= MAX_LANGUAGES
        and all(isinstance(one, str) and LANGUAGE.fullmatch(one) for one in languages)
    ):
        errors.append(FieldError("languages", "invalid"))
    if hours is not None and not (hours == {} or _are_hours(hours)):
        errors.append(FieldError("quiet_hours", "invalid"))
    if burst is not None and not (isinstance(burst, int) and not isinstance(burst, bool) and 0 <= burst <= MAX_BURST):
        errors.append(FieldError("burst", "invalid"))
    if errors:
        return Quiet()
    return Quiet(
        min_score=least,
        languages=tuple(dict.fromkeys(languages)) if languages is not None else None,
        quiet_hours={name: hours[name] for name in _PARTS if name in hours} if hours is not None else None,
        burst=burst,
    )


def is_quiet(hours: Mapping[str, str] | None, at: datetime) -> bool:
    """Tell whether a moment lies within the quiet hours, which may go over midnight."""
    if not hours:
        return False
    local = at.astimezone(ZoneInfo(hours["zone"])).time()
    start, end = _clock(hours["from"]), _clock(hours["to"])
    return start <= local < end if start < end else local >= start or local < end


def wants(
    min_score: float | None, languages: Sequence[str] | None, *, score: float | None, language: str | None
) -> bool:
    """Tell whether a comment is one to be told of. What is not known of it keeps nothing back."""
    if min_score and score is not None and score < min_score:
        return False
    return not languages or language is None or _primary(language) in {_primary(one) for one in languages}


def burst_of(burst: int | None, kind: str) -> int:
    """Return how many an endpoint of this format is told of one by one; 0 is all. Programs read what people don't."""
    if burst is not None:
        return burst
    return 0 if kind == "standard" else DEFAULT_BURST


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_hours(hours: Any) -> bool:
    if (
        not isinstance(hours, dict)
        or set(hours) != set(_PARTS)
        or not all(isinstance(one, str) for one in hours.values())
    ):
        return False
    try:
        ZoneInfo(hours["zone"] if len(hours["zone"]) <= _MAX_ZONE else "")
        return _clock(hours["from"]) != _clock(hours["to"])
    # No such zone is a KeyError; a folder of them, or what is no name of a file, an OSError.
    except (ValueError, KeyError, OSError):
        return False


def _clock(text: str) -> time:
    hours, _, minutes = text.partition(":")
    if len(text) != len("22:00") or not text.isascii():
        raise ValueError(text)
    return time(int(hours), int(minutes))
