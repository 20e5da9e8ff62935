"""Put many questions to one service at a time, through the one door, within a time limit that nothing outlasts."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from moderation.clock import Clock
from moderation.log import get_logger
from moderation.outbound import Outbound, OutboundError
from moderation.remote.breaker import Breaker
from moderation.remote.question import BadAnswerError, Question, Service
from moderation.retries import read_retry_after
from moderation.signals import Signal

log = get_logger(__name__)

Outcome = Literal["answered", "nonsense", "throttled", "failed", "late"]

_OK = 200
# What a thread needs beside its call before it counts as stuck.
_GRACE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """A service, the door to it, and the seconds that an answer may take."""

    service: Service
    outbound: Outbound
    seconds: float


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one call; `why` is for people and holds nothing of the answer."""

    outcome: Outcome
    signals: tuple[Signal, ...] = ()
    why: str = ""
    retry_after: timedelta | None = None


_LATE = Said("late", why="no answer in time")


@dataclass(slots=True)
class _Call:
    question: Question
    # Set by the thread that makes the call.
    began: float | None = None
    is_over: bool = False


class _Round:
    """What the calls of one round share: how the service is doing by now, and until when one may begin."""

    def __init__(self, breaker: Breaker, clock: Clock, stop_at: float) -> None:
        self.breaker = breaker
        self._clock = clock
        self._stop_at = stop_at
        self._lock = threading.Lock()

    def is_over(self) -> bool:
        """Tell whether no other call may begin."""
        return time.monotonic() >= self._stop_at or self.breaker.state(self._clock()) == "open"

    def begin(self, call: _Call) -> bool:
        """Tell whether this call may be made."""
        with self._lock:
            if self.is_over():
                return False
            call.began = time.monotonic()
            return True

    def end(self, call: _Call, said: Said) -> bool:
        """Note what came of a call; return False when something had been noted before."""
        with self._lock:
            if call.is_over:
                return False
            call.is_over = True
            # One that talks nonsense is there all the same, and answers at once.
            is_there = said.outcome in ("answered", "nonsense")
            now = self._clock()
            self.breaker = self.breaker.succeeded() if is_there else self.breaker.failed(now, said.retry_after)
            return True


def ask_all(
    line: Line, pool: Executor, questions: Sequence[Question], breaker: Breaker, clock: Clock
) -> tuple[Mapping[str, Said], Breaker]:
    """Return what the service said, by comment, and how it is doing. What is missing was not asked.

    None begins later than `line.seconds` from now, and none is waited for longer than so long: a service that does not
    answer costs the limit once, then the rest is not asked.
    """
    stop_at = time.monotonic() + line.seconds
    limit = line.seconds + _GRACE_SECONDS
    this = _Round(breaker, clock, stop_at)
    said: dict[str, Said] = {}
    calls = {pool.submit(_make, line, call, this, clock): call for call in map(_Call, questions)}
    while calls:
        done, _ = wait(calls, _patience(calls.values(), stop_at, limit), FIRST_COMPLETED)
        for one in done:
            comment_id, result = calls.pop(one).question.comment_id, one.result()
            if result is not None:
                said[comment_id] = result
        for one, call in list(calls.items()):
            is_late = call.began is not None and time.monotonic() - call.began >= limit
            if is_late and this.end(call, _LATE):
                said[calls.pop(one).question.comment_id] = _LATE
        if this.is_over():
            _cancel(calls)
    return said, this.breaker


def _patience(calls: Iterable[_Call], stop_at: float, limit: float) -> float:
    """Return the seconds until a call under way is late, or until no other may begin."""
    now = time.monotonic()
    moments = [call.began + limit for call in calls if call.began is not None]
    if now < stop_at or not moments:
        moments.append(stop_at)
    return max(0.0, min(moments) - now)


def _cancel(calls: "dict[Future[Said | None], _Call]") -> None:
    for one in [future for future in calls if future.cancel()]:
        del calls[one]


def _make(line: Line, call: _Call, this: _Round, clock: Clock) -> Said | None:
    if not this.begin(call):
        return None
    said = _exchange_or_fail(line, call.question, clock)
    this.end(call, said)
    return said


def _exchange_or_fail(line: Line, question: Question, clock: Clock) -> Said:
    service, comment_id = line.service.name, question.comment_id
    try:
        said = _exchange(line, question, clock)
    except OutboundError as error:
        # Where it points to is the operator's business, not the moderators'.
        log.warning("no remote answer", service=service, comment=comment_id, error=str(error))
        return Said("failed", why="no answer")
    except Exception as error:  # noqa: BLE001 - a stranger's answer may hold what nobody thought of
        # Not its text: that may quote the comment.
        log.error("remote answer not read", service=service, comment=comment_id, error=type(error).__name__)  # noqa: TRY400
        return Said("failed", why="the answer could not be read")
    if said.outcome != "answered":
        log.warning("no remote opinion", service=service, comment=comment_id, error=said.why)
    return said


def _exchange(line: Line, question: Question, clock: Clock) -> Said:
    request = line.service.request(question, clock())
    answer = line.outbound.post(request.url, request.headers, request.body)
    if answer.status != _OK:
        wish = read_retry_after(answer.headers.get("retry-after"), clock())
        return Said("throttled" if wish else "failed", why=f"answered {answer.status}", retry_after=wish)
    try:
        return Said("answered", tuple(line.service.read(question, answer.headers, answer.body)))
    except BadAnswerError as error:
        return Said("nonsense", why=str(error))
