"""Lets one in at a time; who comes meanwhile does not wait but knocks, and the one inside goes round once more."""

import threading


class Turnstile:
    """For threads of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_busy = False
        self._was_knocked = False

    def enter(self) -> bool:
        """Tell whether the caller is in; if not, whoever is will hear of it."""
        with self._lock:
            if self._is_busy:
                self._was_knocked = True
                return False
            self._is_busy = True
            return True

    def leave(self, *, for_good: bool = False) -> bool:
        """Go out and return True; stay in and return False when somebody knocked, unless it is for good."""
        with self._lock:
            if self._was_knocked and not for_good:
                self._was_knocked = False
                return False
            self._is_busy = self._was_knocked = False
            return True
