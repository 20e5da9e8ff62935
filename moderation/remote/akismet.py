"""Akismet's comment-check, as its documentation describes it; any server of the same protocol will do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from moderation.remote.names import AKISMET
from moderation.remote.question import BadAnswerError, CannotAskError, Question, Request
from moderation.signals import Evidence, Signal

_HEADERS = {
    "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    "user-agent": "comment-moderation/1 | comment-moderation/1",
}
# Not beyond doubt: the service says so by a header.
_PLAIN_STRENGTH = 0.9


@dataclass(frozen=True, slots=True)
class Akismet:
    """An account at a server of the protocol."""

    url: str
    key: str
    name: str = AKISMET

    def told(self, question: Question) -> Mapping[str, str]:
        """Return the fields of comment-check. The protocol knows no other way than the plain address and text."""
        fields = {
            "blog": _blog(question),
            "blog_charset": "UTF-8",
            "blog_lang": question.language,
            # Required, though it may be empty.
            "user_ip": question.ip or "",
            "user_agent": question.user_agent,
            "referrer": question.referrer,
            "permalink": question.post_url,
            "comment_type": "comment",
            "comment_author": question.name,
            "comment_author_email": question.email,
            "comment_author_url": question.website,
            "comment_content": question.body,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def request(self, question: Question, _now: datetime) -> Request:
        """Return a comment-check."""
        fields = {**self.told(question), "comment_date_gmt": question.received_at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        body = urlencode({"api_key": self.key, **fields}).encode()
        return Request(f"{self.url}/1.1/comment-check", _HEADERS, body)

    def read(self, _question: Question, headers: Mapping[str, str], body: bytes) -> list[Signal]:
        """Notice REMOTE_AKISMET for `true`; whatever is neither `true` nor `false` is an error by its protocol."""
        if body == b"false":
            return []
        if body != b"true":
            raise BadAnswerError("the answer is neither true nor false")
        if headers.get("x-akismet-pro-tip") == "discard":
            return [Signal("REMOTE_AKISMET", 1.0, (Evidence("spam beyond doubt", field=""),))]
        return [Signal("REMOTE_AKISMET", _PLAIN_STRENGTH, (Evidence("spam", field=""),))]

    def probe(self) -> Request:
        """Return a request that is answered `valid` when the key is."""
        body = urlencode({"key": self.key, "api_key": self.key, "blog": "https://example.com/"}).encode()
        return Request(f"{self.url}/1.1/verify-key", _HEADERS, body)


def _blog(question: Question) -> str:
    if question.domain:
        return f"https://{question.domain}/"
    try:
        parts = urlsplit(question.post_url or "")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise CannotAskError("the site has no domain")
    return f"{parts.scheme}://{parts.netloc}/"
