"""Sum the signals up against a site's policy: the machine's result, with all that explains it.

Pure: the same signals and policy give the same verdict, today and years later.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from typing import Any, Literal

from moderation.policy import Policy, Thresholds
from moderation.signals import Signal

Action = Literal["approve", "hold", "spam", "discard"]

# Named in the verdict when a filter raised, timed out or is missing; `policy.on_failure` says what follows.
FILTER_FAILED = "FILTER_FAILED"

# Below the difference that anyone would set a threshold by; hides what binary fractions add (2.9999999999999996).
_DIGITS = 4

_HOLDING_RULES = frozenset(["RULE_FIRST_TIMER", "RULE_HOLD_EVERYTHING"])

STATUS_OF: dict[Action, str] = {"approve": "approved", "hold": "held", "spam": "spam", "discard": "spam"}


@dataclass(frozen=True, slots=True)
class WeighedSignal:
    """A signal and the points it brought."""

    signal: Signal
    points: float

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "name": self.signal.name,
            "strength": round(self.signal.strength, _DIGITS),
            "points": self.points,
            "evidence": [asdict(evidence) for evidence in self.signal.evidence],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the machine makes of a comment."""

    action: Action
    score: float
    thresholds: Thresholds
    signals: tuple[WeighedSignal, ...]
    model: str | None
    policy: int

    @property
    def status(self) -> str:
        """The status that follows from the action."""
        return STATUS_OF[self.action]


def judge(signals: Sequence[Signal], policy: Policy, model: str | None) -> Verdict:
    """Weigh the signals; `model` names the version of the text model that one of them may come from."""
    weighed = [
        WeighedSignal(signal, round(policy.points_of(signal.name) * signal.strength, _DIGITS)) for signal in signals
    ]
    score = round(sum(one.points for one in weighed), _DIGITS)
    names = {signal.name for signal in signals}
    action = _action(score, policy.thresholds)
    if action == "approve" and FILTER_FAILED in names and policy.on_failure == "hold":
        action = "hold"
    action = _follow_rules(action, names)
    strongest_first = sorted(weighed, key=lambda one: -abs(one.points))
    return Verdict(action, score, policy.thresholds, tuple(strongest_first), model, policy.version)


def _follow_rules(action: Action, names: AbstractSet[str]) -> Action:
    """Let the site's own rules decide: block outranks trust, and trust outranks all but a closed post."""
    if "RULE_BLOCK" in names:
        return action if action == "discard" else "spam"
    is_trusted = "RULE_TRUST" in names
    if is_trusted:
        action = "approve"
    wants_to_see = "RULE_CLOSED_POST" in names or (bool(names & _HOLDING_RULES) and not is_trusted)
    return "hold" if wants_to_see and action == "approve" else action


def _action(score: float, thresholds: Thresholds) -> Action:
    if score >= thresholds.discard:
        return "discard"
    if score >= thresholds.spam:
        return "spam"
    return "hold" if score >= thresholds.hold else "approve"
