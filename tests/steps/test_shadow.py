"""The shadow: what is tried out is noticed, compared and counted, and changes nothing."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Select, text

from moderation.db import Database
from moderation.decisions import Decision, decide
from moderation.filters import BUILT_IN, Prediction
from moderation.keys import Caller
from moderation.metrics.page import render
from moderation.policy import Policy
from moderation.reading import differing, list_comments
from moderation.screening import Judge, screen
from moderation.settings import Settings
from moderation.shadow_report import Agreement, Change, changes_of, shadow_report
from moderation.sites import NewSite, set_policy
from moderation.tables import Comment, VerdictRow
from tests.conftest import SECRET, StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import BrokenModel, WordModel, judge_with

LINKS = "one http://a.example two http://b.example three http://c.example four http://d.example and why"


class OtherModel:
    """Takes every text with the word `offer` in it for spam."""

    version = "other-2"

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Predict from the word alone."""
        return [Prediction(0.999 if "offer" in text else 0.001) for text in texts]


def _put_in_shadow(database: Database, site: NewSite, clock: StoppedClock, *names: str) -> None:
    with database.write() as session:
        set_policy(session, site.id, Policy(shadow=names), clock())


def _judged(database: Database, judge: Judge, clock: StoppedClock, comment_id: str) -> VerdictRow:
    screen(database, judge, [comment_id], clock)
    with database.read() as session:
        return session.get_one(VerdictRow, comment_id)


def _shadow(verdict: VerdictRow) -> tuple[str | None, float | None, str | None]:
    return verdict.shadow_action, verdict.shadow_score, verdict.shadow_model


def test_a_signal_in_the_shadow_changes_nothing_and_is_kept(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    _put_in_shadow(database, site, clock, "LINKS_MANY")
    comment_id = post(body=LINKS)
    verdict = _judged(database, judge_with(), clock, comment_id)
    assert (verdict.action, _shadow(verdict)) == ("approve", ("hold", pytest.approx(verdict.score + 4), None))
    [signal] = [one for one in verdict.signals if one["name"] == "LINKS_MANY"]
    assert (signal["shadow"], signal["points"]) == (True, 4.0)
    with database.read() as session:
        assert session.get_one(Comment, comment_id).status == "approved"


def test_a_model_in_the_shadow_changes_nothing_and_is_kept(database: Database, post: Post, clock: StoppedClock) -> None:
    judge = Judge(BUILT_IN, WordModel, OtherModel)
    offer = _judged(database, judge, clock, post(body="an offer for you"))
    spam = _judged(database, judge, clock, post(body="this is spam, they say", email="other@example.com"))
    assert (offer.action, offer.model) == ("approve", "words-1")
    assert _shadow(offer) == ("hold", 4.7, "other-2")
    assert (spam.action, _shadow(spam)) == ("hold", ("approve", 0.2, "other-2"))


@pytest.mark.parametrize("broken", [BrokenModel, lambda: 1 / 0])
def test_a_model_in_the_shadow_that_fails_costs_nothing(
    database: Database, post: Post, clock: StoppedClock, broken: type[BrokenModel]
) -> None:
    verdict = _judged(database, Judge(BUILT_IN, WordModel, broken), clock, post())
    assert (verdict.action, _shadow(verdict)) == ("approve", (None, None, None))


def test_nothing_is_stored_where_nothing_is_tried_out(database: Database, post: Post, clock: StoppedClock) -> None:
    assert _shadow(_judged(database, judge_with(), clock, post())) == (None, None, None)


def test_the_report_compares_both_with_what_people_decided(
    database: Database, site: NewSite, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    early = post(body="spam: before all")
    clock.advance(hours=1)
    since = clock()
    judge = Judge(BUILT_IN, WordModel, OtherModel)
    ids = [
        post(body=body, email=f"{number}@example.com")
        for number, body in enumerate(
            ("spam said once", "spam said again and again", "an offer to you all", "Fine then.", "A word of thanks.")
        )
    ]
    screen(database, judge, [early, *ids], clock)
    for comment_id, action in zip(ids, ("approve", "spam", "spam", "approve", "reject"), strict=True):
        with database.write() as session:
            decide(session, caller, comment_id, Decision(action, 2), clock())
    with database.read() as session:
        report = shadow_report(session, site.id, since)
        everything = shadow_report(session, site.id, since - timedelta(days=1))
        differing = list_comments(session, site.id, is_differing=True)
    assert set(report.changes) == {
        Change("approve", "approve", 2, 1, 0),
        Change("hold", "approve", 2, 1, 1),
        Change("approve", "hold", 1, 0, 1),
    }
    assert report.verdict == Agreement(right=1, wrong=1, held=2)
    assert report.shadow == Agreement(right=2, wrong=1, held=1)
    assert (report.comments, report.differing) == (5, 3)
    assert (everything.comments, everything.differing) == (6, 4)
    assert [one["id"] for one in differing.comments] == [ids[2], ids[1], ids[0], early]
    assert asdict(report)["verdict"] == {"right": 1, "wrong": 1, "held": 2}


def test_the_metric_counts_every_pair(database: Database, post: Post, clock: StoppedClock, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, secret_key=SECRET, redis_url="redis://127.0.0.1:1/0")

    def counted() -> dict[tuple[str, str], float]:
        pattern = r'moderation_shadow_verdicts_total\{action="(\w+)",would_be="(\w+)"\} ([0-9.]+)'
        found = re.findall(pattern, render(settings, database, clock()).decode())
        return {(action, would_be): float(count) for action, would_be, count in found}

    screen(database, judge_with(), [post()], clock)
    assert counted() == {}
    screen(database, Judge(BUILT_IN, WordModel, OtherModel), [post(body="an offer"), post(body="Hello.")], clock)
    assert counted() == {("approve", "hold"): 1, ("approve", "approve"): 1}


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (changes_of("st_1", StoppedClock.now), "comments_by_"),
        (differing(), "verdicts_differing"),
    ],
    ids=["report", "differing"],
)
def test_what_is_asked_has_an_index(database: Database, query: Select[tuple[str]], index: str) -> None:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    compiled = query.compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            # An empty table is read whole for less: say that this is no option.
            connection.execute(text("SET enable_seqscan = off"))
        plan = connection.exec_driver_sql(f"{explain} {compiled}").all()
    assert index in str(plan)
