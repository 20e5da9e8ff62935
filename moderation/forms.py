"""The token that a website's reply form fetches and sends back: how long the form was open, and whether it was one.

Made for `GET /v1/form`, read by `intake`. Nothing is stored for it; what is wrong with one is noticed, never refused:
a comment lost would be worse.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moderation.identity import Keyed

# A page left open over lunch still sends a good one; what is kept to be sent for days is not.
LASTS = timedelta(hours=12)

_PURPOSE = "form"
# Longer than any of ours: no stranger makes us hash a megabyte.
_MAX_LENGTH = 100
# Machines' clocks differ by a little.
_EARLY = timedelta(minutes=1)

FORGED, EXPIRED = "forged", "expired"


@dataclass(frozen=True, slots=True)
class NewForm:
    """What a form that is just shown is given."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FormRead:
    """What a token tells: seconds from its making to the comment's sending, or what is wrong with it; or nothing."""

    seconds: float | None = None
    problem: str | None = None


def new_form(keyed: Keyed, site_id: str, now: datetime) -> NewForm:
    """Make a token for a form of this site that is shown now."""
    made_at = str(int(now.timestamp() * 1000))
    return NewForm(f"{made_at}.{keyed.token(_PURPOSE, f'{site_id}:{made_at}')}", now + LASTS)


def read_form(
    keyed: Keyed, site_id: str, token: str | None, now: datetime, sent_at: datetime | None = None
) -> FormRead:
    """Tell what a token says; None is none. `sent_at` is when the website says that it was sent, None: now.

    A token of another site is no better than one made up.
    """
    if token is None:
        return FormRead()
    made_at, _, seal = token.partition(".")
    # The greatest number of milliseconds that a date can hold has 15 digits.
    is_number = made_at.isascii() and made_at.isdigit() and len(made_at) < 15  # noqa: PLR2004
    if (
        len(token) > _MAX_LENGTH
        or not is_number
        or not keyed.matches(_PURPOSE, f"{site_id}:{made_at}", seal)
        or (shown_at := datetime.fromtimestamp(int(made_at) / 1000, UTC)) > now + _EARLY
    ):
        return FormRead(problem=FORGED)
    # What the website says is believed where it can be true.
    at = sent_at if sent_at is not None and shown_at <= sent_at <= now else now
    if at - shown_at > LASTS:
        return FormRead(problem=EXPIRED)
    return FormRead(seconds=max(0.0, (at - shown_at).total_seconds()))
