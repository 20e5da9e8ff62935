"""Taking back what a site's model learned: it stays taken back, whatever is learned at the same time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from moderation.db import Database
from moderation.errors import NotFoundError
from moderation.keys import Caller
from moderation.model_history import History, history_of, resume_learning, roll_back, start_anew, stop_learning
from moderation.screening import screen
from moderation.site_models import models_of
from moderation.sites import NewSite
from moderation.tables import SiteModelRow, VerdictRow
from moderation.teaching import LEARN_AGAIN_AFTER, asked_sites, learn, sites_owing
from tests.conftest import StoppedClock
from tests.steps.conftest import Post, Teach, decide_on
from tests.steps.judges import WordModel, judge_with


def _learn(database: Database, site: NewSite, clock: StoppedClock) -> None:
    clock.now += LEARN_AGAIN_AFTER
    learn(database, WordModel, [site.id], clock)


def _history(database: Database, site: NewSite) -> History:
    with database.read() as session:
        return history_of(session, site.id)


def _numbers(database: Database, site: NewSite) -> list[int]:
    return [one.version for one in _history(database, site).versions]


def _owing(database: Database) -> list[str]:
    with database.read() as session:
        return sites_owing(session, WordModel.version)


def _roll_back(database: Database, site: NewSite, to: int, clock: StoppedClock) -> int:
    with database.write() as session:
        return roll_back(session, site.id, to, clock())


def _model_of(database: Database, comment_id: str, clock: StoppedClock) -> str | None:
    screen(database, judge_with(), [comment_id], clock)
    with database.read() as session:
        return session.get_one(VerdictRow, comment_id).model


def test_a_version_is_put_back_into_use_and_stays(
    database: Database, site: NewSite, post: Post, teach: Teach, clock: StoppedClock
) -> None:
    teach(3)
    _learn(database, site, clock)
    teach(4, spam="approve", ham="spam", first=50)
    _learn(database, site, clock)
    assert _numbers(database, site) == [2, 1]
    assert _roll_back(database, site, 1, clock) == 3
    history = _history(database, site)
    assert [(one.version, one.examples, one.copy_of) for one in history.versions] == [
        (3, 6, 1),
        (2, 14, None),
        (1, 6, None),
    ]
    assert not history.is_learning
    with database.read() as session:
        weights = {one.version: one.weights for one in session.scalars(select(SiteModelRow))}
    assert weights[3] == weights[1] != weights[2]
    assert _model_of(database, post(), clock) == "words-1+site3"
    # Neither a new decision nor other shipped weights undo it, and the sweep is not kept busy.
    teach(2, first=80)
    _learn(database, site, clock)
    assert _numbers(database, site) == [3, 2, 1]
    with database.read() as session:
        assert sites_owing(session, "words-2") == []


def test_going_back_twice_is_going_back_once(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock
) -> None:
    teach(3)
    _learn(database, site, clock)
    teach(3, first=50)
    _learn(database, site, clock)
    assert _roll_back(database, site, 1, clock) == _roll_back(database, site, 1, clock) == 3
    # The one in use already: it only stays.
    assert _roll_back(database, site, 3, clock) == 3
    with pytest.raises(NotFoundError, match="there are: 3, 2, 1"):
        _roll_back(database, site, 9, clock)


def test_what_was_decided_meanwhile_is_learned_after_the_resume(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock
) -> None:
    teach(3)
    _learn(database, site, clock)
    with database.write() as session:
        stop_learning(session, site.id)
    teach(2, first=50)
    _learn(database, site, clock)
    assert (_numbers(database, site), _owing(database)) == ([1], [])
    with database.write() as session:
        resume_learning(session, site.id)
    assert _owing(database) == [site.id]
    _learn(database, site, clock)
    assert [(one.version, one.examples) for one in _history(database, site).versions] == [(2, 10), (1, 6)]
    assert _owing(database) == []


def test_starting_anew_forgets_all_versions_and_all_decisions(
    database: Database, site: NewSite, post: Post, teach: Teach, caller: Caller, clock: StoppedClock
) -> None:
    ids = teach(3)
    _learn(database, site, clock)
    with database.write() as session:
        start_anew(session, site.id, clock())
    assert [(one.version, one.examples) for one in _history(database, site).versions] == [(2, 0)]
    assert _model_of(database, post(), clock) == "words-1"
    _learn(database, site, clock)
    assert _history(database, site).versions[0].examples == 0
    assert _owing(database) == []
    teach(2, first=50)
    # Whoever decides again means it.
    decide_on(database, caller, ids[0], "spam", clock)
    _learn(database, site, clock)
    assert _history(database, site).versions[0].examples == 5


class _Overtaken(Database):
    """Lets something happen between thinking and writing."""

    def __init__(self, engine: Engine, meanwhile: Callable[[], None]) -> None:
        super().__init__(engine)
        self._meanwhile = meanwhile

    @contextmanager
    def write(self) -> Iterator[Session]:
        self._meanwhile()
        with super().write() as session:
            yield session


@pytest.mark.parametrize("taken_back", ["rollback", "freeze", "forget", "forget before any"])
def test_what_is_being_learned_meanwhile_does_not_undo_it(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock, taken_back: str
) -> None:
    teach(3)
    if taken_back != "forget before any":
        _learn(database, site, clock)
        teach(3, first=50)
        _learn(database, site, clock)
        teach(3, first=80)
        clock.now += LEARN_AGAIN_AFTER

    def meanwhile() -> None:
        with database.write() as session:
            if taken_back == "rollback":
                roll_back(session, site.id, 1, clock())
            elif taken_back == "freeze":
                stop_learning(session, site.id)
            else:
                start_anew(session, site.id, clock())

    learn(_Overtaken(database.engine, meanwhile), WordModel, [site.id], clock)
    wanted = {"rollback": [6], "freeze": [12], "forget": [0], "forget before any": []}[taken_back]
    assert [one.examples for one in _history(database, site).versions][:1] == wanted
    _learn(database, site, clock)
    assert [one.examples for one in _history(database, site).versions][:1] == wanted
    assert _owing(database) == []


def test_a_number_is_never_used_twice(database: Database, site: NewSite, teach: Teach, clock: StoppedClock) -> None:
    teach(3)
    _learn(database, site, clock)
    with database.read() as session:
        [(first, before)] = models_of(session, [site.id]).values()
    with database.write() as session:
        start_anew(session, site.id, clock())
    teach(2, first=50)
    _learn(database, site, clock)
    with database.read() as session:
        [(second, after)] = models_of(session, [site.id]).values()
    assert (first, before.examples, second, after.examples) == (1, 6, 3, 4)


def test_sites_that_are_asked_for_anew_are_found_by_an_index(database: Database) -> None:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    compiled = asked_sites().compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            # An empty table is read whole for less: say that this is no option.
            connection.execute(text("SET enable_seqscan = off"))
        plan = connection.exec_driver_sql(f"{explain} {compiled}").all()
    assert "sites_owing" in str(plan)
