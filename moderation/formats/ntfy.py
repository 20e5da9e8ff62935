"""ntfy: a notification on phones, published as JSON.

docs.ntfy.sh/publish: JSON goes to the server's root and names the topic; a message of more than 4,096 bytes becomes an
attachment; three actions at most. They are `view`, which opens the page that asks, and never `http`, which would act.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from moderation.formats.card import Card, Tone, build
from moderation.formats.encoding import posted
from moderation.formats.items import with_links
from moderation.formats.message import Message, Target
from moderation.formats.plain import aligned, cut, isolated, utf8

_TITLE_UNITS = 200
_MESSAGE_BYTES = 3_800
_QUOTE_BYTES = 1_500
_MOST_ACTIONS = 3
_HIGH, _NORMAL, _LOW = 4, 3, 2
_PRIORITIES: Mapping[Tone, int] = {"waiting": _NORMAL, "good": _LOW, "bad": _LOW, "news": _NORMAL, "alarm": _HIGH}


def ntfy(document: Mapping[str, Any], target: Target) -> Message:
    """Return a notification; tapping it opens the post, or the queue where it is about many."""
    card = build(document, target.language)
    parts = urlsplit(target.url)
    *folders, topic = parts.path.strip("/").split("/")
    content: dict[str, Any] = {
        "topic": unquote(topic),
        "title": cut(card.title, _TITLE_UNITS),
        "message": _text(card),
        "priority": _PRIORITIES[card.tone],
    }
    opened = card.post_url or next((one.url for one in card.buttons if one.name == "queue"), None)
    if opened:
        content["click"] = opened
    actions = [one for one in card.buttons if one.url != opened][:_MOST_ACTIONS]
    if actions:
        content["actions"] = [{"action": "view", "label": one.label, "url": one.url, "clear": True} for one in actions]
    root = "/".join(["", *folders, ""]) if folders else "/"
    return posted(content, parts._replace(path=root, fragment="").geturl())


def _text(card: Card) -> str:
    facts = [f"{one.label}: {isolated(one.value)}" for one in card.facts]
    below = [card.why_label] if card.why else []
    below += [f"• {one.line}" for one in card.why]
    quote = [aligned(cut(card.quote, _QUOTE_BYTES, utf8))] if card.quote else []
    above = cut("\n".join([*facts, *quote, *below]), _MESSAGE_BYTES, utf8)
    if not card.items:
        return above
    items = with_links(
        [f"• {aligned(one.line)}" for one in card.items],
        ["\n".join(f"{button.label}: {button.url}" for button in one.buttons) for one in card.items],
        _MESSAGE_BYTES - utf8(above),
        utf8,
    )
    return f"{above}\n{items}"
