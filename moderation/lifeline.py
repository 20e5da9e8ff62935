"""A child that outlives a killed parent holds its port and takes its work: here the kernel is asked to end it.

`children` starts processes with the parent's id in their environment; `serve`, `worker`, `beat` and the processes that
these fork call `die_with_parent` first thing. A program that isn't ours is run by `python -m moderation.lifeline`.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

# Not a setting, so it must not look like one: unknown MODERATION_* names stop the start.
_PARENT = "_MODERATION_PARENT"
# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1
_HOME = Path(__file__).resolve().parent.parent


def environment_for_children() -> Mapping[str, str]:
    """Return this process's environment with the id that a child compares its parent's with.

    And with the wish not to import from the current folder, as `python -m` does before all else: any folder may have an
    `api` or a `workers` in it. Only in a checkout that was never installed there is no other way.
    """
    environment = {**os.environ, _PARENT: str(os.getpid())}
    return environment if Path.cwd() == _HOME else environment | {"PYTHONSAFEPATH": "1"}


def die_with_parent() -> None:
    """Have SIGTERM sent to this process when the one that started it dies, even by SIGKILL.

    Does nothing for a process that was not started by one of ours, such as a `serve` that a person or systemd started;
    its own children are tied to it all the same. Calling it twice is harmless. Without prctl(2), outside Linux, it does
    nothing. Call it in the main thread: the kernel forgets the wish of a thread that ends.
    """
    me, parent = str(os.getpid()), os.environ.get(_PARENT)
    os.environ[_PARENT] = me
    if parent is None or parent == me or not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    # It may have died before it was asked about; then the kernel sends nothing.
    if str(os.getppid()) != parent:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Become the program named by the arguments: the wish survives exec(2)."""
    die_with_parent()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell is wanted, and `embedded` says what to run


if __name__ == "__main__":
    main()
