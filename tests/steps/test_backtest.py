"""A backtest over what people decided, on both databases."""

import importlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from moderation.backtesting import decided
from moderation.backtesting.comparing import Comparison
from moderation.backtesting.decided import backtest, some_decisions
from moderation.backtesting.rejudging import Proposal
from moderation.db import Database
from moderation.decisions import Decision, decide
from moderation.keys import Caller, Kind
from moderation.policy import read_policy
from moderation.screening import screen
from moderation.sites import NewModerator, NewSite, set_policy
from moderation.tables import Comment, Key
from tests.conftest import SECRET, StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import WordModel, judge_with

LINKS = "what they said at https://one.example.org is not what they say at https://two.example.net these days"
STRICT = {"points": {"LINKS_MANY": 12}}
Say = Callable[..., str]


@pytest.fixture
def say(database: Database, site: NewSite, moderator: NewModerator, post: Post, clock: StoppedClock) -> Say:
    """Return what posts a comment, has it judged, and decides about it."""
    with database.read() as session:
        key = session.scalars(select(Key).where(Key.moderator_id == moderator.id)).one()
    caller = Caller(Kind.MODERATOR, key.id, moderator.name, frozenset([site.id]), moderator.id)

    def say(*actions: str, is_judged: bool = True, **fields: object) -> str:
        clock.advance(minutes=10)
        comment_id = post(**fields)
        if is_judged:
            screen(database, judge_with(), [comment_id], clock)
        for action in actions:
            with database.write() as session:
                version = session.get_one(Comment, comment_id).version
                decide(session, caller, comment_id, Decision(action, version), clock())
        return comment_id

    return say


def run(database: Database, site: NewSite, proposal: Proposal, clock: StoppedClock, **more: Any) -> Comparison:
    given = {"since": clock() - timedelta(days=1), "most_shown": 20, "tell": lambda *_: None} | more
    return backtest(database, [site.id], proposal, **given)


def test_every_decided_comment_is_judged_again_by_the_word_that_holds(
    database: Database, site: NewSite, say: Say, clock: StoppedClock
) -> None:
    approved = say("spam", "approve", body=LINKS, email="a@example.com")
    say("reject", body="well said", email="b@example.com")
    say(body=LINKS + " again", email="c@example.com")
    say("approve", is_judged=False, body="nobody judged this", email="d@example.com")
    found = run(database, site, Proposal(policy=read_policy(STRICT)), clock)
    assert dict(found.counts) == {("approve", "approve", "spam"): 1, ("reject", "approve", "approve"): 1}
    (wrong,) = found.newly_wrong
    assert (wrong.comment_id, wrong.because) == (approved, (("LINKS_MANY", 4.0),))
    with database.read() as session:
        assert session.get_one(Comment, approved).status == "approved"


def test_without_a_change_nothing_changes_though_the_policy_did(
    database: Database, site: NewSite, say: Say, clock: StoppedClock
) -> None:
    with database.write() as session:
        set_policy(session, site.id, read_policy(STRICT), clock())
    say("approve", body=LINKS)
    with database.write() as session:
        set_policy(session, site.id, read_policy({}), clock())
    found = run(database, site, Proposal(words_hold=("lottery",)), clock)
    assert dict(found.counts) == {("approve", "spam", "spam"): 1}


def test_another_model_reads_the_stored_texts(database: Database, site: NewSite, say: Say, clock: StoppedClock) -> None:
    class Other(WordModel):
        version = "other-2"

        def predict(self, texts: Any) -> Any:
            return super().predict([one.replace("spam", "").replace("offer", "spam") for one in texts])

    missed = say("spam", body="this is spam, they say", email="a@example.com")
    say("spam", body="an offer for you", email="b@example.com")
    found = run(database, site, Proposal(), clock, model=Other())
    assert dict(found.counts) == {("spam", "hold", "approve"): 1, ("spam", "approve", "hold"): 1}
    assert [one.comment_id for one in found.newly_wrong] == [missed]


def test_pages_and_the_first_moment_are_kept_to(
    database: Database, site: NewSite, say: Say, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decided, "BATCH", 2)
    for number in range(5):
        say("approve", body=f"comment number {number}", email=f"{number}@example.com")
    told: list[tuple[str, int, int]] = []
    found = run(database, site, Proposal(), clock, tell=lambda *one: told.append(one))
    assert found.comments == 5
    assert [done for _, done, _ in told] == [2, 4, 5]
    assert told[-1][2] == 5
    assert run(database, site, Proposal(), clock, since=clock() - timedelta(minutes=15)).comments == 2


def test_a_page_of_decisions_has_an_index(database: Database) -> None:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    compiled = some_decisions("st_1", "approve", "").compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            # An empty table is read whole for less: say that this is no option.
            connection.execute(text("SET enable_seqscan = off"))
        plan = connection.exec_driver_sql(f"{explain} {compiled}").all()
    assert "decisions_by_action" in str(plan)


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what runs the command on this database."""
    monkeypatch.setenv("MODERATION_DATABASE_URL", database_url)
    monkeypatch.setenv("MODERATION_SECRET_KEY", SECRET)
    found: click.Command = importlib.import_module("moderation.commands.backtest").backtest
    return lambda *arguments: CliRunner().invoke(found, [str(one) for one in arguments])


def test_the_command_says_what_would_change(
    site: NewSite, say: Say, command: Callable[..., Any], tmp_path: Path, clock: StoppedClock
) -> None:
    comment_id = say("approve", body=LINKS, email="ann@example.com")
    policy, words = tmp_path / "policy.json", tmp_path / "moderation_keys.txt"
    policy.write_text(json.dumps(STRICT))
    words.write_text("\ufeffone.example.org\r\n\r\nlottery\r\n", encoding="utf-8")
    since = (clock() - timedelta(days=1)).strftime("%Y-%m-%d")
    done = command("--site", "News", "--policy", policy, "--since", since)
    assert done.exit_code == 0, done.output
    assert "1 of 1 decided comments" in done.output
    assert "0 more would be held and 1 more called spam" in done.output
    assert f"{comment_id}  approve" in done.output
    assert "LINKS_MANY +4" in done.output
    assert "ann@example.com" not in done.output
    answer = json.loads(command("--words-hold", words, "--since", since, "--json").stdout)
    assert answer["counts"] == [{"decision": "approve", "action": "approve", "would_be": "hold", "comments": 1}]
    assert answer["newly_wrong"]["comments"][0]["because"] == {"WORDS_HOLD": 3.0}
    assert answer["newly_wrong"]["approve"] == {"hold": 1, "spam": 0, "discard": 0}
    assert "no judged comment" in command("--policy", policy).output


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ((), 2, "Say what to try"),
        (("--policy", "missing.json"), 2, "missing.json"),
        (("--policy", "bad.json"), 1, "bad.json"),
        (("--policy", "odd.json"), 1, "point: unknown"),
    ],
)
def test_the_command_explains_mistakes(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int,
    complaint: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("bad.json").write_text("{")
    Path("odd.json").write_text('{"point": {}}')
    done = command(*arguments)
    assert done.exit_code == code
    assert complaint in done.output
