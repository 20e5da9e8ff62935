"""Note when keys were last used: who rotates them wants to know which are, and which nobody misses.

A key that was last hashed under the secret that is being replaced is hashed anew, so that the old one can go.
"""

import threading
import time
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from moderation.db import Database
from moderation.identity import Keyed
from moderation.keys import PURPOSE
from moderation.tables import Key

# One row written per key, process and so long, not one per request.
NOTED_EVERY_SECONDS = 600.0
_MOST_KEYS = 10_000


class KeyUse:
    """Remembers which keys this process noted lately; safe for threads."""

    def __init__(self) -> None:
        self._noted_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_due(self, key_id: str) -> bool:
        """Tell whether to note that the key is used: hardly ever, and that is told without waiting for others."""
        return time.monotonic() - self._noted_at.get(key_id, float("-inf")) >= NOTED_EVERY_SECONDS

    def note(self, database: Database, keyed: Keyed, key_id: str, token: str, now: datetime) -> None:
        """Write down that the key was used, if that is due. Never raises for the database: it is only a note."""
        moment = time.monotonic()
        with self._lock:
            if moment - self._noted_at.get(key_id, float("-inf")) < NOTED_EVERY_SECONDS:
                return
            if len(self._noted_at) >= _MOST_KEYS:
                self._noted_at.clear()
            self._noted_at[key_id] = moment
        try:
            with database.write() as session:
                session.execute(
                    update(Key).where(Key.id == key_id).values(last_used_at=now, digest=keyed.digest(PURPOSE, token))
                )
        except SQLAlchemyError:
            with self._lock:
                # Another thread may have forgotten them all meanwhile.
                self._noted_at.pop(key_id, None)
