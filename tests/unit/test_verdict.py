"""Verdicts and policies: sums against thresholds, and nothing hidden."""

from dataclasses import replace
from typing import Any

import pytest

from moderation.errors import InvalidInputError
from moderation.policy import Policy, Thresholds, read_policy
from moderation.signals import Evidence, Signal
from moderation.verdict import Shadow, Trial, judge

POLICY = Policy(thresholds=Thresholds(3, 6, 12), points={"A": 3.0, "B": 2.0, "TRUST": -5.0, "FILTER_FAILED": 0.0})


@pytest.mark.parametrize(
    ("signals", "action", "score"),
    [
        ([], "approve", 0),
        ([Signal("A", 0.99)], "approve", 2.97),
        ([Signal("A", 1)], "hold", 3),
        ([Signal("A", 1), Signal("B", 0.5)], "hold", 4),
        ([Signal("A", 1), Signal("A", 1)], "spam", 6),
        ([Signal("A", 1)] * 4, "discard", 12),
        ([Signal("A", 1), Signal("TRUST", 1)], "approve", -2),
        ([Signal("NOBODY_WEIGHS_THIS", 1)], "approve", 0),
        ([Signal("FILTER_FAILED", 1)], "hold", 0),
        ([Signal("FILTER_FAILED", 1), Signal("A", 1), Signal("A", 1)], "spam", 6),
    ],
)
def test_the_sum_of_points_decides(signals: list[Signal], action: str, score: float) -> None:
    verdict = judge(signals, POLICY, None)
    assert (verdict.action, verdict.score) == (action, score)


@pytest.mark.parametrize(
    ("names", "action"),
    [
        (["A", "A", "RULE_TRUST"], "approve"),
        (["RULE_BLOCK"], "spam"),
        (["RULE_BLOCK", "RULE_TRUST"], "spam"),
        (["A", "A", "A", "A", "RULE_BLOCK"], "discard"),
        (["RULE_CLOSED_POST"], "hold"),
        (["RULE_CLOSED_POST", "RULE_TRUST"], "hold"),
        (["A", "A", "RULE_CLOSED_POST"], "spam"),
        (["RULE_FIRST_TIMER"], "hold"),
        (["RULE_HOLD_EVERYTHING"], "hold"),
        (["RULE_HOLD_EVERYTHING", "RULE_TRUST"], "approve"),
        (["FILTER_FAILED", "RULE_TRUST"], "approve"),
    ],
)
def test_a_sites_own_rules_are_followed(names: list[str], action: str) -> None:
    assert judge([Signal(name, 1) for name in names], POLICY, None).action == action


@pytest.mark.parametrize(
    ("signals", "action", "score"),
    [
        ([Signal("TOXIC", 1)], "hold", 20),
        ([Signal("TOXIC", 1), Signal("A", 0.9)], "hold", 22.7),
        ([Signal("TOXIC", 1), Signal("A", 1), Signal("A", 1)], "spam", 26),
        ([Signal("TOXIC", 1), *[Signal("A", 1)] * 4], "discard", 32),
        ([Signal("TOXIC", 0.1), Signal("B", 0.5)], "hold", 3),
        ([Signal("TOXIC", 0.5), Signal("A", 1), Signal("A", 1), Signal("TRUST", 1)], "hold", 11),
        ([Signal("TOXIC", 0.3), Signal("TRUST", 1)], "approve", 1),
    ],
)
def test_what_only_holds_counts_towards_hold_and_no_further(signals: list[Signal], action: str, score: float) -> None:
    policy = replace(POLICY, points={**POLICY.points, "TOXIC": 20.0})
    verdict = judge(signals, policy, None)
    assert (verdict.action, verdict.score) == (action, score)


def test_points_below_zero_of_what_only_holds_take_suspicion_away() -> None:
    policy = replace(POLICY, points={**POLICY.points, "TOXIC": -3.0})
    assert judge([Signal("TOXIC", 1), Signal("A", 1), Signal("A", 1)], policy, None).action == "hold"


def _in_shadow(*names: str) -> Policy:
    return replace(POLICY, shadow=names)


@pytest.mark.parametrize(
    ("names", "shadow", "now", "would_be"),
    [
        # Seen, and without a say.
        (["A", "A"], ("A",), ("approve", 0.0), ("spam", 6.0)),
        (["A", "B"], ("B",), ("hold", 3.0), ("hold", 5.0)),
        # What speaks for a comment can be tried out too, and so can rules.
        (["A", "TRUST"], ("TRUST",), ("hold", 3.0), ("approve", -2.0)),
        (["RULE_BLOCK"], ("RULE_BLOCK",), ("approve", 0.0), ("spam", 0.0)),
        (["A", "RULE_TRUST"], ("RULE_TRUST",), ("hold", 3.0), ("approve", 3.0)),
        # Nothing of it was seen: the same, and comparable.
        (["A"], ("B",), ("hold", 3.0), ("hold", 3.0)),
    ],
)
def test_what_is_in_the_shadow_has_no_say_and_its_effect_is_told(
    names: list[str], shadow: tuple[str, ...], now: tuple[str, float], would_be: tuple[str, float]
) -> None:
    verdict = judge([Signal(name, 1) for name in names], _in_shadow(*shadow), None)
    assert (verdict.action, verdict.score) == now
    assert verdict.shadow is not None
    assert (verdict.shadow.action, verdict.shadow.score) == would_be


def test_a_signal_in_the_shadow_stands_last_in_the_verdict_and_says_so() -> None:
    verdict = judge([Signal("A", 1), Signal("B", 1)], _in_shadow("A"), None)
    assert [(one.document()["name"], one.document().get("shadow", False)) for one in verdict.signals] == [
        ("B", False),
        ("A", True),
    ]
    assert verdict.signals[1].points == 3.0


def test_nothing_in_the_shadow_is_told_as_nothing() -> None:
    assert judge([Signal("A", 1)], POLICY, None).shadow is None


def test_another_model_is_tried_out_with_all_that_is_in_the_shadow() -> None:
    trial = Trial([Signal("A", 0.5), Signal("B", 1)], "m2")
    assert judge([Signal("A", 1)], POLICY, "m1", trial).shadow == Shadow("hold", 3.5, "m2")
    assert judge([Signal("A", 1)], _in_shadow("B"), "m1", trial).shadow == Shadow("hold", 3.5, "m2")


def test_a_policy_may_ignore_failures() -> None:
    assert judge([Signal("FILTER_FAILED", 1)], Policy(on_failure="ignore"), None).action == "approve"


def test_ten_tenths_reach_the_threshold() -> None:
    # 0.1 ten times is 0.9999999999999999 in binary fractions.
    assert judge([Signal("A", 0.1)] * 10, POLICY, None).action == "hold"


def test_every_signal_stands_in_the_verdict_with_its_evidence_strongest_first() -> None:
    evidence = (Evidence("casino", "body", 3, 9),)
    verdict = judge([Signal("B", 0.1), Signal("A", 1, evidence)], POLICY, "m1")
    assert [one.document() for one in verdict.signals] == [
        {
            "name": "A",
            "strength": 1,
            "points": 3.0,
            "evidence": [{"text": "casino", "field": "body", "start": 3, "end": 9}],
        },
        {"name": "B", "strength": 0.1, "points": 0.2, "evidence": []},
    ]
    assert verdict.model == "m1"


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_outside_of_0_to_1_is_a_mistake(strength: float) -> None:
    with pytest.raises(ValueError, match="strength"):
        Signal("A", strength)


def test_a_policy_is_the_same_after_being_stored() -> None:
    policy = Policy(
        words_hold=("a b",),
        thresholds=Thresholds(1, 2, 3),
        max_lengths={"body": 100},
        languages=("fa", "en"),
        shadow=("SHOUTING", "RULE_BLOCK"),
        remote=("akismet", "opinion"),
        on_remote_failure="hold",
    )
    assert read_policy(policy.document()) == policy
    assert read_policy({}) == Policy()


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ({"colour": 1}, "colour"),
        ({"thresholds": {"hold": 5, "spam": 3}}, "thresholds"),
        ({"thresholds": {"hold": float("nan")}}, "thresholds"),
        ({"thresholds": {"hold": True}}, "thresholds"),
        ({"thresholds": {"other": 1}}, "thresholds"),
        ({"thresholds": 5}, "thresholds"),
        ({"points": {"A": "many"}}, "points"),
        ({"points": {"A": 10**400}}, "points"),
        ({"words_hold": "word"}, "words_hold"),
        ({"words_hold": [5]}, "words_hold"),
        ({"words_spam": ["x" * 201]}, "words_spam"),
        ({"words_spam": ["\0"]}, "words_spam"),
        ({"words_spam": ["\ud800"]}, "words_spam"),
        ({"on_failure": "approve"}, "on_failure"),
        ({"max_lengths": {"body": 0}}, "max_lengths"),
        ({"max_lengths": {"body": 20_001}}, "max_lengths"),
        ({"max_lengths": {"other": 5}}, "max_lengths"),
        ({"max_lengths": 5}, "max_lengths"),
        ({"languages": "fa"}, "languages"),
        ({"languages": [5]}, "languages"),
        ({"languages": ["fa\n"]}, "languages"),
        ({"shadow": "A"}, "shadow"),
        ({"shadow": [5]}, "shadow"),
        ({"shadow": ["x" * 65]}, "shadow"),
        ({"shadow": ["A"] * 101}, "shadow"),
        ({"shadow": ["FILTER_FAILED"]}, "shadow"),
        ({"remote": "akismet"}, "remote"),
        ({"remote": ["somebody"]}, "remote"),
        ({"remote": [["akismet"]]}, "remote"),
        ({"on_remote_failure": "approve"}, "on_remote_failure"),
        ({"rules": []}, "rules"),
        ({"rules": {"colour": []}}, "rules"),
        ({"rules": {"trust": "someone"}}, "rules"),
        ({"rules": {"trust": [5]}}, "rules"),
        ({"rules": {"trust": [" "]}}, "rules"),
        ({"rules": {"block": ["not an address"]}}, "rules"),
        ({"rules": {"block": ["a\ud800@b"]}}, "rules"),
        ({"rules": {"hold_everything": "yes"}}, "rules"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_field(document: Any, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_policy(document)
    assert [error.field for error in refused.value.errors] == [field]
