"""What the beat sends, and how often."""

from typing import Any

from moderation.settings import Settings
from moderation.tasks import EXPIRES_SECONDS, SWEEP_COMMENTS, SWEEP_DECISIONS, SWEEP_DELIVERIES, SWEEP_SITES, TIDY

_TIDY_SECONDS = 600


def entries(settings: Settings) -> dict[str, Any]:
    """Return the beat's schedule. A sweep that nobody took in time expires: the next one does the same."""
    every = settings.sweep_seconds
    return {
        "sweep-comments": {"task": SWEEP_COMMENTS, "schedule": every, "options": {"expires": EXPIRES_SECONDS}},
        "sweep-decisions": {"task": SWEEP_DECISIONS, "schedule": every, "options": {"expires": EXPIRES_SECONDS}},
        "sweep-deliveries": {"task": SWEEP_DELIVERIES, "schedule": every, "options": {"expires": EXPIRES_SECONDS}},
        "sweep-sites": {"task": SWEEP_SITES, "schedule": 5 * every, "options": {"expires": EXPIRES_SECONDS}},
        "tidy": {"task": TIDY, "schedule": _TIDY_SECONDS, "options": {"expires": EXPIRES_SECONDS}},
    }
