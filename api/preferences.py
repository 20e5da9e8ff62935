"""`Prefer: wait=N` (RFC 7240): wait a little for the verdict instead of asking for it later."""

import re
import threading
import time

from flask import request
from sqlalchemy import select

from moderation.db import Database
from moderation.tables import Comment

# Longer waits are what webhooks are for.
MAX_WAIT_SECONDS = 30
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?", re.IGNORECASE)
_FIRST_LOOK_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.25


class WaitingRoom:
    """Lets some of the threads of a process wait, never all: others have comments to accept."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(max(1, places))

    def wait_for_verdict(self, database: Database, comment_id: str, seconds: int) -> bool:
        """Wait until the comment is settled; return False when time, or room to wait, ran out first."""
        if not self._places.acquire(blocking=False):
            return False
        try:
            return _poll(database, comment_id, time.monotonic() + seconds)
        finally:
            self._places.release()


def wait_seconds() -> int:
    """Return for how long the client wants to wait, 0 where it does not."""
    preferences = request.environ.get("HTTP_PREFER")
    preference = _WAIT.search(preferences) if preferences else None
    return min(int(preference.group(1)), MAX_WAIT_SECONDS) if preference else 0


def _poll(database: Database, comment_id: str, deadline: float) -> bool:
    pause = _FIRST_LOOK_SECONDS
    while True:
        with database.read() as session:
            if session.scalar(select(Comment.status).where(Comment.id == comment_id)) != "received":
                return True
        if time.monotonic() + pause > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
