"""A comment's way, as `moderation trace` puts it together."""

import pytest

from moderation.comment_trace import Step, trace
from moderation.db import Database
from moderation.deliveries.delivering import deliver
from moderation.errors import NotFoundError
from moderation.identity import Keyed
from moderation.keys import Caller
from moderation.screening import screen
from moderation.sites import NewSite
from moderation.sweeping import overdue_comments
from tests.conftest import Receiver, StoppedClock
from tests.steps.conftest import Post, decide_on
from tests.steps.endpoints import LOOPBACK, add
from tests.steps.judges import judge_with


def _trace(database: Database, comment_id: str) -> list[Step]:
    with database.read() as session:
        return trace(session, comment_id)


def test_a_comments_whole_way_is_told_in_the_order_of_time(
    database: Database,
    keyed: Keyed,
    site: NewSite,
    post: Post,
    caller: Caller,
    clock: StoppedClock,
    receiver: Receiver,
) -> None:
    add(database, site.id, "ep_1", receiver.url, clock)
    receiver.answers = [(500, {}), (204, {})]
    comment_id = post(body="this is spam, dear reader")
    clock.advance(seconds=11)
    with database.write() as session:
        overdue_comments(session, clock())
    clock.advance(seconds=1)
    [owed] = screen(database, judge_with(), [comment_id], clock)
    clock.advance(seconds=1)
    deliver(database, keyed, LOOPBACK, [owed.delivery_id], clock)
    clock.advance(minutes=1)
    deliver(database, keyed, LOOPBACK, [owed.delivery_id], clock)
    clock.advance(minutes=1)
    decide_on(database, caller, comment_id, "approve", clock)

    steps = _trace(database, comment_id)
    assert [step.what for step in steps] == [
        "accepted",
        "judged",
        "comment.held",
        "delivery owed",
        "attempted",
        "attempted",
        "delivery delivered",
        "decided",
        "comment.approved",
        "delivery owed",
        "delivery due",
    ]
    judged, first, second = steps[1], steps[4], steps[5]
    assert judged.details["rung_again"] == 1
    assert all(points != 0 for points in judged.details["signals"].values())
    assert (first.details["status"], second.details["status"]) == (500, 204)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert [step.what for step in steps if step.is_to_come] == ["delivery due"]
    told = str([step.document() for step in steps])
    assert "reader@example.com" not in told
    assert "dear reader" not in told


def test_a_comment_that_waits_says_when_it_is_rung_for(database: Database, post: Post, clock: StoppedClock) -> None:
    accepted, bell = _trace(database, post())
    assert (accepted.what, bell.what, bell.is_to_come) == ("accepted", "rung for", True)
    assert bell.at > accepted.at


def test_a_comment_that_is_not_there_is_said_to_be_missing(database: Database) -> None:
    with pytest.raises(NotFoundError):
        _trace(database, "cm_nothing")
