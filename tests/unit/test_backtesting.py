"""Judging a stored comment once more, with something changed."""

from dataclasses import replace
from typing import Any

import pytest

from moderation.backtesting.comparing import THRESHOLDS, Comparison, is_better, is_worse
from moderation.backtesting.rejudging import Decided, Proposal, rejudge
from moderation.filters.facts import Facts
from moderation.policy import Policy, read_policy
from moderation.predictions import Prediction
from moderation.signals import Evidence, Signal
from moderation.verdict import judge


def decided(
    signals: list[Signal], policy: Policy | None = None, decision: str = "approve", body: str = "a text"
) -> Decided:
    """Return a comment as it is stored after it was judged."""
    used = policy or Policy()
    verdict = judge(signals, used, "2-abc")
    facts = Facts(
        comment_id="cm_1", site_id="st_1", post_id="8301", name="Ann", email="ann@example.com", website=None, body=body,
        language=None, policy=used,
    )  # fmt: skip
    documents = [one.document() for one in verdict.signals]
    return Decided(facts, decision, verdict.action, verdict.score, documents, verdict.model)


def names(verdict: Any) -> set[str]:
    return {one.signal.name for one in verdict.signals}


def test_without_a_change_the_verdict_is_the_stored_one() -> None:
    one = decided([Signal("LINKS_MANY", 0.75, (Evidence("x", "body", 0, 1),)), Signal("AUTHOR_NEW", 1.0)])
    again = rejudge(one, Proposal())
    assert (again.action, again.score) == (one.action, one.score)
    assert [signal.document() for signal in again.signals] == one.signals


def test_other_points_weigh_the_stored_signals() -> None:
    one = decided([Signal("LINKS_MANY", 0.5)])
    assert one.action == "approve"
    again = rejudge(one, Proposal(policy=read_policy({"points": {"LINKS_MANY": 7}})))
    assert (again.action, again.score) == ("hold", 3.5)


def test_what_was_in_the_shadow_may_have_a_say_and_the_other_way_round() -> None:
    shy = read_policy({"shadow": ["LINKS_MANY"]})
    one = decided([Signal("LINKS_MANY", 1.0)], shy)
    assert one.score == 0
    assert rejudge(one, Proposal(policy=Policy())).score == 4
    assert rejudge(decided([Signal("LINKS_MANY", 1.0)]), Proposal(policy=shy)).score == 0


def test_word_lists_are_looked_for_again_and_other_lists_stay() -> None:
    mine = read_policy({"words_hold": ["offer"], "words_spam": ["casino"]})
    one = decided([Signal("WORDS_HOLD", 1.0), Signal("AUTHOR_NEW", 1.0)], mine, body="an offer from the casino")
    again = rejudge(one, Proposal(words_hold=("lottery",)))
    assert names(again) == {"AUTHOR_NEW", "WORDS_SPAM"}
    assert names(rejudge(one, Proposal(words_spam=()))) == {"AUTHOR_NEW", "WORDS_HOLD"}


def test_rules_and_languages_are_looked_at_again() -> None:
    one = decided([Signal("RULE_TRUST", 1.0)], read_policy({"rules": {"trust": ["ann@example.com"]}}),
                  body="این متن به فارسی نوشته شده است")  # fmt: skip
    policy = read_policy({"rules": {"block": ["ann@example.com"], "closed_posts": ["8301"]}, "languages": ["en"]})
    again = rejudge(one, Proposal(policy=policy))
    assert names(again) == {"RULE_BLOCK", "RULE_CLOSED_POST", "LANGUAGE_OTHER"}
    assert again.action == "spam"
    finglish = decided([Signal("FINGLISH", 1.0)], body="man fekr mikonam in dolat hich kari baraye mardom nakarde ast")
    assert names(rejudge(finglish, Proposal(policy=read_policy({"languages": ["fa"]})))) == {"FINGLISH"}
    in_persian = replace(finglish, facts=replace(finglish.facts, policy=read_policy({"languages": ["fa"]})))
    assert names(rejudge(in_persian, Proposal(policy=read_policy({"languages": []})))) == set()


def test_first_timers_are_those_without_an_earlier_comment() -> None:
    strict = Proposal(policy=read_policy({"rules": {"hold_first_timers": True}}))
    assert rejudge(decided([Signal("AUTHOR_NEW", 1.0)]), strict).action == "hold"
    assert rejudge(decided([Signal("ALL_CAPITALS", 1.0)]), strict).action == "approve"


def test_another_model_replaces_what_the_first_one_said() -> None:
    one = decided([Signal("MODEL_SPAM", 0.75), Signal("AUTHOR_NEW", 1.0)])
    assert one.action == "hold"
    again = rejudge(one, Proposal(), Prediction(0.001), "3-def")
    assert (names(again), again.action, again.model) == ({"AUTHOR_NEW"}, "approve", "3-def")
    certain = rejudge(one, Proposal(), Prediction(0.999, examples=500), "3-def")
    assert certain.action == "spam"


@pytest.mark.parametrize(
    ("decision", "action", "would_be", "worse", "better"),
    [
        ("approve", "approve", "hold", True, False),
        ("approve", "hold", "spam", True, False),
        ("approve", "spam", "discard", True, False),
        ("approve", "spam", "hold", False, True),
        ("approve", "hold", "hold", False, False),
        ("spam", "hold", "approve", True, False),
        ("spam", "approve", "approve", False, False),
        ("spam", "approve", "hold", False, True),
        ("spam", "spam", "hold", False, False),
        ("reject", "hold", "approve", False, False),
        ("hold", "approve", "spam", False, False),
    ],
)
def test_what_is_newly_wrong(decision: str, action: str, would_be: str, *, worse: bool, better: bool) -> None:
    assert (is_worse(decision, action, would_be), is_better(decision, action, would_be)) == (worse, better)


def compare(*proposed: tuple[Decided, Proposal], most_shown: int = 20) -> Comparison:
    found = Comparison(most_shown)
    for one, proposal in proposed:
        found.add(one, rejudge(one, proposal))
    return found


def test_what_would_change_is_counted_and_named_with_its_reasons() -> None:
    ham = decided([Signal("LINKS_MANY", 0.5), Signal("CONTACT", 0.3)])
    spam = decided([Signal("LINKS_MANY", 1.0)], decision="spam")
    harsh = Proposal(policy=read_policy({"points": {"LINKS_MANY": 12, "CONTACT": 4}}))
    mild = Proposal(policy=read_policy({"points": {"LINKS_MANY": 1}}))
    found = compare((ham, harsh), (spam, mild), (ham, Proposal()))
    assert dict(found.counts) == {
        ("approve", "approve", "spam"): 1,
        ("spam", "hold", "approve"): 1,
        ("approve", "approve", "approve"): 1,
    }
    assert (found.comments, found.changed) == (3, 2)
    assert (found.wrong("approve", "hold"), found.wrong("approve", "spam"), found.wrong("spam", "approve")) == (0, 1, 1)
    first, second = found.newly_wrong
    assert first.because == (("LINKS_MANY", 4.0), ("CONTACT", 0.3))
    assert (first.score, first.would_score) == (2.9, 7.2)
    assert second.because == (("LINKS_MANY", -3.0),)


def test_other_thresholds_are_a_reason_too() -> None:
    low = Proposal(policy=read_policy({"thresholds": {"hold": 1, "spam": 6, "discard": 12}}))
    (one,) = compare((decided([Signal("LINKS_MANY", 0.5)]), low)).newly_wrong
    assert one.because == ((THRESHOLDS, None),)


def test_however_many_are_wrong_only_some_are_named() -> None:
    harsh = Proposal(policy=read_policy({"points": {"LINKS_MANY": 12}}))
    found = compare(*[(decided([Signal("LINKS_MANY", 0.5)]), harsh)] * 5, most_shown=2)
    assert len(found.newly_wrong) == 2
    assert found.wrong("approve", "spam") == 5
