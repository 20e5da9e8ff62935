"""Catches the webhooks: a real server on a free loopback port that checks signatures as a website would."""

import secrets
import socket
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from moderation import signing
from moderation.demo.observed import Event, read_event

# The service's own bound is 20 kB; whatever is far beyond it is not from there.
_LARGEST_BODY_BYTES = 1 << 20


class Inbox:
    """What came so far; written by the server's threads."""

    def __init__(self) -> None:
        # Nobody else on this machine can guess it, so every post to it is the service's.
        self.path = "/" + secrets.token_urlsafe(12)
        self._secret: str | None = None
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._seen: set[str] = set()
        self._badly_signed = 0
        self._unreadable = 0
        self._last_at = time.monotonic()

    def use_secret(self, secret: str) -> None:
        """Check signatures with this secret from now on."""
        self._secret = secret

    def take(self, webhook_id: str, timestamp: str, signature: str, body: bytes) -> HTTPStatus:
        """Keep a webhook if it is what it says; return the status to answer."""
        arrived_at = time.time()
        secret = self._secret
        if secret is None:
            # Sent between the making of the endpoint and the reading of its secret.
            return HTTPStatus.SERVICE_UNAVAILABLE
        if not signing.verify([secret], webhook_id, timestamp, signature, body, int(arrived_at)):
            with self._lock:
                self._badly_signed += 1
            return HTTPStatus.UNAUTHORIZED
        try:
            event = read_event(webhook_id, body, arrived_at)
        except ValueError:
            with self._lock:
                self._unreadable += 1
            return HTTPStatus.BAD_REQUEST
        with self._lock:
            self._last_at = time.monotonic()
            if event:
                self._events.append(event)
                self._seen.add(event.comment_id)
        return HTTPStatus.NO_CONTENT

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event in order of arrival, redelivered ones each time."""
        with self._lock:
            return tuple(self._events)

    @property
    def badly_signed(self) -> int:
        """How many webhooks had no good signature."""
        return self._badly_signed

    @property
    def unreadable(self) -> int:
        """How many were well signed but not as the contract says."""
        return self._unreadable

    def without_event(self, comment_ids: set[str]) -> set[str]:
        """Return those of the comments of which nothing was heard."""
        with self._lock:
            return comment_ids - self._seen

    def count(self) -> int:
        """Return of how many comments something was heard."""
        with self._lock:
            return len(self._seen)

    def quiet_seconds(self) -> float:
        """Return how long ago the last good webhook came, or the inbox was made."""
        return time.monotonic() - self._last_at


class Receiver:
    """The server around an inbox; it listens as long as the `with` block lasts."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self._server = _Server(self.inbox)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{self.inbox.path}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="demo-receiver")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    # The service may open many connections at once.
    request_queue_size = 512
    # Its threads are waited for at the end, so that none outlives the command.
    daemon_threads = False

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the service hung up, and will send again."""

    def hang_up(self) -> None:
        """End kept-alive connections, on which threads wait for a next request."""
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Answers are one small write each; waiting to fill a packet would delay them by 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self._answer(HTTPStatus.LENGTH_REQUIRED, is_last=True)
            return
        if int(length) > _LARGEST_BODY_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, is_last=True)
            return
        body = self.rfile.read(int(length))
        if self.path != self.server.inbox.path:
            self._answer(HTTPStatus.NOT_FOUND)
            return
        webhook_id, timestamp, signature = (
            self.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
        )
        self._answer(self.server.inbox.take(webhook_id, timestamp, signature, body))

    def _answer(self, status: HTTPStatus, *, is_last: bool = False) -> None:
        self.send_response_only(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", "0")
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", "1")
        if is_last:
            self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""
