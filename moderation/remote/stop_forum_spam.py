"""Stop Forum Spam's list of addresses that spam was reported from, as its usage page describes it. Pure.

It is told the visitor's address and the MD5 of the email. Never the name: the name of one spammer is that of many
readers.
"""

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from moderation.remote.names import STOP_FORUM_SPAM
from moderation.remote.question import BadAnswerError, Question, Request, read_object, read_share
from moderation.signals import Evidence, Signal

# Behind one address may be a village, and a private network that readers of censored sites share with spammers.
_OF_ADDRESS = 0.5


@dataclass(frozen=True, slots=True)
class StopForumSpam:
    """The public API, or a mirror of it."""

    url: str
    name: str = STOP_FORUM_SPAM

    def told(self, question: Question) -> Mapping[str, str]:
        """Return the hash of the email and, where it is known and public, the visitor's address."""
        email = question.email.strip().lower().encode("utf-8", "replace")
        fields = {"emailhash": hashlib.md5(email, usedforsecurity=False).hexdigest()}
        if question.ip and _is_public(question.ip):
            fields["ip"] = question.ip
        return fields

    def request(self, question: Question, _now: datetime) -> Request:
        """Return a look-up. Posted, so that no log on the way holds an address."""
        fields = {**self.told(question), "json": "1", "confidence": "1"}
        headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": "comment-moderation"}
        return Request(self.url, headers, urlencode(fields).encode())

    def read(self, question: Question, _headers: Mapping[str, str], body: bytes) -> list[Signal]:
        """Notice REMOTE_STOP_FORUM_SPAM: in full for a listed email, by half for a listed address."""
        document = {name.lower(): value for name, value in read_object(body).items()}
        if document.get("success") != 1:
            raise BadAnswerError("the answer is no success")
        confidences = {name: _confidence(document.get(name)) for name in self.told(question)}
        email, address = confidences["emailhash"], confidences.get("ip", 0.0)
        strength = 1.0 - (1.0 - email) * (1.0 - _OF_ADDRESS * address)
        if not strength:
            return []
        shares = (("email", email), ("address", address))
        seen = [f"{what} listed, {share:.0%} sure" for what, share in shares if share]
        return [Signal("REMOTE_STOP_FORUM_SPAM", strength, tuple(Evidence(text, field="") for text in seen))]


def _is_public(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _confidence(section: Any) -> float:
    """Return 0..1 from one section of the answer."""
    if not isinstance(section, dict) or section.get("appears") not in (0, 1):
        raise BadAnswerError("what was asked for is missing")
    if not section["appears"]:
        return 0.0
    percent = section.get("confidence")
    return read_share(percent, most=100) / 100
