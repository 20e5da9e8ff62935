"""Judge a stored comment once more, with something changed.

Pure. What the change does not touch is taken from the stored signals as it was; only what it touches is looked at
again. `comparing` sets the new verdict against the old one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from moderation.filters.facts import Facts
from moderation.filters.language import language
from moderation.filters.model import model as notice_by_model
from moderation.filters.rules import rules
from moderation.filters.words import words
from moderation.policy import Policy
from moderation.predictions import Prediction
from moderation.signals import Evidence, Signal
from moderation.verdict import Verdict, judge


@dataclass(frozen=True, slots=True)
class Decided:
    """A comment that a person decided about, and how the machine had judged it.

    `facts` carry the policy that it was judged by; what was looked up for it then (history, copies) is not among them,
    the stored `signals` tell what came of that.
    """

    facts: Facts
    decision: str
    action: str
    score: float
    signals: Sequence[Mapping[str, Any]]
    model: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be tried: another policy, other word lists; what is None stays as it was."""

    policy: Policy | None = None
    words_hold: tuple[str, ...] | None = None
    words_spam: tuple[str, ...] | None = None

    def apply(self, judged_by: Policy) -> Policy:
        """Return the policy that a comment would have been judged by."""
        policy = self.policy or judged_by
        if self.words_hold is not None:
            policy = replace(policy, words_hold=self.words_hold)
        if self.words_spam is not None:
            policy = replace(policy, words_spam=self.words_spam)
        return policy


def rejudge(
    one: Decided, proposal: Proposal, prediction: Prediction | None = None, model: str | None = None
) -> Verdict:
    """Judge the comment by the proposal, and by another text model's (`model`) prediction where one is given."""
    before = one.facts.policy
    policy = proposal.apply(before)
    signals = [_signal(document) for document in one.signals]
    facts = replace(one.facts, policy=policy, prediction=prediction, approved_before=_approved_before(signals))
    if (policy.words_hold, policy.words_spam) != (before.words_hold, before.words_spam):
        signals = _again(words, facts, signals, "WORDS_")
    if policy.languages != before.languages:
        signals = _again(language, facts, signals, "LANGUAGE_", "FINGLISH")
    if policy.rules != before.rules:
        signals = _again(rules, facts, signals, "RULE_")
    if prediction is not None:
        signals = _again(notice_by_model, facts, signals, "MODEL_")
    return judge(signals, policy, model or one.model)


def _again(
    look: Callable[[Facts], Iterable[Signal]], facts: Facts, signals: Sequence[Signal], *prefixes: str
) -> list[Signal]:
    return [*(signal for signal in signals if not signal.name.startswith(prefixes)), *look(facts)]


def _approved_before(signals: Sequence[Signal]) -> bool:
    """Tell first-timers from others, as far as the stored signals say: it was not written down by itself."""
    return {"AUTHOR_NEW", "RULE_FIRST_TIMER"}.isdisjoint(signal.name for signal in signals)


def _signal(document: Mapping[str, Any]) -> Signal:
    evidence = tuple(Evidence(**one) for one in document["evidence"])
    return Signal(document["name"], document["strength"], evidence)
