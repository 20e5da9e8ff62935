"""A check of one's own: any program that takes a signed comment by HTTP and answers with signals. Pure.

Signed as Standard Webhooks 1.0, so that a stock library verifies it. What it is: docs/remote-opinions.md.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from moderation.remote.names import CHECK
from moderation.remote.question import BadAnswerError, Question, Request, read_object, read_share, read_text
from moderation.signals import Evidence, Signal
from moderation.signing import sign

# So that none can pose as one of ours.
PREFIX = "REMOTE_CHECK_"
_NAME = re.compile("[A-Z][A-Z0-9_]{0,39}")
_MOST_SIGNALS = 20
_MOST_EVIDENCE = 5


@dataclass(frozen=True, slots=True)
class Check:
    """The operator's own service; `secret` is `whsec_` and base64."""

    url: str
    secret: str
    name: str = CHECK

    def told(self, question: Question) -> Mapping[str, Any]:
        """Return the comment as posted."""
        return {
            "site": question.site_id,
            "post": {"id": question.post_id, "url": question.post_url, "title": question.post_title},
            "name": question.name,
            "email": question.email,
            "website": question.website,
            "body": question.body,
            "language": question.language,
            "ip": question.ip,
            "user_agent": question.user_agent,
            "referrer": question.referrer,
        }

    def request(self, question: Question, now: datetime) -> Request:
        """Return a signed message of the type `comment.check`; its id is the comment's."""
        comment = {"id": question.comment_id, **self.told(question), "received_at": _iso(question.received_at)}
        message = {"type": "comment.check", "timestamp": _iso(now), "data": {"comment": comment}}
        body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        seconds = int(now.timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": "comment-moderation",
            "webhook-id": question.comment_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign(self.secret, question.comment_id, seconds, body),
        }
        return Request(self.url, headers, body)

    def read(self, question: Question, _headers: Mapping[str, str], body: bytes) -> list[Signal]:
        """Read `{"signals": [{"name", "strength", "evidence": [..]}]}` and nothing else."""
        document = read_object(body)
        listed = document.get("signals")
        if set(document) != {"signals"} or not isinstance(listed, list) or len(listed) > _MOST_SIGNALS:
            raise BadAnswerError("the answer is no list of signals")
        signals = [_read_signal(one) for one in listed]
        if len({signal.name for signal in signals}) != len(signals):
            raise BadAnswerError("a signal is named twice")
        return [replace(one, evidence=tuple(_find(item, question.body) for item in one.evidence)) for one in signals]


def _read_signal(given: Any) -> Signal:
    if not isinstance(given, dict) or not {"name", "strength"} <= set(given) <= {"name", "strength", "evidence"}:
        raise BadAnswerError("a signal has other fields")
    name, evidence = given["name"], given.get("evidence", [])
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadAnswerError("a signal's name is none")
    if not isinstance(evidence, list) or len(evidence) > _MOST_EVIDENCE:
        raise BadAnswerError("a signal's evidence is no list")
    texts = tuple(Evidence(read_text(text), field="") for text in evidence)
    return Signal(PREFIX + name, read_share(given["strength"]), texts)


def _find(evidence: Evidence, body: str) -> Evidence:
    """Say where in the body the evidence stands, if it does."""
    start = body.find(evidence.text) if evidence.text else -1
    return evidence if start < 0 else Evidence(evidence.text, "body", start, start + len(evidence.text))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
