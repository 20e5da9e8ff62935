"""Runs work in a process of its own that ends with it: what the work imports and holds is gone then.

`commands.up` prepares the database so, and need not keep what that takes for as long as it runs.
"""

import os
import pickle
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from moderation.errors import ModerationError

Result = TypeVar("Result")


class NotDoneError(ModerationError):
    """The process ended before the work was done; it said why on standard error."""


def run_apart(work: Callable[[], Result]) -> Result:
    """Run the work in a fork of this process, which must have no other thread; return what it returned, pickled.

    Raises the ModerationError that the work raised, and NotDoneError when it ended in any other way.
    """
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reader)
        _run(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(process, 0)
    if not answer:
        raise NotDoneError("It ended half-way; what it said is above.")
    result: Any = pickle.loads(answer)  # noqa: S301 - of our own process
    if isinstance(result, ModerationError):
        raise result
    return result  # type: ignore[no-any-return]


def _run(work: Callable[[], object], writer: int) -> NoReturn:
    """Write what the work returns, or how it failed, and end without what the parent does at its own end."""
    try:
        try:
            result = work()
        except ModerationError as error:
            result = error
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(pickle.dumps(result))
    except BaseException:  # noqa: BLE001 - nothing of it may go on as the parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)
