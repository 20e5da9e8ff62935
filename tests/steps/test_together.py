"""Group commit: threads share transactions, a bad piece of work spoils only itself, and nobody waits for nobody."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from moderation.db import Database
from moderation.errors import NotFoundError
from moderation.tables import Site
from moderation.together import leave
from tests.conftest import StoppedClock
from tests.processes import wait_until


def _add(name: str, clock: StoppedClock) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        session.add(Site(id=name, name=name, created_at=clock()))
        session.flush()
        return name

    return work


def _names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Site.id)))


class _Crowd:
    """Threads that all want to write while one is held up in the middle of its transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.results: dict[str, object] = {}
        self.may_go_on = threading.Event()
        self.is_inside = threading.Event()
        self.threads: list[threading.Thread] = []

    def start(self, name: str, work: Callable[[Session], object]) -> None:
        def run() -> None:
            try:
                self.results[name] = self.database.write_together(work)
            except Exception as error:  # noqa: BLE001 - looked at by the test
                self.results[name] = error

        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    def hold_up(self, _session: Session) -> str:
        self.is_inside.set()
        assert self.may_go_on.wait(30)
        return "held up"

    def finish(self, waiting: int) -> None:
        together = self.database._together
        wait_until(lambda: len(together._waiting) == waiting, "all others wait")
        self.may_go_on.set()
        for thread in self.threads:
            thread.join()


def test_a_lone_caller_writes_at_once(database: Database, clock: StoppedClock) -> None:
    assert database.write_together(_add("a", clock)) == "a"
    assert _names(database) == {"a"}


def test_those_who_come_while_one_writes_share_the_next_transaction(database: Database, clock: StoppedClock) -> None:
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    crowd = _Crowd(database)
    crowd.start("first", crowd.hold_up)
    assert crowd.is_inside.wait(30)
    for name in "abcdefgh":
        crowd.start(name, _add(name, clock))
    crowd.finish(waiting=8)
    assert crowd.results == {"first": "held up"} | {name: name for name in "abcdefgh"}
    assert _names(database) == set("abcdefgh")
    # The first one wrote nothing.
    assert len(commits) == 1


@pytest.mark.parametrize("error", [ZeroDivisionError, IntegrityError, NotFoundError])
def test_a_bad_piece_of_work_spoils_only_itself(
    database: Database, clock: StoppedClock, error: type[Exception]
) -> None:
    def bad(session: Session) -> None:
        if error is IntegrityError:
            _add("a", clock)(session)
            session.expunge_all()
            _add("a", clock)(session)
        raise error("bad")

    crowd = _Crowd(database)
    crowd.start("first", crowd.hold_up)
    assert crowd.is_inside.wait(30)
    crowd.start("b", _add("b", clock))
    crowd.start("bad", bad)
    crowd.start("c", _add("c", clock))
    crowd.finish(waiting=3)
    assert isinstance(crowd.results["bad"], error)
    assert crowd.results["b"] == "b"
    assert crowd.results["c"] == "c"
    assert _names(database) == {"b", "c"}
    # And the next one is let in.
    database.write_together(_add("d", clock))
    assert "d" in _names(database)


class _Leaving:
    """Leaves names to the end, and notes which were written in one go."""

    def __init__(self, clock: StoppedClock) -> None:
        self.clock = clock
        self.written: list[list[str]] = []

    def work(self, name: str) -> Callable[[Session], str]:
        def work(session: Session) -> str:
            leave(session, self.write, name)
            return name

        return work

    def write(self, session: Session, names: list[str]) -> None:
        self.written.append(names)
        for name in names:
            _add(name, self.clock)(session)


def test_what_is_left_to_the_end_is_written_in_one_go(database: Database, clock: StoppedClock) -> None:
    leaving = _Leaving(clock)
    crowd = _Crowd(database)
    crowd.start("first", crowd.hold_up)
    assert crowd.is_inside.wait(30)
    for name in "abc":
        crowd.start(name, leaving.work(name))
    crowd.finish(waiting=3)
    assert [sorted(names) for names in leaving.written] == [["a", "b", "c"]]
    assert _names(database) == set("abc")


def test_a_bad_one_among_what_is_left_spoils_only_itself(database: Database, clock: StoppedClock) -> None:
    database.write_together(_add("b", clock))
    leaving = _Leaving(clock)
    crowd = _Crowd(database)
    crowd.start("first", crowd.hold_up)
    assert crowd.is_inside.wait(30)
    for name in "abc":
        crowd.start(name, leaving.work(name))
    crowd.finish(waiting=3)
    assert isinstance(crowd.results["b"], IntegrityError)
    assert (crowd.results["a"], crowd.results["c"]) == ("a", "c")
    assert _names(database) == set("abc")


class _ServerError(Exception):
    """What a driver raises with PostgreSQL's code."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


def test_transactions_that_crossed_are_tried_once_more(database: Database, clock: StoppedClock) -> None:
    errors = [OperationalError("", {}, _ServerError("40001"))]

    def crossed_once(session: Session) -> str:
        _add("a", clock)(session)
        if errors:
            raise errors.pop()
        return "a"

    assert database.write_together(crossed_once) == "a"
    assert _names(database) == {"a"}


def test_a_database_that_can_not_write_is_asked_once_for_all(database: Database) -> None:
    asked: list[str] = []

    def stuck(_session: Session) -> None:
        asked.append("once")
        raise OperationalError("", {}, _ServerError("57014"))

    crowd = _Crowd(database)
    crowd.start("first", crowd.hold_up)
    assert crowd.is_inside.wait(30)
    for name in "abc":
        crowd.start(name, stuck)
    crowd.finish(waiting=3)
    assert [type(crowd.results[name]) for name in "abc"] == [OperationalError] * 3
    assert asked == ["once"]
