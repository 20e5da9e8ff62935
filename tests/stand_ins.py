"""A real HTTP server on loopback that answers, stalls, cuts off or lies, as a test says."""

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.conftest import Received


@dataclass(frozen=True)
class Reply:
    """What a stand-in answers; `cut` ends the connection after the body, which is then shorter than announced."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class StandIn:
    """A service that is not there: `respond` says what it answers, in a thread per question."""

    respond: Callable[[Received], Reply]
    url: str = ""
    received: list[Received] = field(default_factory=list)
    # While it is clear, nobody gets an answer.
    may_answer: threading.Event = field(default_factory=threading.Event)
    # Set by the first question that came while it was clear.
    is_stalling: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def stand_in(respond: Callable[[Received], Reply]) -> Iterator[StandIn]:
    """Run a stand-in until the block ends."""
    service = StandIn(respond)
    service.may_answer.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            received = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            service.received.append(received)
            if not service.may_answer.is_set():
                service.is_stalling.set()
                service.may_answer.wait(60)
            reply = service.respond(received)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body) + 1000 * reply.cut))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.cut

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Keep quiet."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Keep quiet about clients that hang up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield service
        finally:
            service.may_answer.set()
            server.shutdown()
            thread.join()
