"""What a service may be told of a comment, and how each service is spoken to. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from moderation.remote.names import REMOTE_FAILED
from moderation.signals import Evidence, Signal

_MOST_TEXT = 200
_ZWNJ = "\N{ZERO WIDTH NON-JOINER}"


class CannotAskError(Exception):
    """The comment lacks what the service must be told; the message says what."""


class BadAnswerError(Exception):
    """The answer is none that the service may give; the message says what is wrong and quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A comment, with what a service may want to know of it. A service is told less: see its `told`."""

    comment_id: str
    site_id: str
    domain: str | None = None
    post_id: str
    post_url: str | None = None
    post_title: str | None = None
    name: str
    email: str
    website: str | None = None
    body: str
    language: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    referrer: str | None = None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Service(Protocol):
    """One service: pure functions around the one call that `asking` makes."""

    @property
    def name(self) -> str:
        """Its name in policies."""

    @property
    def url(self) -> str:
        """Its address."""

    def told(self, question: Question) -> Mapping[str, Any]:
        """Return all that the service is told of a comment, but ids and times; raise CannotAskError.

        Two comments of which it is told the same get the same answer, from the cache.
        """

    def request(self, question: Question, now: datetime, /) -> Request:
        """Return what to post."""

    def read(self, question: Question, headers: Mapping[str, str], body: bytes, /) -> list[Signal]:
        """Read an answer of status 200; raise BadAnswerError for one that makes no sense."""


def failed(service: str, why: str) -> Signal:
    """Return the signal that an opinion could not be had."""
    return Signal(REMOTE_FAILED, 1.0, (Evidence(f"{service}: {why}", field=""),))


def read_object(body: bytes) -> Mapping[str, Any]:
    """Read a JSON object; raise BadAnswerError for anything else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise BadAnswerError("the answer is no JSON") from None
    if not isinstance(document, dict):
        raise BadAnswerError("the answer is no JSON object")
    return document


def read_share(value: Any, most: int = 1) -> float:
    """Read a number of 0..most; raise BadAnswerError for anything else."""
    # NaN is outside of every range.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise BadAnswerError(f"a number is not within 0..{most}")
    return float(value)


def read_text(value: Any) -> str:
    """Read a stranger's short text: one line without controls, cut; raise BadAnswerError when it is none."""
    if not isinstance(value, str):
        raise BadAnswerError("a text is none")
    cut = value[:_MOST_TEXT]
    # What a database or a terminal is not safe with; the non-joiner belongs into Persian words.
    return "".join(sign if sign.isprintable() or sign == _ZWNJ else " " for sign in cut).strip()
