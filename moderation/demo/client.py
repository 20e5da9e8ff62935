"""Talks to the service like a website's server: keep-alive connections, and patience when it is asked to wait."""

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3

_TIMEOUT = urllib3.Timeout(connect=5, read=30)
_WAIT_STATUSES = frozenset({429, 503})
# With Retry-After: the first request with the same Idempotency-Key is still under way.
_CONFLICT = 409
# Between attempts where the service names no time: doubled from the first to the last.
_FIRST_PAUSE_SECONDS = 0.25
_LAST_PAUSE_SECONDS = 5.0
# Asked to stay away for longer than that, the demo takes it for a refusal.
_LONGEST_WAIT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's status, its JSON (None if there was none) and the moment (Unix time) at which it was read."""

    status: int
    content: Any
    at: float
    retry_after_seconds: float | None = None


class NoAnswerError(Exception):
    """The service could not be reached, or fell silent before it answered."""


class Client:
    """One key's door to the service, safe to use from many threads.

    `patience_seconds` is how long it insists while no request at all gets through.
    """

    def __init__(self, base_url: str, key: str, *, connections: int = 1, patience_seconds: float = 60.0) -> None:
        self._base_path = urllib3.util.parse_url(base_url).path or ""
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        # Not a PoolManager: one of those leaves its connections to the garbage collector when it is cleared.
        self._pool = urllib3.connection_from_url(base_url, maxsize=connections, retries=False, timeout=_TIMEOUT)
        self._patience_seconds = patience_seconds
        self._progress_at = time.monotonic()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._retries: Counter[str] = Counter()

    @property
    def retries(self) -> dict[str, int]:
        """How often a request was sent again, by reason: a status or `no answer`."""
        with self._lock:
            return dict(self._retries)

    def ask(self, method: str, path: str, content: Any = None, idempotency_key: str | None = None) -> Answer:
        """Send one request once; raise NoAnswerError when no answer comes."""
        headers = dict(self._headers)
        body = None
        if content is not None:
            body = _encoded(content)
            headers["Content-Type"] = "application/json"
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        try:
            answer = self._pool.request(method, self._base_path + path, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise NoAnswerError(str(error)) from error
        return Answer(answer.status, _decoded(answer.data), time.time(), _retry_after(answer.headers))

    def insist(self, method: str, path: str, content: Any = None, idempotency_key: str | None = None) -> Answer:
        """Send a request until it gets an answer other than a wish to wait (429, 503), as long as patience lasts.

        Only for what may be sent twice: reads, and posts whose Idempotency-Key the service honours.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            answer: Answer | None
            try:
                answer = self.ask(method, path, content, idempotency_key)
            except NoAnswerError:
                if not self._may_wait(pause):
                    raise
                answer = None
            if answer and not _asks_to_wait(answer):
                self._progress_at = time.monotonic()
                return answer
            wait_seconds = pause
            if answer and answer.retry_after_seconds is not None:
                wait_seconds = answer.retry_after_seconds
            if answer and not self._may_wait(wait_seconds):
                return answer
            with self._lock:
                self._retries[str(answer.status) if answer else "no answer"] += 1
            self._stopped.wait(wait_seconds)
            pause = min(2 * pause, _LAST_PAUSE_SECONDS)

    def stop(self) -> None:
        """Let nobody insist any longer."""
        self._stopped.set()

    def close(self) -> None:
        """Stop, and close the connections."""
        self.stop()
        self._pool.close()

    def _may_wait(self, seconds: float) -> bool:
        waited = time.monotonic() - self._progress_at
        is_patient = waited < self._patience_seconds and seconds <= _LONGEST_WAIT_SECONDS
        return is_patient and not self._stopped.is_set()


def _asks_to_wait(answer: Answer) -> bool:
    if answer.status == _CONFLICT:
        return answer.retry_after_seconds is not None
    return answer.status in _WAIT_STATUSES


def _encoded(content: Any) -> bytes:
    try:
        return json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # A lone surrogate in a row has no UTF-8; as an escape it is for the service to refuse.
        return json.dumps(content).encode()


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After (RFC 9110 section 10.2.3): seconds or a date."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
