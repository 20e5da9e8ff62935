"""Screening: one verdict per comment, with its reasons, however often and wherever it runs."""

import logging
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from moderation.db import Database
from moderation.filters import BUILT_IN, Facts
from moderation.identity import Keyed
from moderation.learning.toxic import ToxicModel
from moderation.policy import Policy
from moderation.rules import Rules
from moderation.screening import GIVE_UP_AFTER, Judge, screen
from moderation.signals import Signal
from moderation.sites import NewSite, add_site, set_policy
from moderation.tables import Comment, DeliveryRow, Endpoint, EventRow, VerdictRow
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import BrokenModel, WordModel, judge_with


@pytest.fixture
def endpoints(database: Database, site: NewSite, clock: StoppedClock) -> None:
    """Let two endpoints listen: one for what is held, one for everything."""
    with database.write() as session:
        for endpoint_id, events in (("ep_held", ["comment.held"]), ("ep_all", ["comment.approved", "comment.spam"])):
            session.add(
                Endpoint(
                    id=endpoint_id,
                    site_id=site.id,
                    url="https://example.com",
                    events=events,
                    format="standard",
                    enabled=True,
                    created_at=clock(),
                )
            )


def _verdict(database: Database, comment_id: str) -> VerdictRow:
    with database.read() as session:
        return session.get_one(VerdictRow, comment_id)


def _status(database: Database, comment_id: str) -> str:
    with database.read() as session:
        return session.get_one(Comment, comment_id).status


def test_a_verdict_stands_in_the_database_with_its_reasons(database: Database, post: Post, clock: StoppedClock) -> None:
    ham, spam = post(), post(body="this is spam")
    clock.advance(seconds=2)
    screen(database, judge_with(), [ham, spam], clock)
    assert _status(database, ham) == "approved"
    # A model that this site never taught holds and does not condemn.
    assert _status(database, spam) == "held"
    verdict = _verdict(database, spam)
    assert verdict.action == "hold"
    assert verdict.model == "words-1"
    assert verdict.policy == 0
    assert verdict.thresholds == {"hold": 3.0, "spam": 6.0, "discard": 12.0}
    assert [signal["name"] for signal in verdict.signals] == ["MODEL_UNTAUGHT", "MODEL_SPAM"]
    assert sum(signal["points"] for signal in verdict.signals) == verdict.score
    assert verdict.judged_at == clock()


def test_each_event_is_owed_to_the_endpoints_that_want_it(
    database: Database, post: Post, clock: StoppedClock, endpoints: None
) -> None:
    ham = post()
    held = post(body="one http://a.example two http://b.example three http://c.example and why")
    owed = screen(database, judge_with(), [ham, held], clock)
    assert sorted(one.endpoint_id for one in owed) == ["ep_all", "ep_held"]
    with database.read() as session:
        rows = session.execute(
            select(EventRow.comment_id, EventRow.type, DeliveryRow.endpoint_id, DeliveryRow.state)
            .join(DeliveryRow, DeliveryRow.event_id == EventRow.id)
            .order_by(EventRow.comment_id)
        ).all()
    assert [tuple(row) for row in rows] == [
        (ham, "comment.approved", "ep_all", "pending"),
        (held, "comment.held", "ep_held", "pending"),
    ]


def test_judging_twice_changes_nothing(database: Database, post: Post, clock: StoppedClock, endpoints: None) -> None:
    comment_id = post()
    assert len(screen(database, judge_with(), [comment_id], clock)) == 1
    assert screen(database, judge_with(), [comment_id], clock) == []
    with database.read() as session:
        assert len(session.scalars(select(DeliveryRow.id)).all()) == 1


def test_many_workers_with_the_same_batch_give_one_verdict_and_one_set_of_deliveries(
    database: Database, post: Post, clock: StoppedClock, endpoints: None
) -> None:
    ids = [post(body=f"comment number {number}") for number in range(20)]
    start = threading.Barrier(5)

    class SlowModel(WordModel):
        def predict(self, texts: list[str]) -> list[object]:  # type: ignore[override]
            # Everyone has read before anyone writes.
            start.wait(20)
            return super().predict(texts)  # type: ignore[return-value]

    owed: list[object] = []

    def work() -> None:
        owed.extend(screen(database, Judge(BUILT_IN, SlowModel), ids, clock))

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(owed) == 20
    with database.read() as session:
        assert len(session.scalars(select(DeliveryRow.id)).all()) == 20
        assert set(session.scalars(select(Comment.version))) == {2}


def test_when_the_model_fails_comments_are_held_and_say_why(
    database: Database, post: Post, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    comment_id = post(body="a secret that no log may hold")
    with caplog.at_level(logging.DEBUG):
        screen(database, judge_with(BrokenModel()), [comment_id], clock)
    verdict = _verdict(database, comment_id)
    assert verdict.action == "hold"
    failed = next(signal for signal in verdict.signals if signal["name"] == "FILTER_FAILED")
    assert failed["evidence"][0]["text"] == "model: ModelMissingError"
    assert verdict.model is None
    assert "secret" not in caplog.text


@pytest.mark.parametrize("body", ["خفه شو احمق بی شعور", "انت واحد حمار و كلب الله يلعنك"])
def test_abuse_is_held_and_never_called_spam_however_much_it_weighs(
    database: Database, site: NewSite, post: Post, clock: StoppedClock, body: str
) -> None:
    judge = Judge(BUILT_IN, WordModel, load_toxic=ToxicModel.load)
    with database.write() as session:
        set_policy(session, site.id, Policy(points={"TOXIC": 100.0, "AUTHOR_NEW": 0.2}), clock())
    abuse, ham = post(body=body), post(body="ممنون از مطلب خوبتون")
    screen(database, judge, [abuse, ham], clock)
    assert (_status(database, abuse), _status(database, ham)) == ("held", "approved")
    verdict = _verdict(database, abuse)
    toxic = next(one for one in verdict.signals if one["name"] == "TOXIC")
    assert verdict.score > 12
    assert toxic["evidence"][0]["text"] in body
    assert verdict.model == f"words-1+toxic{ToxicModel.load().version}"


def test_when_the_toxic_model_fails_comments_are_held_and_the_spam_model_still_speaks(
    database: Database, post: Post, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> ToxicModel:
        raise OSError("a secret that no log may hold")

    comment_id = post(body="this is spam")
    with caplog.at_level(logging.DEBUG):
        screen(database, Judge(BUILT_IN, WordModel, load_toxic=broken), [comment_id], clock)
    signals = {signal["name"]: signal for signal in _verdict(database, comment_id).signals}
    assert signals["FILTER_FAILED"]["evidence"][0]["text"] == "toxic: ModelMissingError"
    assert "MODEL_SPAM" in signals
    assert "secret" not in caplog.text


def test_one_filter_that_fails_hides_no_other(database: Database, post: Post, clock: StoppedClock) -> None:
    def broken(_facts: Facts) -> Iterator[Signal]:
        raise ZeroDivisionError
        yield

    def another(_facts: Facts) -> Iterator[Signal]:
        yield Signal("ANOTHER", 1.0)

    comment_id = post()
    screen(database, Judge([broken, another, *BUILT_IN], WordModel), [comment_id], clock)
    names = {signal["name"] for signal in _verdict(database, comment_id).signals}
    assert {"FILTER_FAILED", "ANOTHER"} <= names


def test_a_site_may_choose_to_ignore_failures(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    with database.write() as session:
        set_policy(session, site.id, Policy(on_failure="ignore"), clock())
    comment_id = post()
    screen(database, judge_with(BrokenModel()), [comment_id], clock)
    assert _verdict(database, comment_id).action == "approve"
    assert _verdict(database, comment_id).policy == 1


def test_a_comment_that_ends_its_worker_again_and_again_is_held_unread(
    database: Database, post: Post, clock: StoppedClock
) -> None:
    comment_id = post()

    def deadly(_facts: Facts) -> Iterator[Signal]:
        raise KeyboardInterrupt
        yield

    with database.write() as session:
        session.execute(update(Comment).values(rings=1))
    for _ in range(GIVE_UP_AFTER):
        with pytest.raises(KeyboardInterrupt):
            screen(database, Judge([deadly], WordModel), [comment_id], clock)
        assert _status(database, comment_id) == "received"
    screen(database, Judge([deadly], WordModel), [comment_id], clock)
    verdict = _verdict(database, comment_id)
    assert verdict.action == "hold"
    assert verdict.signals[0]["evidence"][0]["text"] == "gave up after 3 tries"


def test_a_comment_whose_text_cannot_even_be_read_is_held_unread(
    database: Database, post: Post, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment_id = post()

    def fail(folded: list[str]) -> list[None]:
        if folded:
            raise KeyboardInterrupt
        return []

    # The fault of a library under the sketching of near-copies.
    monkeypatch.setattr("moderation.arrivals.sketch_all", fail)
    with database.write() as session:
        session.execute(update(Comment).values(rings=1))
    for _ in range(GIVE_UP_AFTER):
        with pytest.raises(KeyboardInterrupt):
            screen(database, judge_with(), [comment_id], clock)
        assert _status(database, comment_id) == "received"
    screen(database, judge_with(), [comment_id], clock)
    assert _verdict(database, comment_id).action == "hold"


def test_a_comment_that_only_waited_long_is_judged_as_usual(
    database: Database, post: Post, clock: StoppedClock
) -> None:
    comment_id = post()
    with database.write() as session:
        session.execute(update(Comment).values(rings=50))
    screen(database, judge_with(), [comment_id], clock)
    assert _verdict(database, comment_id).action == "approve"


def test_the_same_text_again_is_noticed_on_this_site_only(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    text = "Visit my wonderful page about shoes"
    for _ in range(3):
        post(body=text)
    comment_id = post(body="VISIT my wonderful\u200b page  about shoes")
    with database.write() as session:
        other = add_site(session, keyed, "Other", None, clock())
        session.execute(update(Comment).where(Comment.id == comment_id).values(site_id=other.id))
    screen(database, judge_with(), [comment_id], clock)
    assert "REPEATED" not in {signal["name"] for signal in _verdict(database, comment_id).signals}
    comment_id = post(body="VISIT my wonderful\u200b page  about shoes")
    screen(database, judge_with(), [comment_id], clock)
    repeated = next(one for one in _verdict(database, comment_id).signals if one["name"] == "REPEATED")
    assert repeated["strength"] == 1.0
    assert repeated["evidence"][0]["text"] == "3 times in 24 hours"


def test_yesterdays_text_is_no_repeat(database: Database, post: Post, clock: StoppedClock) -> None:
    post(body="A greeting that everybody likes to send")
    clock.advance(hours=25)
    comment_id = post(body="A greeting that everybody likes to send")
    screen(database, judge_with(), [comment_id], clock)
    assert "REPEATED" not in {signal["name"] for signal in _verdict(database, comment_id).signals}


def test_words_of_the_sites_lists_hold_and_condemn(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    policy = Policy(words_hold=("کتاب",), words_spam=("casino bonus",))
    with database.write() as session:
        set_policy(session, site.id, policy, clock())
    held, spam = post(body="این كتاب را بخوانید"), post(body="Get a CASINO  bonus now")
    screen(database, judge_with(), [held, spam], clock)
    assert _status(database, held) == "held"
    assert _status(database, spam) == "spam"
    word = next(one for one in _verdict(database, held).signals if one["name"] == "WORDS_HOLD")
    assert word["evidence"] == [{"text": "كتاب", "field": "body", "start": 4, "end": 8}]


def test_a_site_may_want_to_see_first_timers_and_knows_them_by_their_address(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    known = post(email="Known@example.com")
    screen(database, judge_with(), [known], clock)
    rules = Rules(hold_first_timers=True, block=("@blocked.example.com",))
    with database.write() as session:
        set_policy(session, site.id, Policy(rules=rules), clock())
    again, new = post(email="known@EXAMPLE.com"), post(email="new@example.com")
    blocked = post(email="anyone@blocked.example.com")
    screen(database, judge_with(), [again, new, blocked], clock)
    assert [_status(database, one) for one in (again, new, blocked)] == ["approved", "held", "spam"]


def test_unknown_and_settled_ids_are_passed_over(database: Database, post: Post, clock: StoppedClock) -> None:
    comment_id = post()
    screen(database, judge_with(), ["cm_unknown", comment_id, comment_id], clock)
    assert _status(database, comment_id) == "approved"
