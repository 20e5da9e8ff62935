"""Send composed messages, signed, and say what came of each. No transaction is open."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from moderation.clock import Clock
from moderation.deliveries.claiming import SENDING_SECONDS
from moderation.deliveries.composing import Sendable
from moderation.identity import Keyed
from moderation.outbound import Outbound, OutboundError
from moderation.retries import Outcome, read_answer
from moderation.signing import sign

# Characters of an answer that are kept.
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that was made."""

    sendable: Sendable
    started_at: datetime
    seconds: float
    outcome: Outcome
    status: int | None = None
    answer: str | None = None


def send(
    keyed: Keyed, outbound: Outbound, sendables: Sequence[Sendable], clock: Clock
) -> tuple[list[Tried], list[Sendable]]:
    """Send one after the other; an endpoint that fails is left alone for the rest of the batch.

    Returns the attempts, and what was not tried.
    """
    began = time.monotonic()
    tried: list[Tried] = []
    handed_back: list[Sendable] = []
    failing: set[str] = set()
    for one in sendables:
        if not one.is_enabled:
            tried.append(Tried(one, clock(), 0.0, Outcome("dead", "the endpoint is disabled")))
        elif one.endpoint_id in failing or time.monotonic() - began > SENDING_SECONDS:
            handed_back.append(one)
        else:
            attempt = _attempt(keyed, outbound, one, clock)
            tried.append(attempt)
            if attempt.outcome.result in ("retry", "gone"):
                failing.add(one.endpoint_id)
    return tried, handed_back


def _attempt(keyed: Keyed, outbound: Outbound, one: Sendable, clock: Clock) -> Tried:
    started_at = clock()
    timestamp = int(started_at.timestamp())
    body = one.message.body
    secrets = keyed.endpoint_secrets(one.endpoint_id, one.generation)
    headers = {
        **one.message.headers,
        "user-agent": "comment-moderation",
        "webhook-id": one.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, one.id, timestamp, body) for secret in secrets),
    }
    began = time.monotonic()
    try:
        answer = outbound.post(one.url, headers, body)
    except OutboundError as error:
        outcome = Outcome("dead" if error.permanent else "retry", str(error))
        return Tried(one, started_at, time.monotonic() - began, outcome)
    outcome = read_answer(answer.status, answer.headers, clock())
    shown = answer.body[:_SHOWN].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return Tried(one, started_at, answer.seconds, outcome, answer.status, shown)
