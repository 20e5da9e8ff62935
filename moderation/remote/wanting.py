"""Which opinions could still change a verdict. Pure: what can't change one is not asked; no data leaves for it."""

from collections.abc import Container

from moderation.policy import Policy
from moderation.remote.names import OPINION
from moderation.verdict import Verdict

# The site's own rules have decided.
_SETTLED = frozenset(["RULE_TRUST", "RULE_BLOCK"])


def wanted(policy: Policy, verdict: Verdict, known: Container[str]) -> tuple[str, ...]:
    """Return the services to ask before the verdict stands; those `known` have been asked.

    A language model comes last, and only where the score, not a rule, would hold the comment.
    """
    names = {one.signal.name for one in verdict.signals if not one.is_shadow}
    if verdict.action in ("spam", "discard") or names & _SETTLED:
        return ()
    first = tuple(service for service in policy.remote if service != OPINION and service not in known)
    if first:
        return first
    is_held_by_score = verdict.score >= policy.thresholds.hold
    return (OPINION,) if OPINION in policy.remote and OPINION not in known and is_held_by_score else ()
