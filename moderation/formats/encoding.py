"""How all formats write JSON."""

import json
from collections.abc import Mapping
from typing import Any

from moderation.formats.message import Message


def posted(content: Mapping[str, Any], url: str | None = None) -> Message:
    """Return the content as JSON in UTF-8."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Message(body, {"content-type": "application/json"}, url)
