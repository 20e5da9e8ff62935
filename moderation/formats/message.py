"""What a format makes of an event, and what it is told of the endpoint that will read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moderation.messages import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom a message is for: the endpoint's URL, the delivery's id, and the language to speak (None: the comment's)."""

    url: str
    delivery_id: str
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: the body, and the headers that go with it (the content type among them), in lower case.

    `url` is where to, when that is not the endpoint's own.
    """

    body: bytes
    headers: Mapping[str, str]
    url: str | None = None


Formatter = Callable[[Mapping[str, Any], Target], Message]
