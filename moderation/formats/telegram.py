"""Telegram, the Bot API's sendMessage: HTML of a few tags, and buttons that are links.

core.telegram.org/bots/api#sendmessage: 4,096 characters after the tags are read. The endpoint's URL carries the bot's
token and the chat: `https://api.telegram.org/bot<token>/sendMessage?chat_id=<chat>`.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from moderation.formats.card import Button, Card, build
from moderation.formats.encoding import posted
from moderation.formats.message import Message, Target
from moderation.formats.plain import aligned, cut, isolated

_QUOTE_UNITS = 2_000
# A longer one is folded until somebody unfolds it.
_FOLDED_FROM = 600
_BUTTONS_PER_ROW = 3


def telegram(document: Mapping[str, Any], target: Target) -> Message:
    """Return the call's parameters; those of the URL's query go into the body, and into nobody's log of URLs."""
    card = build(document, target.language)
    parts = urlsplit(target.url)
    content: dict[str, Any] = {
        **dict(parse_qsl(parts.query)),
        "text": "\n".join(_lines(card)),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    buttons = [one for one in card.buttons if _is_public(one)]
    if buttons:
        rows = [buttons[at : at + _BUTTONS_PER_ROW] for at in range(0, len(buttons), _BUTTONS_PER_ROW)]
        keyboard = [[{"text": one.label, "url": one.url} for one in row] for row in rows]
        content["reply_markup"] = {"inline_keyboard": keyboard}
    return posted(content, parts._replace(query="", fragment="").geturl())


def _lines(card: Card) -> Iterable[str]:
    yield f"<b>{html.escape(card.title)}</b>"
    yield ""
    for fact in card.facts:
        yield f"<b>{html.escape(fact.label)}:</b> {_shown(fact.value)}"
    if card.quote:
        quote = cut(card.quote, _QUOTE_UNITS)
        folded = " expandable" if len(quote) > _FOLDED_FROM else ""
        yield f"<blockquote{folded}>{html.escape(aligned(quote), quote=False)}</blockquote>"
    if card.why:
        yield f"<b>{html.escape(card.why_label)}</b>"
        yield from (f"• {html.escape(one.line)}" for one in card.why)
    for item in card.items:
        yield f"• {html.escape(aligned(item.line), quote=False)}"
        yield from _links(item.buttons)
    yield from _links([one for one in card.buttons if not _is_public(one)])


def _links(buttons: Sequence[Button]) -> Iterable[str]:
    if buttons:
        yield " · ".join(f'<a href="{html.escape(one.url)}">{html.escape(one.label)}</a>' for one in buttons)


def _shown(text: str) -> str:
    return html.escape(isolated(text), quote=False)


def _is_public(button: Button) -> bool:
    """Tell whether Telegram takes the address for a button; it refuses the whole message for one that is local."""
    host = urlsplit(button.url).hostname or ""
    return "." in host and not host.replace(".", "").isdigit()
