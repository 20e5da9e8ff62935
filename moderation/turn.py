"""Let the writers of a SQLite file in one after the other.

SQLite makes a writer that finds the file locked sleep for up to a tenth of a second and look again, whoever came first:
with a dozen writers most of the time is slept away, and some wait for seconds. Here those of one process queue, and the
first of each process looks every millisecond. It only orders them: SQLite's own lock still guards the file.
"""

import fcntl
import os
import threading
import time
from pathlib import Path
from types import TracebackType

# After so long a writer tries its luck with SQLite itself, which knows how to give up.
MOST_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.001


class Turn:
    """A lock for threads and processes. Nothing is opened before it is first used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._file: int | None = None
        self._opened_by: int | None = None
        # Whether the thread that is in holds the locks: it may have been let in without.
        self._state = threading.local()

    def __enter__(self) -> None:
        """Wait for the turn, for MOST_SECONDS at most."""
        deadline = time.monotonic() + MOST_SECONDS
        self._state.has_threads = self._threads.acquire(timeout=MOST_SECONDS)
        if self._state.has_threads:
            self._wait_for_processes(deadline)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the next one in."""
        if self._state.has_threads:
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)
            self._threads.release()

    def _wait_for_processes(self, deadline: float) -> None:
        if self._opened_by != os.getpid():
            # A forked child that used its parent's open file would share its lock.
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._opened_by = os.getpid()
        assert self._file is not None
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return
                time.sleep(_LOOK_AGAIN_SECONDS)
            else:
                return

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._file is not None and self._opened_by == os.getpid():
            os.close(self._file)
        self._file = self._opened_by = None
