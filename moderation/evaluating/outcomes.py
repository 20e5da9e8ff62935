"""Counts what became of labelled comments: per source and label, and which signals cost honest people something.

Pure. After `replay`; `pipeline_report` puts it into words.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moderation.evaluating.replay import Outcome

ALL = "all"
ACTIONS = ("approve", "hold", "spam", "discard", "refused")
_CALLED_SPAM = ("spam", "discard")


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of one source's (or ALL) comments: counts by label, then action."""

    source: str
    counts: Mapping[str, Mapping[str, int]]

    def rows(self, label: str) -> int:
        """Count the rows of a label."""
        return sum(self.counts.get(label, {}).values())

    def share(self, label: str, *actions: str) -> float | None:
        """Give the share (0..1) of a label's rows that got one of these actions; None where there are no rows."""
        rows = self.rows(label)
        return sum(self.counts[label].get(action, 0) for action in actions) / rows if rows else None

    def called_spam(self, label: str) -> float | None:
        """Give the share that was called spam, beyond doubt or not."""
        return self.share(label, *_CALLED_SPAM)


@dataclass(frozen=True, slots=True)
class Means:
    """Shares averaged over the sources that have spam, each counting the same."""

    sources: int
    ham_held: float
    ham_called_spam: float
    spam_approved: float
    spam_held: float
    spam_called_spam: float


@dataclass(frozen=True, slots=True)
class Blame:
    """A signal's part in what happened to ham.

    On how many of the held it was, with points of its own, and how many of them would have been approved without it;
    the same for those called spam.
    """

    signal: str
    held: int
    held_without_it_approved: int
    called_spam: int
    called_spam_without_it_not: int


def tally(outcomes: Sequence[Outcome]) -> list[Tally]:
    """Count by source, in the order of their names, and ALL last."""
    counts = Counter((one.row.source, one.row.label, one.action) for one in outcomes)
    sources = sorted({one.row.source for one in outcomes})
    every = Counter((ALL, one.row.label, one.action) for one in outcomes)
    return [_tally(source, counts) for source in sources] + [_tally(ALL, every)]


def means(tallies: Sequence[Tally]) -> Means | None:
    """Average over the sources that have spam and ham; None where there is none."""
    mixed = [one for one in tallies if one.source != ALL and one.rows("spam") and one.rows("ham")]
    if not mixed:
        return None

    def mean(label: str, *actions: str) -> float:
        return sum(one.share(label, *actions) or 0.0 for one in mixed) / len(mixed)

    return Means(
        sources=len(mixed),
        ham_held=mean("ham", "hold"),
        ham_called_spam=mean("ham", *_CALLED_SPAM),
        spam_approved=mean("spam", "approve"),
        spam_held=mean("spam", "hold"),
        spam_called_spam=mean("spam", *_CALLED_SPAM),
    )


def blames(outcomes: Sequence[Outcome], label: str = "ham") -> list[Blame]:
    """Say which signals brought rows of this label to `hold` and `spam`, those that cost most first."""
    seen: dict[str, list[int]] = {}
    for one in outcomes:
        if one.row.label != label or one.action not in ("hold", *_CALLED_SPAM):
            continue
        at, bound = (0, one.hold_from) if one.action == "hold" else (2, one.spam_from)
        for name, points in one.points:
            if points > 0:
                counted = seen.setdefault(name, [0, 0, 0, 0])
                counted[at] += 1
                counted[at + 1] += one.score - points < bound
    found = [Blame(name, *counted) for name, counted in seen.items()]
    return sorted(found, key=lambda one: (-one.called_spam, -one.held, one.signal))


def _tally(source: str, counts: Counter[tuple[str, str, str]]) -> Tally:
    labels = {label for of_source, label, _ in counts if of_source == source}
    return Tally(
        source,
        {label: {action: n for action in ACTIONS if (n := counts[source, label, action])} for label in sorted(labels)},
    )
