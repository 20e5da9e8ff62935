"""Slack, incoming webhooks: Block Kit.

Rich text says of every piece what it is, so that nothing in it is read as markup: no mrkdwn, no mention, no link.
Actions are links and no buttons: a button wants a server of ours to answer Slack, and complains where there is none.
docs.slack.dev/reference/block-kit: 50 blocks, a header of 150 characters; 13,200 characters in all.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moderation.formats.card import Button, Card, build
from moderation.formats.encoding import posted
from moderation.formats.message import Message, Target
from moderation.formats.plain import NOTHING, aligned, cut, isolated

_HEADER_UNITS = 150
_QUOTE_UNITS = 2_000
_SUMMARY_UNITS = 300
# "&", "<" and ">" are Slack's control characters wherever it reads text as mrkdwn.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

_Element = dict[str, Any]


def slack(document: Mapping[str, Any], target: Target) -> Message:
    """Return a message of blocks, and its text for notifications."""
    card = build(document, target.language)
    summary = cut(card.summary, _SUMMARY_UNITS).translate(_ESCAPES)
    header = {"type": "plain_text", "text": cut(card.title, _HEADER_UNITS), "emoji": False}
    return posted(
        {
            "text": isolated(summary),
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
            "blocks": [{"type": "header", "text": header}, {"type": "rich_text", "elements": list(_elements(card))}],
        }
    )


def _elements(card: Card) -> Iterable[_Element]:
    facts: list[_Element] = []
    for fact in card.facts:
        value = isolated(fact.value) or NOTHING
        facts += [
            _text(f"{fact.label}: ", bold=True),
            {"type": "link", "url": fact.url, "text": value} if fact.url else _text(value),
            _text("\n"),
        ]
    # Rich text is never empty.
    yield _part("rich_text_section", facts[:-1] or [_text(card.title)])
    if card.quote:
        yield _part("rich_text_quote", [_text(aligned(cut(card.quote, _QUOTE_UNITS)))])
    if card.why:
        yield _part("rich_text_section", [_text(card.why_label, bold=True)])
        yield _list([[_text(one.line)] for one in card.why])
    if card.items:
        yield _list([[_text(aligned(one.line)), *_links(one.buttons)] for one in card.items])
    if card.links:
        yield _part("rich_text_section", _links(card.links))


def _links(buttons: Sequence[Button]) -> list[_Element]:
    """Return a line of links, after what stands before it."""
    links = [
        element for one in buttons for element in ({"type": "link", "url": one.url, "text": one.label}, _text("  ·  "))
    ]
    return [_text("\n"), *links[:-1]] if links else []


def _text(text: str, *, bold: bool = False) -> _Element:
    return {"type": "text", "text": text} | ({"style": {"bold": True}} if bold else {})


def _part(kind: str, elements: list[_Element]) -> _Element:
    return {"type": kind, "elements": elements}


def _list(lines: list[list[_Element]]) -> _Element:
    return _part("rich_text_list", [_part("rich_text_section", one) for one in lines]) | {"style": "bullet"}
