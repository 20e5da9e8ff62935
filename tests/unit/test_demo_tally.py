"""What was observed, compared with the labels: nothing lost or doubled goes unseen, nothing else is called so."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from moderation.demo.observed import Accepted, Event, Outcome, Refused, read_event
from moderation.demo.rows import Row
from moderation.demo.tally import Seen, tally

HAM, SPAM, TOXIC = Row("h", "ham", "hello"), Row("s", "spam", "buy"), Row("t", "toxic", "you pig")


def an_event(row: Row, status: str, webhook_id: str = "", at: float = 101.0, **outcome: object) -> Event:
    return Event(
        webhook_id=webhook_id or f"dl-{row.id}",
        type=f"comment.{status}",
        comment_id=f"cm-{row.id}",
        external_id=f"run-{row.id}",
        at=at,
        arrived_at=at + 0.5,
        outcome=replace(Outcome(status), **outcome),  # type: ignore[arg-type]
    )


def seen(rows: Sequence[Row], events: Sequence[Event], **more: object) -> Seen:
    accepted = [Accepted(row.id, f"cm-{row.id}", 100.0) for row in rows]
    return replace(Seen("run", rows, 90.0, accepted, events=events), **more)  # type: ignore[arg-type]


def test_verdicts_are_counted_by_true_label() -> None:
    spam_too = Row("s2", "spam", "buy more")
    events = [
        an_event(HAM, "approved"),
        an_event(SPAM, "spam"),
        an_event(spam_too, "spam", action="discard"),
        an_event(TOXIC, "held"),
    ]
    result = tally(seen([HAM, SPAM, spam_too, TOXIC], events))
    ham, spam, toxic = result.labels
    assert (ham.label, ham.percent("approved")) == ("ham", 100.0)
    assert (spam.outcomes["spam"], spam.outcomes["discarded"], spam.percent("spam", "discarded")) == (1, 1, 100.0)
    assert (toxic.label, toxic.percent("held"), toxic.percent("spam")) == ("toxic", 100.0, 0.0)
    assert result.is_sound


def test_a_comment_without_any_word_is_reported_as_not_judged() -> None:
    result = tally(seen([HAM, SPAM], [an_event(HAM, "approved")], told={"s": Outcome("received")}))
    assert (result.unjudged, result.untold) == (("s",), ())
    assert not result.is_sound


def test_a_comment_the_service_does_not_know_is_reported_as_not_judged() -> None:
    assert tally(seen([HAM], [], told={"h": None})).unjudged == ("h",)


def test_a_judged_comment_without_its_webhook_is_reported_as_lost_but_its_verdict_counts() -> None:
    result = tally(seen([SPAM], [], told={"s": Outcome("spam", "spam", 9.0)}))
    assert (result.unjudged, result.untold) == ((), ("s",))
    assert result.labels[0].outcomes["spam"] == 1
    assert result.to_webhook is None
    assert not result.is_sound


@pytest.mark.parametrize("second", ["spam", "held"])
def test_two_machine_events_under_two_ids_are_a_double(second: str) -> None:
    result = tally(seen([SPAM], [an_event(SPAM, "spam", "dl-1"), an_event(SPAM, second, "dl-2", at=102.0)]))
    assert (result.doubled, result.redelivered) == (("s",), 0)
    assert result.labels[0].judged == 1
    assert not result.is_sound


def test_a_row_that_became_two_comments_is_a_double() -> None:
    twin = replace(an_event(SPAM, "spam", "dl-2"), comment_id="cm-twin")
    assert tally(seen([SPAM], [an_event(SPAM, "spam", "dl-1"), twin])).doubled == ("s",)


def test_the_same_webhook_again_is_a_redelivery_and_no_double() -> None:
    first = an_event(SPAM, "spam")
    again = replace(first, arrived_at=200.0)
    result = tally(seen([SPAM], [first, again]))
    assert (result.doubled, result.redelivered) == ((), 1)
    assert result.to_webhook
    assert result.to_webhook.p99_seconds == pytest.approx(1.5)
    assert result.is_sound


def test_a_person_deciding_meanwhile_makes_no_double_and_does_not_change_the_verdict() -> None:
    decision = replace(an_event(HAM, "spam", "dl-2", at=150.0), is_decision=True)
    result = tally(seen([HAM], [decision, an_event(HAM, "held", "dl-1")]))
    assert (result.doubled, result.decided) == ((), 1)
    assert result.labels[0].outcomes["held"] == 1


def test_events_of_other_comments_are_left_out() -> None:
    result = tally(seen([HAM], [an_event(HAM, "approved"), replace(an_event(SPAM, "spam"), external_id="mine-1")]))
    assert (result.of_others, result.labels[0].judged) == (1, 1)
    assert result.is_sound


def test_a_bad_signature_is_never_sound() -> None:
    assert not tally(seen([HAM], [an_event(HAM, "approved")], badly_signed=1)).is_sound


def test_spans_are_nearest_rank_and_never_negative() -> None:
    rows = [Row(str(n), "ham", "x") for n in range(100)]
    events = [an_event(row, "approved", at=100.0 + n) for n, row in enumerate(rows)]
    result = tally(seen(rows, [*events[1:], replace(events[0], at=99.9)]))
    assert result.to_verdict
    assert (result.to_verdict.p50_seconds, result.to_verdict.p99_seconds) == (49.0, 98.0)
    assert result.accepted_per_second == pytest.approx(100 / 10)
    assert result.judged_per_second == pytest.approx(100 / 109)


def test_refusals_are_grouped_by_reason_with_three_examples() -> None:
    refused = [Refused(str(n), "422 body: too_long") for n in range(5)] + [Refused("x", "413")]
    first, second = tally(seen([HAM], [an_event(HAM, "held")], refused=refused)).refused
    assert (first.reason, first.count, first.examples) == ("422 body: too_long", 5, ("0", "1", "2"))
    assert second.reason == "413"


def test_signals_are_counted_by_label() -> None:
    events = [
        an_event(HAM, "held", signals=("LINKS_MANY",)),
        an_event(SPAM, "spam", signals=("LINKS_MANY", "MODEL_SPAM")),
    ]
    assert tally(seen([HAM, SPAM], events)).signals == (
        ("LINKS_MANY", {"ham": 1, "spam": 1, "toxic": 0}),
        ("MODEL_SPAM", {"ham": 0, "spam": 1, "toxic": 0}),
    )


def test_the_worst_mistakes_come_first_and_a_held_or_toxic_comment_is_none() -> None:
    rows = [Row(f"{label}{n}", label, "x") for label in ("ham", "spam", "toxic") for n in range(3)]
    status = {"ham": "spam", "spam": "approved", "toxic": "spam"}
    events = [an_event(row, status[row.label], score=float(row.id[-1])) for row in rows]
    events[1] = an_event(rows[1], "held", score=4.0)
    mistakes = tally(seen(rows, events)).mistakes
    assert [one.row.id for one in mistakes] == ["ham2", "spam0", "ham0", "spam1", "spam2"]


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"[]",
        b'{"type": "comment.held"}',
        b'{"type": "comment.held", "timestamp": "soon", "data": {"comment": {"id": "1"}}}',
        b'{"type": "comment.held", "timestamp": "2026-01-01", "data": {"comment": {"id": "1"}, "verdict": 3}}',
    ],
)
def test_a_webhook_that_breaks_the_contract_is_unreadable(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a comment's webhook|Expecting value|Invalid isoformat"):
        read_event("dl-1", body, 0.0)


def test_a_webhook_about_something_else_is_no_event() -> None:
    assert (
        read_event("dl-1", b'{"type": "endpoint.test", "timestamp": "2026-01-01T00:00:00Z", "data": {}}', 0.0) is None
    )
