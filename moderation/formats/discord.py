"""Discord webhooks: one embed.

discord.com/developers/docs/resources/message#embed-object-embed-limits: title 256, description 4,096, 25 fields of
256 and 1,024, 6,000 over all. Nobody is mentioned (`allowed_mentions`), whatever the text holds. With `wait` Discord
answers whether the message stands; without it errors are silent.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from moderation.formats.card import Tone, build
from moderation.formats.encoding import posted
from moderation.formats.markdown import DISCORD, escaped, shown, story, why
from moderation.formats.message import Message, Target
from moderation.formats.plain import NOTHING, cut, isolated

_TITLE, _DESCRIPTION, _FIELD_NAME, _FIELD = 256, 3_500, 256, 1_024
_COLOURS: Mapping[Tone, int] = {
    "waiting": 0xE0A100,
    "good": 0x2E9E5B,
    "bad": 0x8A8F98,
    "news": 0x3D7EDB,
    "alarm": 0xD43D3D,
}


def discord(document: Mapping[str, Any], target: Target) -> Message:
    """Return a message with one embed."""
    card = build(document, target.language)
    fields = [
        {
            "name": isolated(cut(escaped(one.label, DISCORD), _FIELD_NAME - 2)),
            "value": shown(one.value, DISCORD) or NOTHING,
            "inline": True,
        }
        for one in card.facts
    ]
    if card.why:
        fields.append({"name": card.why_label, "value": why(card, DISCORD, _FIELD), "inline": False})
    embed: dict[str, Any] = {
        "title": cut(card.title, _TITLE),
        "description": story(card, DISCORD, _DESCRIPTION),
        "color": _COLOURS[card.tone],
        "fields": fields,
    }
    if card.post_url:
        embed["url"] = card.post_url
    return posted({"embeds": [embed], "allowed_mentions": {"parse": []}}, _waiting(target.url))


def _waiting(url: str) -> str:
    parts = urlsplit(url)
    query = [*((name, value) for name, value in parse_qsl(parts.query) if name != "wait"), ("wait", "true")]
    return parts._replace(query=urlencode(query)).geturl()
