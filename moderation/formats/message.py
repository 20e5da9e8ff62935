"""What a format makes of an event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: the body, and the headers that go with it (the content type among them), in lower case."""

    body: bytes
    headers: Mapping[str, str]


Formatter = Callable[[Mapping[str, Any]], Message]
