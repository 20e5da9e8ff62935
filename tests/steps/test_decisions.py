"""Decisions: a person's word holds, the first of two wins, and everyone concerned hears of it."""

import pytest
from sqlalchemy import select

from moderation.db import Database
from moderation.decisions import Decision, decide
from moderation.errors import ConflictError, NotFoundError
from moderation.keys import Caller, Kind
from moderation.screening import screen
from moderation.sites import NewModerator, NewSite
from moderation.tables import Comment, DecisionRow, EventRow, Key, VerdictRow
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with


@pytest.fixture
def caller(database: Database, site: NewSite, moderator: NewModerator) -> Caller:
    """Return the moderator as a caller."""
    with database.read() as session:
        key = session.scalars(select(Key).where(Key.moderator_id == moderator.id)).one()
    return Caller(Kind.MODERATOR, key.id, moderator.name, frozenset([site.id]), moderator.id)


@pytest.mark.parametrize(
    ("action", "status"), [("approve", "approved"), ("hold", "held"), ("reject", "rejected"), ("spam", "spam")]
)
def test_a_decision_settles_the_comment_and_is_kept(
    database: Database, post: Post, caller: Caller, clock: StoppedClock, action: str, status: str
) -> None:
    comment_id = post()
    screen(database, judge_with(), [comment_id], clock)
    clock.advance(minutes=1)
    with database.write() as session:
        decide(session, caller, comment_id, Decision(action, 2, "because"), clock())
    with database.read() as session:
        comment = session.get_one(Comment, comment_id)
        decision = session.scalars(select(DecisionRow)).one()
        events = session.scalars(select(EventRow.type).order_by(EventRow.id)).all()
    assert (comment.status, comment.version) == (status, 3)
    assert (decision.action, decision.reason, decision.moderator_id) == (action, "because", caller.moderator_id)
    assert decision.decided_at == clock()
    assert events == ["comment.approved", f"comment.{status}"]


def test_the_second_of_two_moderators_is_told_what_happened(
    database: Database, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    comment_id = post()
    screen(database, judge_with(), [comment_id], clock)
    with database.write() as session:
        decide(session, caller, comment_id, Decision("approve", 2), clock())
    with pytest.raises(ConflictError, match="it is approved, version 3"), database.write() as session:
        decide(session, caller, comment_id, Decision("spam", 2), clock())
    with database.read() as session:
        assert len(session.scalars(select(DecisionRow)).all()) == 1


def test_a_decision_is_undone_by_another(database: Database, post: Post, caller: Caller, clock: StoppedClock) -> None:
    comment_id = post()
    for version, action in enumerate(["spam", "approve"], start=1):
        with database.write() as session:
            decide(session, caller, comment_id, Decision(action, version), clock())
    with database.read() as session:
        assert session.get_one(Comment, comment_id).status == "approved"
        assert len(session.scalars(select(DecisionRow)).all()) == 2


def test_a_moderator_need_not_wait_for_the_machine_and_is_not_overruled_by_it(
    database: Database, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    comment_id = post(body="this is spam")
    with database.write() as session:
        decide(session, caller, comment_id, Decision("approve", 1), clock())
    assert screen(database, judge_with(), [comment_id], clock) == []
    with database.read() as session:
        assert session.get_one(Comment, comment_id).status == "approved"
        assert session.get(VerdictRow, comment_id) is None


def test_a_comment_of_another_site_is_not_there(
    database: Database, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    comment_id = post()
    stranger = Caller(Kind.MODERATOR, caller.key_id, "Stranger", frozenset(["st_other"]), caller.moderator_id)
    with pytest.raises(NotFoundError), database.write() as session:
        decide(session, stranger, comment_id, Decision("approve", 1), clock())


def test_what_a_moderator_called_spam_is_spam_when_it_comes_again(
    database: Database, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    text = "Work from home and earn, write to me today"
    first = post(body=text)
    with database.write() as session:
        decide(session, caller, first, Decision("spam", 1), clock())
    clock.advance(hours=48)
    again = post(body=text.upper())
    screen(database, judge_with(), [again], clock)
    with database.read() as session:
        verdict = session.get_one(VerdictRow, again)
    assert verdict.action == "spam"
    assert "REPEATED_SPAM" in {signal["name"] for signal in verdict.signals}
    # Undone, it teaches no more.
    with database.write() as session:
        decide(session, caller, first, Decision("approve", 2), clock())
    third = post(body=text)
    screen(database, judge_with(), [third], clock)
    with database.read() as session:
        assert "REPEATED_SPAM" not in {one["name"] for one in session.get_one(VerdictRow, third).signals}
