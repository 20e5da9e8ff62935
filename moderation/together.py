"""Group commit: what several threads want to write at the same moment goes into one transaction.

A commit that outlives a power cut costs a flush to the disk, and on SQLite a turn; one for many costs the same. A lone
caller waits for nobody: it writes at once, and whoever comes meanwhile goes with the next one. Work that one thread
carries side by side (`abreast`) goes together as it is.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from moderation.abreast import Asked, ask, is_abreast
from moderation.errors import ModerationError

Result = TypeVar("Result")
Work = Callable[[Session], Any]

# Classes of PostgreSQL's error codes: transactions that crossed each other, worth another try; a limit that what was
# written is over.
_CROSSED = "40"
_TOO_MUCH = "54"
# Keeps a transaction, and so everybody's wait, short.
MOST_AT_ONCE = 100


# Where a session keeps what is left to be written at the end: by who writes it.
_LEFT = "left to the end"


def leave(session: Session, write: Callable[[Session, list[Any]], None], one: Any) -> None:
    """Leave something to the end of a shared transaction: `write` is called once, with what all of its work left.

    A statement for eight comments costs little more than one for a single one.
    """
    session.info.setdefault(_LEFT, {}).setdefault(write, []).append(one)


class _Item(Asked):
    """A piece of work of a thread that waits for it."""

    __slots__ = ("has_turn", "is_done")

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.is_done = False
        self.has_turn = False


class Together:
    """Runs pieces of work of many threads in few transactions.

    Work that raises a ModerationError must do so before it has written. Whatever else it raises undoes the transaction;
    then every piece of it is tried in one of its own, so that a bad one spoils only itself; unless it is the database
    that can't, which is then told to all of them.
    """

    def __init__(self, write: Callable[[], AbstractContextManager[Session]]) -> None:
        self._write = write
        self._changed = threading.Condition()
        self._waiting: list[_Item] = []
        self._is_writing = False

    def run(self, work: Callable[[Session], Result]) -> Result:
        """Run the work in a transaction and return what it returned, once that is committed; raise what it raised."""
        if is_abreast():
            together: Result = ask(self._write_batch, work)
            return together
        item = _Item(work)
        with self._changed:
            self._waiting.append(item)
            if self._is_writing:
                self._changed.wait_for(lambda: item.is_done or item.has_turn)
            batch = []
            if not item.is_done:
                self._is_writing = True
                batch = self._take(item)
        if batch:
            try:
                self._write_batch(batch)
            finally:
                self._hand_on(batch)
        result: Result = item.outcome()
        return result

    def _take(self, own: _Item) -> list[_Item]:
        others = [item for item in self._waiting if item is not own]
        batch = [own, *others[: MOST_AT_ONCE - 1]]
        self._waiting = others[MOST_AT_ONCE - 1 :]
        return batch

    def _hand_on(self, batch: list[_Item]) -> None:
        """Let those of the batch go, and the next one write."""
        with self._changed:
            for item in batch:
                item.is_done = True
            self._is_writing = bool(self._waiting)
            if self._waiting:
                self._waiting[0].has_turn = True
            self._changed.notify_all()

    def _write_batch(self, batch: Sequence[Asked]) -> None:
        try:
            with self._write() as session:
                for item in batch:
                    _try(item, session)
                _write_what_is_left(session)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where it belongs
            self._write_one_by_one(batch, error)

    def _write_one_by_one(self, batch: Sequence[Asked], error: BaseException) -> None:
        if _is_of_the_database(error) or (len(batch) == 1 and _state(error) != _CROSSED):
            for item in batch:
                item.error = error
            return
        for item in batch:
            item.result, item.error = None, None
            try:
                with self._write() as session:
                    _try(item, session)
                    _write_what_is_left(session)
            except BaseException as own:  # noqa: BLE001 - as above
                item.error = own


def _is_of_the_database(error: BaseException) -> bool:
    """Tell whether it would meet every piece of work: waiting for it once for each would keep all of them waiting."""
    if isinstance(error, OperationalError):
        return _state(error) not in (_CROSSED, _TOO_MUCH)
    return isinstance(error, InterfaceError | InternalError | PoolTimeoutError)


def _state(error: BaseException) -> str:
    """Return the class of PostgreSQL's error code; empty on SQLite and for what is no error of the server's."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")[:2]


def _try(item: Asked, session: Session) -> None:
    try:
        item.result = item.what(session)
    except ModerationError as error:
        item.error = error


def _write_what_is_left(session: Session) -> None:
    for write, left in session.info.pop(_LEFT, {}).items():
        write(session, left)
