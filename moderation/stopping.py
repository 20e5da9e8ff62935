"""Turns the signals that ask a program to end into answers for whoever waits in a loop.

`commands.up` asks between its steps, `children` while it stops them.
"""

import signal
import time
from types import FrameType, TracebackType
from typing import Any, Self

# Short enough that nobody notices, long enough to cost nothing.
_TICK_SECONDS = 0.1
# `make` and the like pass on a Ctrl-C that the terminal sent to us already: so soon, it is the same one.
_ECHO_SECONDS = 0.5


class Stop:
    """Has someone asked us to stop, and are they in a hurry? Listens to signals inside its `with` block.

    SIGINT, SIGTERM and SIGHUP ask; another Ctrl-C (SIGINT) hurries.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self.is_hurried = False
        self._requested_at = 0.0
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # `nohup` ignores SIGHUP for us, and means it.
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._notice)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            # Asked to stop, the program is about to end; whoever asks once more must not make it end badly.
            signal.signal(number, signal.SIG_IGN if self.is_requested else handler)

    def wait(self) -> None:
        """Let a moment pass."""
        time.sleep(_TICK_SECONDS)

    def _notice(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.is_requested:
            self.is_requested, self._requested_at = True, now
        elif number == signal.SIGINT and now - self._requested_at >= _ECHO_SECONDS:
            self.is_hurried = True
