"""Compares what was observed with the labels: pure, from what the demo sent and saw to the figures it reports."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from moderation.demo.observed import Accepted, Event, Outcome, Refused
from moderation.demo.rows import LABELS, Row, external_id

# What the machine may make of a comment: its states, and `discarded` for spam beyond doubt.
OUTCOMES = ("approved", "held", "spam", "discarded", "rejected")
_CAUGHT = frozenset({"spam", "discarded"})


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a run sent and saw. `told` has the service's words on comments whose webhook never came.

    `started_at` is the Unix time of the first request.
    """

    run: str
    rows: Sequence[Row]
    started_at: float
    accepted: Sequence[Accepted] = ()
    refused: Sequence[Refused] = ()
    events: Sequence[Event] = ()
    told: Mapping[str, Outcome | None] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    badly_signed: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class LabelLine:
    """What became of the rows of one label."""

    label: str
    sent: int
    accepted: int
    outcomes: Mapping[str, int]

    @property
    def judged(self) -> int:
        """How many have a verdict."""
        return sum(self.outcomes.values())

    def percent(self, *outcomes: str) -> float | None:
        """Return the share of these outcomes among the judged, 0..100; None when there are none."""
        return 100 * sum(self.outcomes[name] for name in outcomes) / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Spread:
    """Nearest-rank percentiles of some spans."""

    p50_seconds: float
    p99_seconds: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows were refused, how many, and the ids of the first."""

    reason: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A row and the machine's word on it."""

    row: Row
    outcome: Outcome

    @property
    def result(self) -> str:
        """One of OUTCOMES."""
        return "discarded" if self.outcome.action == "discard" else self.outcome.status

    @property
    def is_mistake(self) -> bool:
        """Tell whether ham was called spam or spam was approved; a held comment is a doubt, toxic is neither."""
        if self.row.label == "ham":
            return self.result in _CAUGHT
        return self.row.label == "spam" and self.result == "approved"


@dataclass(frozen=True, slots=True)
class Result:
    """Everything the demo reports; `unjudged`, `untold` and `doubled` are row ids."""

    sent: int
    accepted: int
    refused: tuple[Reason, ...]
    retries: Mapping[str, int]
    labels: tuple[LabelLine, ...]
    to_verdict: Spread | None
    to_webhook: Spread | None
    accepted_per_second: float | None
    judged_per_second: float | None
    unjudged: tuple[str, ...]
    untold: tuple[str, ...]
    doubled: tuple[str, ...]
    badly_signed: int
    unreadable: int
    redelivered: int
    decided: int
    of_others: int
    signals: tuple[tuple[str, Mapping[str, int]], ...]
    mistakes: tuple[Judged, ...]

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing was lost, doubled or badly signed."""
        return not (self.unjudged or self.untold or self.doubled or self.badly_signed)


def tally(seen: Seen) -> Result:
    """Count everything once."""
    unique = {event.webhook_id: event for event in reversed(seen.events)}
    events = _by_row(seen, unique.values())
    verdicts = {row_id: _verdict(of_row) for row_id, of_row in events.items()}
    # A comment is of its row even if its webhook never came, as long as the service knew its outcome.
    outcomes = {row_id: event.outcome for row_id, event in verdicts.items()}
    untold = {row_id: told for row_id, told in seen.told.items() if told and told.status != "received"}
    judged = [Judged(row, outcome) for row in seen.rows if (outcome := (untold | outcomes).get(row.id))]
    machine_words = {row_id: [event for event in all_ if not event.is_decision] for row_id, all_ in events.items()}
    heard = [(accepted, verdicts[accepted.row_id]) for accepted in seen.accepted if accepted.row_id in verdicts]
    silent = [accepted.row_id for accepted in seen.accepted if accepted.row_id not in verdicts]
    return Result(
        sent=len(seen.rows),
        accepted=len(seen.accepted),
        refused=_reasons(seen.refused),
        retries=dict(seen.retries),
        labels=_label_lines(seen, judged),
        # The verdict may be committed before the 202 is read: that is no time at all, not a negative one.
        to_verdict=_spread(max(0.0, event.at - accepted.at) for accepted, event in heard),
        to_webhook=_spread(max(0.0, event.arrived_at - accepted.at) for accepted, event in heard),
        accepted_per_second=_rate([a.at for a in seen.accepted], seen.started_at),
        judged_per_second=_rate([event.at for event in verdicts.values()], seen.started_at),
        unjudged=tuple(row_id for row_id in silent if row_id not in untold),
        untold=tuple(row_id for row_id in silent if row_id in untold),
        doubled=tuple(row_id for row_id, words in machine_words.items() if len(words) > 1),
        badly_signed=seen.badly_signed,
        unreadable=seen.unreadable,
        redelivered=len(seen.events) - len(unique),
        decided=sum(len(all_) - len(machine_words[row_id]) for row_id, all_ in events.items()),
        of_others=len(unique) - sum(map(len, events.values())),
        signals=_signals(judged),
        mistakes=tuple(_worst_first(judged)),
    )


def _by_row(seen: Seen, events: Iterable[Event]) -> dict[str, list[Event]]:
    """Sort events to accepted rows, each row's in the order in which they happened.

    By `external_id` too: a row that became two comments has events of a comment the demo never heard of.
    """
    row_ids = {accepted.comment_id: accepted.row_id for accepted in seen.accepted}
    accepted_ids = set(row_ids.values())
    by_external_id = {external_id(seen.run, row): row.id for row in seen.rows if row.id in accepted_ids}
    sorted_: dict[str, list[Event]] = {}
    for event in sorted(events, key=lambda event: (event.at, event.arrived_at)):
        row_id = row_ids.get(event.comment_id) or by_external_id.get(event.external_id)
        if row_id:
            sorted_.setdefault(row_id, []).append(event)
    return sorted_


def _verdict(events: Sequence[Event]) -> Event:
    """Return the machine's first word; a person's if the machine's was not heard."""
    return next((event for event in events if not event.is_decision), events[0])


def _label_lines(seen: Seen, judged: Sequence[Judged]) -> tuple[LabelLine, ...]:
    labels = {row.id: row.label for row in seen.rows}
    sent = Counter(labels.values())
    accepted = Counter(labels[entry.row_id] for entry in seen.accepted)
    results = Counter((one.row.label, one.result) for one in judged)
    return tuple(
        LabelLine(label, sent[label], accepted[label], {name: results[label, name] for name in OUTCOMES})
        for label in LABELS
        if sent[label]
    )


def _signals(judged: Iterable[Judged]) -> tuple[tuple[str, Mapping[str, int]], ...]:
    """Count on how many rows of each label a signal was seen, the commonest first."""
    counts: dict[str, Counter[str]] = {}
    for one in judged:
        for name in one.outcome.signals:
            counts.setdefault(name, Counter())[one.row.label] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
    return tuple((name, {label: count[label] for label in LABELS}) for name, count in ordered)


def _worst_first(judged: Iterable[Judged]) -> Iterable[Judged]:
    """Order the mistakes, of both kinds in turn: ham called spam from the highest score down, spam approved up."""
    mistakes = [one for one in judged if one.is_mistake]
    silenced = sorted((one for one in mistakes if one.row.label == "ham"), key=lambda one: -(one.outcome.score or 0))
    let_through = sorted((one for one in mistakes if one.row.label == "spam"), key=lambda one: one.outcome.score or 0)
    return (one for one in chain.from_iterable(zip_longest(silenced, let_through)) if one)


def _reasons(refused: Iterable[Refused]) -> tuple[Reason, ...]:
    rows: dict[str, list[str]] = {}
    for entry in refused:
        rows.setdefault(entry.reason, []).append(entry.row_id)
    ordered = sorted(rows.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(Reason(reason, len(ids), tuple(ids[:3])) for reason, ids in ordered)


def _spread(spans: Iterable[float]) -> Spread | None:
    ordered = sorted(spans)
    if not ordered:
        return None
    p50, p99 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.50, 0.99))
    return Spread(p50, p99)


def _rate(moments: Sequence[float], started_at: float) -> float | None:
    span = max(moments, default=started_at) - started_at
    return len(moments) / span if span > 0 else None
