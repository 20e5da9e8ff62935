"""Apprise: a title and plain text, which apprise gives to each service of the operator's in that service's own way.

https://appriseit.com: text is escaped where a service would read markup in it, and split or cut where it takes less.
"""

from collections.abc import Mapping
from typing import Any

from moderation.formats.card import Tone, build
from moderation.formats.encoding import posted
from moderation.formats.message import Message, Target
from moderation.formats.plain import cut
from moderation.formats.text_lines import text_lines

_TITLE_UNITS = 200
_QUOTE_UNITS = 1_500
# What apprise knows: it chooses a picture or a colour by it.
_TYPES: Mapping[Tone, str] = {"waiting": "info", "good": "success", "bad": "info", "news": "info", "alarm": "warning"}


def apprise(document: Mapping[str, Any], target: Target) -> Message:
    """Return what `operator_services` sends: `{title, body, type}`."""
    card = build(document, target.language)
    body = "\n".join(text_lines(card, _QUOTE_UNITS))
    return posted({"title": cut(card.summary, _TITLE_UNITS), "body": body, "type": _TYPES[card.tone]})
