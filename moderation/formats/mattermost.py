"""Mattermost, incoming webhooks: one attachment.

developers.mattermost.com/integrate/reference/message-attachments. Posts hold 16,383 characters; 4,000 on servers of
before 2018, and 4,000 are what people read. Its buttons call a server; ours are links.
"""

from collections.abc import Mapping
from typing import Any

from moderation.formats.card import Tone, build
from moderation.formats.encoding import posted
from moderation.formats.markdown import MATTERMOST, escaped, shown, story, why
from moderation.formats.message import Message, Target
from moderation.formats.plain import isolated

_TEXT, _FIELD = 3_500, 1_500
_COLOURS: Mapping[Tone, str] = {
    "waiting": "#e0a100",
    "good": "#2e9e5b",
    "bad": "#8a8f98",
    "news": "#3d7edb",
    "alarm": "#d43d3d",
}


def mattermost(document: Mapping[str, Any], target: Target) -> Message:
    """Return a message with one attachment."""
    card = build(document, target.language)
    fields = [
        {"title": escaped(one.label, MATTERMOST), "value": shown(one.value, MATTERMOST), "short": True}
        for one in card.facts
    ]
    if card.why:
        fields.append({"title": card.why_label, "value": why(card, MATTERMOST, _FIELD), "short": False})
    attachment: dict[str, Any] = {
        "fallback": isolated(card.summary),
        "color": _COLOURS[card.tone],
        "title": card.title,
        "text": story(card, MATTERMOST, _TEXT),
        "fields": fields,
    }
    if card.post_url:
        attachment["title_link"] = card.post_url
    return posted({"attachments": [attachment]})
