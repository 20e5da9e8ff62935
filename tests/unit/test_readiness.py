"""Is the port free, and what does the API say of itself: asked of real sockets on loopback."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from moderation.children import Children
from moderation.readiness import Answer, NotStartedError, ask, claim_port, wait_until_ready
from moderation.settings import Settings
from moderation.stopping import Stop
from tests.processes import free_port, stand_in

IDLE = "import time; time.sleep(600)"


class Api(http.server.ThreadingHTTPServer):
    """Answers as told."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        # The last one is repeated.
        self.answers: list[tuple[int, bytes]] = [(200, b"{}")]

    @property
    def settings(self) -> Settings:
        """Return settings that lead to it."""
        return Settings(port=self.server_address[1])

    def say(self, status: int, **parts: Any) -> None:
        """Answer so from now on."""
        self.answers = [(status, json.dumps({"parts": parts}).encode())]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        """Answer the next thing."""
        answers = self.server.answers
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status if self.path == "/readyz" else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Keep quiet."""


@pytest.fixture
def api() -> Iterator[Api]:
    """Return a running API."""
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_free_port_will_do() -> None:
    claim_port(Settings(port=free_port()), Stop(), was_killed=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_port_in_use_is_found_and_said(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(host=host, port=other.getsockname()[1])
        with pytest.raises(NotStartedError, match=f"listens on {host}:{settings.port} already"):
            claim_port(settings, Stop(), was_killed=False)


def test_services_of_a_killed_up_get_time_to_let_go_of_the_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Timer(0.3, other.close).start()
        claim_port(Settings(port=other.getsockname()[1]), Stop(), was_killed=True)


def test_nobody_waits_for_a_port_once_a_stop_is_requested() -> None:
    stop = Stop()
    stop.is_requested = True
    with socket.create_server(("127.0.0.1", 0)) as other:
        claim_port(Settings(port=other.getsockname()[1]), stop, was_killed=True)


def test_an_address_of_another_machine_is_refused() -> None:
    # Of a network that is nobody's (RFC 5737).
    with pytest.raises(NotStartedError, match="is no address to listen on"):
        claim_port(Settings(host="192.0.2.1", port=free_port()), Stop(), was_killed=False)


def test_an_api_that_is_well_is_ready(api: Api) -> None:
    assert ask(api.settings) == Answer(is_ready=True)


def test_an_api_that_listens_everywhere_is_asked_on_loopback(api: Api) -> None:
    assert ask(Settings(host="0.0.0.0", port=api.settings.port)).is_ready


def test_parts_that_are_not_well_are_named(api: Api) -> None:
    api.say(503, database={"status": "well"}, redis={"status": "unwell", "detail": "does not answer"})
    assert ask(api.settings) == Answer(is_ready=False, complaint="redis: does not answer")


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"parts": []}', b'{"parts": {"a": 1}}'])
def test_an_answer_that_makes_no_sense_is_not_ready(api: Api, body: bytes) -> None:
    api.answers = [(503, body)]
    assert ask(api.settings) == Answer(is_ready=False, complaint="the API does not say which part is not well")


def test_an_api_that_does_not_listen_is_not_ready() -> None:
    answer = ask(Settings(port=free_port()))
    assert answer == Answer(is_ready=False, complaint="the API does not answer (ConnectionRefusedError)")


def test_waiting_ends_when_all_is_well(api: Api) -> None:
    api.answers = [(503, b"{}"), (503, b"{}"), (200, b"{}")]
    with Children(Stop()) as children:
        wait_until_ready(api.settings, children, children.add(stand_in(IDLE)), Stop(), pytest.fail)
    assert len(api.answers) == 1


def test_waiting_ends_when_the_api_ends() -> None:
    with Children(Stop()) as children:
        child = children.add(stand_in("raise SystemExit(7)"))
        with pytest.raises(NotStartedError, match="exit code 7"):
            wait_until_ready(Settings(port=free_port()), children, child, Stop(), pytest.fail)


def test_waiting_ends_when_a_stop_is_requested() -> None:
    stop = Stop()
    stop.is_requested = True
    with Children(stop) as children:
        wait_until_ready(Settings(port=free_port()), children, children.add(stand_in(IDLE)), stop, pytest.fail)


def test_a_long_wait_says_what_it_waits_for(api: Api) -> None:
    api.say(503, redis={"status": "unwell", "detail": "does not answer"})
    said: list[str] = []

    def tell(line: str) -> None:
        said.append(line)
        api.say(200)

    with Children(Stop()) as children:
        wait_until_ready(api.settings, children, children.add(stand_in(IDLE)), Stop(), tell, patience_seconds=0)
    assert "redis: does not answer" in said[0]
