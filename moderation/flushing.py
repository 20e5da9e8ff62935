"""Flush what was committed to a SQLite file to the disk, with no lock held.

With `synchronous = FULL` SQLite flushes its log within the transaction, and all other writers wait for the disk too.
Here the next one writes meanwhile, and what it has written by then is flushed with the rest. It is the same flush of
the same file, before anybody is told that their comment is safe; what stands in the log is whole or not there after a
power cut in either case (a checksum for each page of it), and no page goes from the log into the database before both
are flushed in turn, which `NORMAL` sees to.
"""

import os
from pathlib import Path

from sqlalchemy.exc import OperationalError


class Flush:
    """Flushes the write-ahead log of one database."""

    def __init__(self, database_path: str) -> None:
        # SQLite keeps it beside the file that a link leads to.
        self._log_path = f"{Path(database_path).resolve()}-wal"

    def __call__(self) -> None:
        """Return once the disk has what was committed before the call; raises OperationalError when it does not say so.

        SQLite locks other files than this one, or closing it would let go of the locks.
        """
        try:
            file = os.open(self._log_path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            # Whoever closes the database last copies the log into it, and flushes both, before it removes the log.
            return
        except OSError as error:
            raise OperationalError("flush", None, error) from error
        try:
            _flush(file)
        except OSError as error:
            raise OperationalError("flush", None, error) from error
        finally:
            os.close(file)


# What SQLite calls: the file's data, and of what is said about it only what is needed to find the data.
_flush = getattr(os, "fdatasync", os.fsync)
