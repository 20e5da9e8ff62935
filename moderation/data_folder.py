"""The folder where the embedded set keeps its files: made for us alone, and used by one `up` at a time.

`commands.up` holds it from its first step to its last.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from moderation.errors import ModerationError

_LOCK = "up.lock"


class FolderError(ModerationError):
    """The folder can't be used; the message says why."""


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[bool]:
    """Make the folder where it is missing and lock it; yield whether whoever held it last was killed.

    Raises FolderError when another process holds it. The kernel lets go of the lock when its holder dies, and children
    don't inherit it.
    """
    path = folder / _LOCK
    try:
        # Keys and comments will be in it.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    except OSError as error:
        raise FolderError(f"{folder} can't be used as MODERATION_DATA_DIR: {error.strerror}.") from None
    with file:
        _lock(file.fileno(), folder, path)
        # Its holder writes its process id into it and takes it out at the end: what is left tells of a violent end.
        was_killed = bool(file.read())
        _write(file.fileno(), f"{os.getpid()}\n")
        try:
            yield was_killed
        finally:
            _write(file.fileno(), "")


def _lock(descriptor: int, folder: Path, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = path.read_text().strip()
        raise FolderError(
            f"`moderation up` runs on {folder} already{f' (process {holder})' if holder else ''}. "
            "Stop it first, or give this one a MODERATION_DATA_DIR and a MODERATION_PORT of its own."
        ) from None
    except OSError as error:
        raise FolderError(f"{path} can't be locked: {error.strerror}.") from None


def _write(descriptor: int, text: str) -> None:
    # A full disk is no reason to fail: the lock is what counts.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
