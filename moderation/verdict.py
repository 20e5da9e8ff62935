"""Sum the signals up against a site's policy: the machine's result, with all that explains it.

Pure: the same signals and policy give the same verdict, today and years later.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal

from moderation.policy import HOLDS_ONLY, Policy, Thresholds
from moderation.remote.names import REMOTE_FAILED
from moderation.signals import Signal

Action = Literal["approve", "hold", "spam", "discard"]

# Named in the verdict when a filter raised, timed out or is missing; `policy.on_failure` says what follows.
FILTER_FAILED = "FILTER_FAILED"

# Below the difference that anyone would set a threshold by; hides what binary fractions add (2.9999999999999996).
_DIGITS = 4

_HOLDING_RULES = frozenset(["RULE_FIRST_TIMER", "RULE_HOLD_EVERYTHING", "RULE_FLOOD_MODE"])

STATUS_OF: dict[Action, str] = {"approve": "approved", "hold": "held", "spam": "spam", "discard": "spam"}


@dataclass(frozen=True, slots=True)
class WeighedSignal:
    """A signal and the points it brought."""

    signal: Signal
    points: float
    # It was seen and had no say (`policy.shadow`).
    is_shadow: bool = False

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        document = {
            "name": self.signal.name,
            "strength": round(self.signal.strength, _DIGITS),
            "points": self.points,
            # Not by asdict, which takes ten times as long.
            "evidence": [
                {"text": one.text, "field": one.field, "start": one.start, "end": one.end}
                for one in self.signal.evidence
            ],
        }
        return document | ({"shadow": True} if self.is_shadow else {})


@dataclass(frozen=True, slots=True)
class Trial:
    """All that would be noticed if another text model were asked, and the version of that model."""

    signals: Sequence[Signal]
    model: str


@dataclass(frozen=True, slots=True)
class Shadow:
    """What the verdict would be if all that is in the shadow had a say; `model` is the model tried out, if one was."""

    action: Action
    score: float
    model: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the machine makes of a comment."""

    action: Action
    score: float
    thresholds: Thresholds
    signals: tuple[WeighedSignal, ...]
    model: str | None
    policy: int
    # None where nothing is tried out.
    shadow: Shadow | None = None

    @property
    def status(self) -> str:
        """The status that follows from the action."""
        return STATUS_OF[self.action]


def judge(signals: Sequence[Signal], policy: Policy, model: str | None, trial: Trial | None = None) -> Verdict:
    """Weigh the signals; `model` names the version of the text model that one of them may come from."""
    weighed = _weigh(signals, policy)
    action, score = _decide([one for one in weighed if not one.is_shadow], policy)
    # Those that had no say come last.
    ordered = sorted(weighed, key=lambda one: (one.is_shadow, -abs(one.points)))
    shadow = _shadow(weighed, policy, trial)
    return Verdict(action, score, policy.thresholds, tuple(ordered), model, policy.version, shadow)


def _shadow(weighed: Sequence[WeighedSignal], policy: Policy, trial: Trial | None) -> Shadow | None:
    if not policy.shadow and trial is None:
        return None
    action, score = _decide(_weigh(trial.signals, policy) if trial else weighed, policy)
    return Shadow(action, score, trial.model if trial else None)


def _weigh(signals: Sequence[Signal], policy: Policy) -> list[WeighedSignal]:
    return [
        WeighedSignal(
            signal, round(policy.points_of(signal.name) * signal.strength, _DIGITS), signal.name in policy.shadow
        )
        for signal in signals
    ]


def _decide(weighed: Sequence[WeighedSignal], policy: Policy) -> tuple[Action, float]:
    if not weighed:
        return _action(0.0, 0.0, policy.thresholds), 0.0
    score = round(sum(one.points for one in weighed), _DIGITS)
    names = {one.signal.name for one in weighed}
    # Points below zero count in full: they take suspicion away.
    condemning = sum(one.points for one in weighed if one.points < 0 or one.signal.name not in HOLDS_ONLY)
    action = _action(score, round(condemning, _DIGITS), policy.thresholds)
    for failure, wish in ((FILTER_FAILED, policy.on_failure), (REMOTE_FAILED, policy.on_remote_failure)):
        if action == "approve" and failure in names and wish == "hold":
            action = "hold"
    return _follow_rules(action, names), score


def _follow_rules(action: Action, names: AbstractSet[str]) -> Action:
    """Let the site's own rules decide: block outranks trust, and trust outranks all but a closed post."""
    if "RULE_BLOCK" in names:
        return action if action == "discard" else "spam"
    is_trusted = "RULE_TRUST" in names
    if is_trusted:
        action = "approve"
    wants_to_see = "RULE_CLOSED_POST" in names or (bool(names & _HOLDING_RULES) and not is_trusted)
    return "hold" if wants_to_see and action == "approve" else action


def _action(score: float, condemning: float, thresholds: Thresholds) -> Action:
    """Follow the thresholds; `condemning` is the part of the score that may call a comment spam."""
    if condemning >= thresholds.discard:
        return "discard"
    if condemning >= thresholds.spam:
        return "spam"
    return "hold" if score >= thresholds.hold else "approve"
