"""The few errors the domain raises; the edges (answers, tasks, commands) turn them into words for whoever asked."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ModerationError(Exception):
    """Base of every error that is an answer rather than a fault of the program."""


class SettingsError(ModerationError):
    """A setting is unknown, missing or makes no sense; the message says which and what would."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field, as a code for programs; `messages` has the sentence for people.

    `limits` fills the sentence's blanks (`{"max": 100}`).
    """

    field: str
    code: str
    limits: dict[str, Any] = dataclasses.field(default_factory=dict)


class InvalidInputError(ModerationError):
    """What was sent can't be accepted; carries every error at once, one per field."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(", ".join(f"{error.field}: {error.code}" for error in self.errors))


class NotFoundError(ModerationError):
    """There is no such thing, or not for the one who asks: both look the same from outside."""


class ConflictError(ModerationError):
    """Someone else was first. `code` tells programs why, `retry_after` (seconds) when asking again makes sense."""

    def __init__(self, code: str, message: str, *, retry_after: int | None = None) -> None:
        self.code = code
        self.retry_after = retry_after
        super().__init__(message)


class KeyReusedError(ModerationError):
    """An idempotency key came again with a different body."""
