"""The format of programs: the document itself as JSON, of the size and form of Standard Webhooks 1.0."""

import json
from collections.abc import Mapping
from typing import Any

from moderation.formats.message import Message, Target
from moderation.payload import cut

# Standard Webhooks: "should be kept small, ideally < 20kb".
MAX_BYTES = 19_000


def standard(document: Mapping[str, Any], _target: Target) -> Message:
    """Return JSON in UTF-8, up to MAX_BYTES; a comment's body that does not fit is cut and says so."""
    return Message(_fit(document), {"content-type": "application/json"})


def _fit(document: Mapping[str, Any]) -> bytes:
    whole = _encode(document)
    data = document["data"]
    if len(whole) <= MAX_BYTES or "comment" not in data:
        return whole
    comment = data["comment"] | {"body": "", "body_cut": True}
    content = {**document, "data": {**data, "comment": comment}}
    comment["body"] = cut(data["comment"]["body"], MAX_BYTES - len(_encode(content)))
    return _encode(content)


def _encode(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
