"""What the demo saw of the service: answers, webhooks and what it was told when it asked. `tally` makes sense of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Accepted:
    """A row that the service took: its comment's id and the moment (Unix time) at which the answer was read."""

    row_id: str
    comment_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that the service did not take, and why: status and error codes."""

    row_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a comment: `status` is its state, `action` what the machine said, empty if unknown."""

    status: str
    action: str = ""
    score: float | None = None
    signals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook with a good signature; `at` is when the event happened, `arrived_at` when it came (Unix times).

    `is_decision` tells a person's word from the machine's.
    """

    webhook_id: str
    type: str
    comment_id: str
    external_id: str
    at: float
    arrived_at: float
    outcome: Outcome
    is_decision: bool = False


def read_event(webhook_id: str, body: bytes, arrived_at: float) -> Event | None:
    """Read a webhook's body (DESIGN section 9); None when it is about something else than a comment.

    Raises ValueError for a body that is not what the contract says.
    """
    message = json.loads(body)
    try:
        kind = str(message["type"])
        family, _, status = kind.partition(".")
        if family != "comment":
            return None
        data = message["data"]
        comment = data["comment"]
        return Event(
            webhook_id=webhook_id,
            type=kind,
            comment_id=str(comment["id"]),
            external_id=str(comment.get("external_id") or ""),
            at=_unix_time(message["timestamp"]),
            arrived_at=arrived_at,
            outcome=read_outcome(status, data.get("verdict")),
            is_decision=bool(data.get("decision")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a comment's webhook: {error!r}") from None


def read_outcome(status: str, verdict: Mapping[str, Any] | None) -> Outcome:
    """Take from a verdict what the demo counts; each signal's name once."""
    if not verdict:
        return Outcome(status)
    names = dict.fromkeys(str(signal["name"]) for signal in verdict.get("signals") or ())
    score = verdict.get("score")
    return Outcome(status, str(verdict.get("action") or ""), None if score is None else float(score), tuple(names))


def _unix_time(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
