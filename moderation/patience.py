"""How long the whole head of an answer may take, for `outbound`: no timeout of a socket ends one that drips."""

import threading
import time
from typing import Protocol


class Connection(Protocol):
    """Something that waits for the other side."""

    def cut(self) -> None:
        """End the waiting."""


class Patience:
    """Cuts connections that wait for too long: one thread for all of them, while there are any."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        # All may wait as long, so the first that began is the first to be cut.
        self._until: dict[Connection, float] = {}
        self._is_watching = False

    def begin(self, connection: Connection) -> None:
        """Note that it waits from now on."""
        with self._lock:
            self._until[connection] = time.monotonic() + self._seconds
            if not self._is_watching:
                self._is_watching = True
                threading.Thread(target=self._watch, name="patience", daemon=True).start()

    def end(self, connection: Connection) -> None:
        """Note that it waits no more."""
        with self._lock:
            self._until.pop(connection, None)

    def _watch(self) -> None:
        while (left := self._cut_overdue()) is not None:
            time.sleep(left)

    def _cut_overdue(self) -> float | None:
        """Cut what has waited too long; return the seconds until there may be more, None when nobody waits."""
        with self._lock:
            for connection, until in list(self._until.items()):
                left = until - time.monotonic()
                if left > 0:
                    return left
                del self._until[connection]
                connection.cut()
            self._is_watching = False
            return None
