"""Messages: small enough, whole where possible, and honest about what was cut."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.formats.message import Target
from moderation.formats.standard import MAX_BYTES, standard
from moderation.payload import cut, document, moment, notice
from moderation.tables import Comment, EventRow, Post, VerdictRow

TARGET = Target(url="https://news.example.com/hook", delivery_id="dl_1")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def _build(body: str, *, wide: str = "", signals: list[Any] | None = None) -> dict[str, Any]:
    comment = Comment(
        id="cm_1",
        site_id="st_1",
        post_id="8344",
        name=wide[:100] or "علی",
        email="ali@example.com",
        website=wide[:2000] or None,
        body=body,
        status="approved",
        version=3,
        received_at=NOW,
    )
    verdict = VerdictRow(
        comment_id="cm_1",
        action="hold",
        score=3.0,
        thresholds={"hold": 3.0, "spam": 6.0, "discard": 12.0},
        signals=signals
        or [{"name": "A", "strength": 1.0, "points": 3.0, "evidence": [{"text": wide or "x", "field": "body"}] * 9}]
        * 30,
        policy=0,
        judged_at=NOW,
    )
    post = Post(site_id="st_1", id="8344", url=wide[:2000] or None, title=wide[:1000] or None)
    event = EventRow(id="ev_1", site_id="st_1", comment_id="cm_1", type="comment.held", version=2, occurred_at=NOW)
    actions = {"approve": "https://m.example.com/m/a2"}
    encoded = standard(document(event, comment, post, verdict, None, actions), TARGET).body
    assert len(encoded) <= MAX_BYTES
    message: dict[str, Any] = json.loads(encoded)
    return message


def test_a_message_tells_of_the_moment_of_its_event() -> None:
    message = _build("سلام")
    assert message["type"] == "comment.held"
    assert message["timestamp"] == "2026-01-02T03:04:05.678Z"
    # The comment was approved since; a later event tells of that.
    assert message["data"]["comment"]["status"] == "held"
    assert message["data"]["comment"]["version"] == 2
    assert message["data"]["comment"]["body"] == "سلام"
    assert message["data"]["comment"]["body_cut"] is False
    assert message["data"]["actions"] == {"approve": "https://m.example.com/m/a2"}


@pytest.mark.parametrize("character", ["a", "ش", "😀", '"', "\n", "\u0001", "\\"])
def test_a_long_body_is_cut_to_fit_and_says_so(character: str) -> None:
    comment = _build(character * 20_000, wide="😀" * 2000)["data"]["comment"]
    assert comment["body_cut"] is True
    assert 0 < len(comment["body"]) < 20_000
    assert set(comment["body"]) == {character}


def test_a_signal_without_a_say_is_not_told() -> None:
    verdict = {"name": "B", "strength": 1.0, "points": 9.0, "evidence": [], "shadow": True}
    assert [one["name"] for one in _build("Hi", signals=[verdict])["data"]["verdict"]["signals"]] == []


def test_no_letter_is_parted_from_its_marks() -> None:
    assert cut("ab\u0301", 3) == "a"
    assert cut("ab\u0301", 4) == "ab\u0301"
    family = "👨\u200d👩\u200d👧"
    assert cut(family, 8) == ""
    assert cut(family + "!", len(family.encode())) == family


@settings(max_examples=30)
@given(st.text(), st.integers(0, 50))
def test_what_is_cut_fits_and_is_a_beginning(text: str, room: int) -> None:
    text = text.encode("utf-8", "ignore").decode()
    piece = cut(text, room)
    assert text.startswith(piece)
    assert len(json.dumps(piece, ensure_ascii=False).encode()) - 2 <= room


def test_a_message_about_no_comment_tells_what_its_event_holds() -> None:
    event = EventRow(id="ev_1", site_id="st_1", type="site.relaxed", version=0, occurred_at=NOW, data={"usual": 1.5})
    assert json.loads(standard(notice(event), TARGET).body) == {
        "type": "site.relaxed",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "data": {"site": "st_1", "usual": 1.5},
    }


def test_no_time_is_no_time() -> None:
    assert moment(None) is None


@pytest.mark.parametrize(
    ("url", "told"), [("https://x.ir/" + "%D8" * 300, True), ("https://x.ir/" + "%D8" * 400, False)]
)
def test_a_posts_address_is_told_whole_or_not_at_all(url: str, told: bool) -> None:
    assert _build("Yes.", wide=url)["data"]["comment"]["post"]["url"] == (url if told else None)
