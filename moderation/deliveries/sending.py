"""Put messages into the words of their endpoint's format, sign and send them, and say what came of each.

No transaction is open. Several are under way at a time, over connections that are kept.
"""

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from moderation import traces
from moderation.clock import Clock
from moderation.deliveries.composing import Sendable
from moderation.formats import FORMATTERS, answers
from moderation.formats.message import Message, Target
from moderation.formats.targets import addresses
from moderation.identity import Keyed
from moderation.log import get_logger
from moderation.mail import Mailer
from moderation.operator_services import OperatorServices
from moderation.outbound import Outbound, OutboundError
from moderation.retries import Outcome
from moderation.signing import sign

log = get_logger(__name__)

# Requests under way to one endpoint: all of them, however many workers there are, since it has one sender.
IN_FLIGHT = 8
# Characters of an answer that are kept.
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Means:
    """What sending takes: the secrets that sign, the doors, and the time."""

    keyed: Keyed
    outbound: Outbound
    mailer: Mailer
    services: OperatorServices
    clock: Clock


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
    means: Means, sendables: Sequence[Sendable], until: float, pool: ThreadPoolExecutor
) -> tuple[list[Tried], list[Sendable]]:
    """Send messages to one endpoint; after one that could not be delivered, or `until` (monotonic), begin no more.

    The caller's thread sends too, beside those of the pool. Returns the attempts, and what was not tried.
    """
    waiting, tried = deque(sendables), list[Tried]()
    secrets = _secrets(means.keyed, sendables)
    is_over = threading.Event()
    trace = traces.current()

    def work() -> None:
        while not is_over.is_set() and time.monotonic() <= until:
            try:
                one = waiting.popleft()
            except IndexError:
                return
            # The threads of the pool know nothing of the one that asks them.
            with traces.span("attempt", trace, delivery=one.id, endpoint=one.endpoint_id):
                came = _attempt(means, one, secrets)
            tried.append(came)
            if came.outcome.result in ("retry", "gone"):
                is_over.set()

    # People read one after the other, and their services take no more at a time.
    at_once = min(IN_FLIGHT, len(sendables)) if is_for_programs(sendables[0].format) else 1
    others = [pool.submit(work) for _ in range(at_once - 1)]
    work()
    for other in others:
        other.result()
    return tried, list(waiting)


def is_for_programs(format_name: str) -> bool:
    """Tell whether several messages of this format may be under way together."""
    return format_name == "standard"


def _secrets(keyed: Keyed, sendables: Sequence[Sendable]) -> Mapping[tuple[int, ...], list[str]]:
    """Return what signs, by the generations of secrets; all are for one endpoint."""
    endpoint_id = sendables[0].endpoint_id
    return {
        generations: [secret for one in generations for secret in keyed.endpoint_secrets(endpoint_id, one)]
        for generations in {one.generations for one in sendables}
    }


def _attempt(means: Means, one: Sendable, secrets: Mapping[tuple[int, ...], list[str]]) -> Tried:
    """Try to deliver one, and raise nothing: what came of those beside it has to be written down."""
    started_at, began = means.clock(), time.monotonic()
    try:
        return _try(means, one, secrets, started_at)
    except Exception as error:  # noqa: BLE001 - tried again later, like all that fails
        name = type(error).__name__
        log.error("sending failed", delivery=one.id, format=one.format, error=name)  # noqa: TRY400 - may quote a comment
        return Tried(one, started_at, time.monotonic() - began, Outcome("retry", f"sending failed ({name})"))


def _try(means: Means, one: Sendable, secrets: Mapping[tuple[int, ...], list[str]], started_at: datetime) -> Tried:
    try:
        message = FORMATTERS[one.format](one.document, Target(url=one.url, delivery_id=one.id, language=one.language))
    except Exception as error:  # noqa: BLE001 - one comment must not keep the others waiting
        log.error("message not made", delivery=one.id, format=one.format, error=type(error).__name__)  # noqa: TRY400 - may quote it
        return Tried(one, started_at, 0.0, Outcome("dead", f"the message could not be made ({type(error).__name__})"))
    began = time.monotonic()
    try:
        if one.format == "email":
            means.mailer.send(addresses(one.url), message.body, one.id)
            return Tried(one, started_at, time.monotonic() - began, Outcome("delivered"))
        if one.format == "apprise":
            means.services.send(message.body)
            return Tried(one, started_at, time.monotonic() - began, Outcome("delivered"))
        headers = _headers(secrets[one.generations], one, message, started_at)
        answer = means.outbound.post(message.url or one.url, headers, message.body)
    except OutboundError as error:
        outcome = Outcome("dead" if error.permanent else "retry", str(error))
        return Tried(one, started_at, time.monotonic() - began, outcome)
    outcome = answers.read(one.format, answer.status, answer.headers, answer.body, means.clock())
    if one.format != "standard" and outcome.result == "delivered":
        # A chat says again what it was told, and of whom.
        return Tried(one, started_at, answer.seconds, outcome, answer.status)
    shown = answer.body[:_SHOWN].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return Tried(one, started_at, answer.seconds, outcome, answer.status, shown)


def _headers(secrets: Sequence[str], one: Sendable, message: Message, now: datetime) -> dict[str, str]:
    timestamp = int(now.timestamp())
    return {
        **message.headers,
        "user-agent": "comment-moderation",
        "webhook-id": one.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, one.id, timestamp, message.body) for secret in secrets),
    }
