"""Microsoft Teams, the webhook of a Workflow: an Adaptive Card.

adaptivecards.io/schemas/adaptive-card.json, version 1.5 (the first with `rtl`); a message holds 28 kB. Rich text blocks
and no text blocks: those read Markdown. One block per line of a comment, since clients differ in what a break is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moderation.formats.card import Button, Card, Tone, build
from moderation.formats.encoding import posted
from moderation.formats.message import Message, Target
from moderation.formats.plain import NOTHING, cut, isolated

_QUOTE_UNITS = 2_000
_COLOURS: Mapping[Tone, str] = {
    "waiting": "Warning",
    "good": "Good",
    "bad": "Default",
    "news": "Accent",
    "alarm": "Attention",
}
_STYLES = {"approve": "positive", "spam": "destructive"}

_Element = dict[str, Any]


def teams(document: Mapping[str, Any], target: Target) -> Message:
    """Return a message with one card."""
    card = build(document, target.language)
    content: _Element = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "lang": card.language,
        "rtl": card.is_rtl,
        "fallbackText": card.title,
        "body": list(_body(card)),
        "actions": _actions(card.buttons),
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return posted({"type": "message", "attachments": [attachment]})


def _body(card: Card) -> Iterable[_Element]:
    yield _line(_run(card.title, size="Large", weight="Bolder", color=_COLOURS[card.tone]))
    for fact in card.facts:
        yield _line(_run(f"{fact.label}: ", weight="Bolder"), _run(isolated(fact.value) or NOTHING), spacing="Small")
    if card.quote:
        lines = [
            _line(_run(isolated(line)), spacing="None" if position else "Default")
            for position, line in enumerate(cut(card.quote, _QUOTE_UNITS).split("\n"))
        ]
        yield {"type": "Container", "style": "emphasis", "items": lines}
    if card.why:
        yield _line(_run(card.why_label, weight="Bolder"))
        yield from (_line(_run(f"• {one.line}"), spacing="Small") for one in card.why)
    for item in card.items:
        yield _line(_run(f"• {isolated(item.line)}"))
        if item.buttons:
            yield {"type": "ActionSet", "spacing": "Small", "actions": _actions(item.buttons)}


def _actions(buttons: Sequence[Button]) -> list[_Element]:
    return [
        {"type": "Action.OpenUrl", "title": one.label, "url": one.url, "style": _STYLES.get(one.name, "default")}
        for one in buttons
    ]


def _line(*runs: _Element, spacing: str = "Default") -> _Element:
    return {"type": "RichTextBlock", "inlines": list(runs), "spacing": spacing}


def _run(text: str, **looks: str) -> _Element:
    return {"type": "TextRun", "text": text} | looks
