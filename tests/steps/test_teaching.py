"""Teaching: what people decide changes how the site's next comments are judged, once, and no other site's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, Select, select, text, update
from sqlalchemy.orm import Session

from moderation.db import Database
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.keys import Caller
from moderation.screening import screen
from moderation.site_models import VERSIONS_KEPT
from moderation.sites import NewSite, add_site
from moderation.submission import read_submission
from moderation.tables import Comment, DecisionRow, SiteModelRow, VerdictRow
from moderation.teaching import LEARN_AGAIN_AFTER, decided, due_sites, learn, sites_owing
from tests.conftest import StoppedClock
from tests.steps.conftest import Post, Teach, decide_on
from tests.steps.judges import WordModel, judge_with
from tests.unit.learning_data import row


def _learn(database: Database, site: NewSite, clock: StoppedClock) -> None:
    clock.now += LEARN_AGAIN_AFTER
    learn(database, WordModel, [site.id], clock)


def _judged(database: Database, comment_id: str, clock: StoppedClock) -> VerdictRow:
    screen(database, judge_with(), [comment_id], clock)
    with database.read() as session:
        return session.get_one(VerdictRow, comment_id)


def _strength(verdict: VerdictRow) -> float:
    return max((one["strength"] for one in verdict.signals if one["name"] == "MODEL_SPAM"), default=0.0)


def _versions(database: Database) -> list[tuple[int, int]]:
    with database.read() as session:
        rows = session.execute(select(SiteModelRow.version, SiteModelRow.examples).order_by(SiteModelRow.version))
        return [(version, examples) for version, examples in rows]


def _owing(database: Database) -> list[str]:
    with database.read() as session:
        return sites_owing(session, WordModel.version)


def test_the_next_comment_is_judged_by_what_was_decided(
    database: Database, site: NewSite, post: Post, teach: Teach, clock: StoppedClock
) -> None:
    before = _judged(database, post(body=row(500, "spam").body), clock)
    teach()
    _learn(database, site, clock)
    spam = _judged(database, post(body=row(501, "spam").body), clock)
    ham = _judged(database, post(body=row(501, "ham").body), clock)
    assert before.model == "words-1"
    assert spam.model == ham.model == "words-1+site1"
    assert _strength(before) == 0
    assert _strength(spam) > 0.5
    assert _strength(ham) == 0
    [signal] = [one for one in spam.signals if one["name"] == "MODEL_SPAM"]
    assert "learned from 60 decisions of this site" in {one["text"] for one in signal["evidence"]}


def test_a_decision_that_is_undone_is_unlearned(
    database: Database, site: NewSite, post: Post, teach: Teach, caller: Caller, clock: StoppedClock
) -> None:
    ids = teach()
    _learn(database, site, clock)
    for comment_id in ids[::2]:
        decide_on(database, caller, comment_id, "approve", clock)
    for comment_id in ids[1::2]:
        decide_on(database, caller, comment_id, "spam", clock)
    _learn(database, site, clock)
    reversed_ham = _judged(database, post(body=row(501, "ham").body), clock)
    assert reversed_ham.model == "words-1+site2"
    assert _strength(reversed_ham) > 0.5
    for comment_id in ids:
        decide_on(database, caller, comment_id, "hold", clock)
    _learn(database, site, clock)
    # Nothing is left to learn from: the shipped model judges alone again.
    verdict = _judged(database, post(body=row(502, "ham").body), clock)
    assert (verdict.model, _strength(verdict)) == ("words-1", 0.0)


@pytest.mark.parametrize(("spam", "ham"), [("reject", "approve"), ("hold", "hold"), ("spam", "reject")])
def test_rejected_and_held_comments_teach_nothing(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock, spam: str, ham: str
) -> None:
    teach(5, spam, ham)
    _learn(database, site, clock)
    assert _versions(database) == []
    assert _owing(database) == []


def test_learning_twice_changes_nothing(database: Database, site: NewSite, teach: Teach, clock: StoppedClock) -> None:
    teach(5)
    _learn(database, site, clock)
    _learn(database, site, clock)
    assert _versions(database) == [(1, 10)]


def test_the_same_decisions_give_the_same_bytes(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock
) -> None:
    teach(5)
    _learn(database, site, clock)
    with database.write() as session:
        for decision in session.scalars(select(DecisionRow)):
            decision.learned_at = None
    _learn(database, site, clock)
    with database.read() as session:
        first, second = session.scalars(select(SiteModelRow.weights))
    assert first == second


def test_another_site_is_not_touched(
    database: Database, keyed: Keyed, site: NewSite, teach: Teach, clock: StoppedClock
) -> None:
    with database.write() as session:
        other = add_site(session, keyed, "Other", None, clock())
    teach()
    _learn(database, site, clock)
    sent = {"name": "A reader", "email": "a@example.com", "body": row(501, "spam").body, "post_id": "1"}
    accepted = accept(database, keyed, other.id, [read_submission(sent)], clock(), shape=lambda ids: {"id": ids[0]})
    verdict = _judged(database, accepted.ids[0], clock)
    assert (verdict.model, _strength(verdict)) == ("words-1", 0.0)


def test_decisions_that_come_one_after_the_other_are_learned_together(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock
) -> None:
    teach(5)
    _learn(database, site, clock)
    teach(6)
    clock.advance(seconds=1)
    learn(database, WordModel, [site.id], clock)
    assert len(_versions(database)) == 1
    # Found by the sweep until it is done.
    assert _owing(database) == [site.id]
    _learn(database, site, clock)
    assert len(_versions(database)) == 2
    assert _owing(database) == []


class _Dying(Database):
    """Ends its worker the moment something is to be written."""

    def __init__(self, engine: Engine, at: Callable[[], None]) -> None:
        super().__init__(engine)
        self._at = at

    @contextmanager
    def write(self) -> Iterator[Session]:
        self._at()
        with super().write() as session:
            yield session


def test_a_worker_that_dies_between_thinking_and_writing_changes_nothing(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock
) -> None:
    def die() -> None:
        raise SystemExit

    teach(5)
    with pytest.raises(SystemExit):
        learn(_Dying(database.engine, die), WordModel, [site.id], clock)
    assert _versions(database) == []
    assert _owing(database) == [site.id]
    _learn(database, site, clock)
    assert _versions(database) == [(1, 10)]


def test_of_two_workers_the_first_wins_and_what_the_other_knew_is_still_owed(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock
) -> None:
    teach(5)
    times = []

    def be_overtaken() -> None:
        if not times:
            times.append(1)
            learn(database, WordModel, [site.id], clock)
            teach(6)

    learn(_Dying(database.engine, be_overtaken), WordModel, [site.id], clock)
    assert _versions(database) == [(1, 10)]
    assert _owing(database) == [site.id]


def test_a_site_whose_model_rests_on_other_shipped_weights_is_taught_anew(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock
) -> None:
    class NextModel(WordModel):
        version = "words-2"

    teach(5)
    _learn(database, site, clock)
    with database.read() as session:
        assert sites_owing(session, NextModel.version) == [site.id]
    clock.now += LEARN_AGAIN_AFTER
    learn(database, NextModel, [site.id], clock)
    with database.read() as session:
        assert sites_owing(session, NextModel.version) == []
    assert [version for version, _ in _versions(database)] == [1, 2]


def test_a_damaged_model_is_left_out(
    database: Database, site: NewSite, post: Post, teach: Teach, clock: StoppedClock
) -> None:
    teach(5)
    _learn(database, site, clock)
    with database.write() as session:
        session.scalars(select(SiteModelRow)).one().weights = b"damaged"
    verdict = _judged(database, post(), clock)
    assert (verdict.model, _strength(verdict)) == ("words-1", 0.0)


def test_the_last_versions_are_kept(
    database: Database, site: NewSite, teach: Teach, caller: Caller, clock: StoppedClock
) -> None:
    ids = teach(3)
    for number in range(VERSIONS_KEPT + 2):
        decide_on(database, caller, ids[0], ("approve", "spam")[number % 2], clock)
        _learn(database, site, clock)
    assert [version for version, _ in _versions(database)] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("query", "index"),
    [(due_sites(), "decisions_owed"), (decided("st_1", "spam"), "decisions_by_action")],
    ids=["owed", "decided"],
)
def test_what_is_owed_and_what_was_decided_is_found_by_an_index(
    database: Database, query: Select[tuple[str]], index: str
) -> None:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    compiled = query.compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            # An empty table is read whole for less: say that this is no option.
            connection.execute(text("SET enable_seqscan = off"))
        plan = connection.exec_driver_sql(f"{explain} {compiled}").all()
    assert index in str(plan)


def test_learning_is_put_off_by_seconds_only() -> None:
    assert timedelta(seconds=1) < LEARN_AGAIN_AFTER < timedelta(seconds=10)


def test_near_copies_that_were_decided_teach_as_three_texts(
    database: Database, site: NewSite, teach: Teach, clock: StoppedClock
) -> None:
    ids = teach()
    with database.write() as session:
        session.execute(update(Comment).where(Comment.id.in_(ids[::2])).values(campaign_id=ids[0]))
    _learn(database, site, clock)
    assert _versions(database) == [(1, 33)]


def test_who_wrote_is_learned_where_the_words_tell_nothing(
    database: Database, site: NewSite, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    for number in range(20):
        decide_on(database, caller, post(name="Best Casino", body=f"so nice {number}"), "spam", clock)
        decide_on(database, caller, post(name="Sara", body=f"so nice {number + 100}"), "approve", clock)
    _learn(database, site, clock)
    casino = _judged(database, post(name="Casino of Gold", body="so nice 900"), clock)
    sara = _judged(database, post(name="Sara", body="so nice 901"), clock)
    assert _strength(casino) > _strength(sara)
