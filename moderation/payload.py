"""What an endpoint is told of an event, made from committed rows: the same on every attempt, but for the links in it.

Pure. The shape is the contract of docs/webhooks.md; `formats` make of it what is posted.
"""

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moderation.events import TYPE_OF_STATUS
from moderation.tables import Comment, DecisionRow, EventRow, Post, VerdictRow

# What a message shows of long texts other than the body; all of it can be read at the API.
_MAX_TEXT = 300
# A title of fifty Persian letters takes three hundred.
_MAX_URL = 1_000
_MAX_SIGNALS = 12
_MAX_EVIDENCE = 3

_STATUS_OF_TYPE = {kind: status for status, kind in TYPE_OF_STATUS.items()}


def moment(value: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC with a Z, to the millisecond."""
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z") if value else None


def document(
    event: EventRow,
    comment: Comment,
    post: Post | None,
    verdict: VerdictRow | None,
    decision: Mapping[str, Any] | None,
    actions: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Return what is told of a comment's event, with the comment's body whole; the formats cut it to fit.

    `actions` are the links that settle a held comment (`action_links`).
    """
    return {
        "type": event.type,
        "timestamp": moment(event.occurred_at),
        "data": {
            "comment": _comment(event, comment, post),
            "verdict": _verdict(verdict) if verdict else None,
            "decision": decision,
            "actions": actions,
        },
    }


def notice(event: EventRow) -> dict[str, Any]:
    """Return what is told of an event about no comment."""
    data = {"site": event.site_id, **(event.data or {})}
    return {"type": event.type, "timestamp": moment(event.occurred_at), "data": data}


def decision_document(decision: DecisionRow, moderator: str | None) -> dict[str, Any]:
    """Return a decision as answers and messages show it; `moderator` names who made it, None: no moderator did."""
    link = f"link of endpoint {decision.endpoint_id}" if decision.endpoint_id else None
    return {
        "action": decision.action,
        "reason": decision.reason,
        "by": moderator or link or "website",
        "version": decision.version,
        "decided_at": moment(decision.decided_at),
    }


def cut(text: str, room: int) -> str:
    """Return as much of the text as fits into `room` bytes of JSON in UTF-8, not cut between a letter and its marks."""
    end = 0
    for position, character in enumerate(text):
        room -= len(json.dumps(character, ensure_ascii=False).encode()) - 2
        if room < 0:
            break
        end = position + 1
    if end < len(text):
        while end and (unicodedata.combining(text[end]) or text[end] == "\u200d" or text[end - 1] == "\u200d"):
            end -= 1
    return text[:end]


def _comment(event: EventRow, comment: Comment, post: Post | None) -> dict[str, Any]:
    return {
        "id": comment.id,
        "external_id": comment.external_id,
        "site": comment.site_id,
        "post": {
            "id": comment.post_id,
            "url": _whole(post.url if post else None),
            "title": _short(post.title if post else None),
        },
        "parent_id": comment.parent_id,
        "name": comment.name,
        "email": comment.email,
        "website": _short(comment.website),
        "body": comment.body,
        "body_cut": False,
        "language": comment.language,
        # As the event left it: a later event tells of a later status.
        "status": _STATUS_OF_TYPE[event.type],
        "version": event.version,
        "received_at": moment(comment.received_at),
    }


def _verdict(verdict: VerdictRow) -> dict[str, Any]:
    return {
        "action": verdict.action,
        "score": verdict.score,
        "thresholds": verdict.thresholds,
        "signals": [
            signal
            | {"evidence": [piece | {"text": _short(piece["text"])} for piece in signal["evidence"][:_MAX_EVIDENCE]]}
            # Those without a say come last, and are no reason.
            for signal in verdict.signals[:_MAX_SIGNALS]
            if not signal.get("shadow")
        ],
    }


def _whole(url: str | None) -> str | None:
    """Return the address, or nothing of it: a link that is cut leads elsewhere."""
    return url if url and cut(url, _MAX_URL) == url else None


def _short(text: str | None) -> str | None:
    return cut(text, _MAX_TEXT) if text else text
