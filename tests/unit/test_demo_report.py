"""The report says what a result holds, in words for people and in JSON for programs."""

import json
from io import StringIO

from rich.console import Console

from moderation.demo.course import Standing
from moderation.demo.observed import Accepted, Event, Outcome, Refused
from moderation.demo.progress import progress
from moderation.demo.report import as_json, as_text
from moderation.demo.rows import Row
from moderation.demo.tally import Result, Seen, tally

ROWS = (
    Row("h1", "ham", "سلام"),
    Row("h2", "ham", "می\u200cروم \x1b[31m\u202efair\npoint " + "word " * 40),
    Row("s1", "spam", "buy"),
    Row("t1", "toxic", "you pig"),
    Row("e1", "ham", ""),
)


def a_result(*, without: str = "") -> Result:
    outcomes = {
        "h1": Outcome("approved", "approve", -1.0),
        "h2": Outcome("spam", "spam", 7.25, ("LINKS_MANY",)),
        "s1": Outcome("spam", "discard", 12.0, ("LINKS_MANY", "MODEL_SPAM")),
        "t1": Outcome("held", "hold", 4.0),
    }
    events = [
        Event(f"dl-{row_id}", f"comment.{outcome.status}", f"cm-{row_id}", "", 101.0, 101.25, outcome)
        for row_id, outcome in outcomes.items()
        if row_id != without
    ]
    accepted = [Accepted(row_id, f"cm-{row_id}", 100.0) for row_id in outcomes]
    refused = [Refused("e1", "422 body: required")]
    return tally(Seen("run", ROWS, 98.0, accepted, refused, events, retries={"429": 3}))


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_table_says_what_became_of_every_label() -> None:
    lines = squeezed(as_text(a_result()))
    for line in (
        "sent 5, accepted 4, refused 1",
        "refused 1: 422 body: required (rows e1)",
        "sent again: 3 after 429",
        "label sent accepted judged approved held spam discarded",
        "ham 3 2 2 1 0 1 0",
        "spam 1 1 1 0 0 0 1",
        "toxic 1 1 1 0 1 0 0",
        "ham 50.0 0.0 50.0",
        "spam 100.0 0.0 0.0",
        "to the verdict 1.000 1.000",
        "to the webhook 1.250 1.250",
        "comments per second: 2.0 accepted, 1.3 judged end to end",
        "lost 0, doubled 0, badly signed 0; redelivered 0",
        "LINKS_MANY 1 1 0",
    ):
        assert line in lines


def test_what_was_lost_is_named() -> None:
    lines = squeezed(as_text(a_result(without="t1")))
    assert "lost 1, doubled 0, badly signed 0; redelivered 0" in lines
    assert "accepted but not judged: 1 (rows t1)" in lines


def test_mistakes_are_shown_only_when_asked_for_and_cannot_steer_the_terminal() -> None:
    assert "Worst mistakes" not in as_text(a_result())
    text = as_text(a_result(), mistakes=5)
    assert "h2: ham, was spam, score 7.25: LINKS_MANY" in text
    assert "می\u200cروم" in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert max(map(len, text.splitlines())) < 120


def test_no_line_ends_in_blanks() -> None:
    assert all(line == line.rstrip() for line in as_text(a_result(), mistakes=1).splitlines())


def test_the_json_says_the_same() -> None:
    content = json.loads(as_json(a_result(without="t1"), mistakes=1))
    assert content["refused"] == {
        "count": 1,
        "reasons": [{"reason": "422 body: required", "count": 1, "examples": ["e1"]}],
    }
    assert content["labels"]["spam"]["percent"] == {"called_spam": 100.0, "held": 0.0, "approved": 0.0}
    assert content["labels"]["toxic"]["percent"]["held"] is None
    assert content["seconds"]["to_webhook"] == {"p50": 1.25, "p99": 1.25}
    assert content["lost"] == {"not_judged": ["t1"], "webhook_missing": []}
    assert content["ok"] is False
    assert [one["row"] for one in content["mistakes"]] == ["h2"]


def test_progress_is_a_bar_on_a_terminal_and_silent_at_first_elsewhere() -> None:
    shown = {}
    for is_terminal in (True, False):
        out = StringIO()
        with progress(Console(file=out, force_terminal=is_terminal, width=100)) as show:
            show(Standing(total=65, accepted=40, refused=1, heard=30))
        shown[is_terminal] = out.getvalue()
    assert "41/65" in shown[True]
    assert "30/64" in shown[True]
    assert shown[False] == ""
