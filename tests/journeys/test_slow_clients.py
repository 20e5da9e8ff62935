"""Clients that send slowly, too much or without end, over bare sockets to the real server."""

import contextlib
import http.client
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from api.limits import MAX_BYTES
from moderation.clock import utc_now
from moderation.db import Database, make_engine
from moderation.identity import Keyed
from moderation.migrations import migrate
from moderation.sites import add_site
from tests.conftest import SECRET
from tests.journeys.servers import answers, python_module, running
from tests.processes import free_port

_COMMENT = json.dumps({"name": "Sara", "email": "sara@example.com", "body": "Well.", "post_id": "1"}).encode()
# More than a server has threads, by far.
_CLIENTS = 200


@dataclass(frozen=True, slots=True)
class Server:
    """The real server, and a key."""

    port: int
    key: str

    def head(self, *more: str) -> bytes:
        """Return the head of a POST of a comment."""
        lines = [
            "POST /v1/comments HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {self.key}",
            "Content-Type: application/json",
            *more,
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    @contextlib.contextmanager
    def sent(self, data: bytes) -> Iterator[socket.socket]:
        """Open a connection, send this, and keep it open."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as one:
            one.sendall(data)
            yield one

    def post(self) -> int:
        """Post a comment as everybody does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request("POST", "/v1/comments", _COMMENT, headers)
            return connection.getresponse().status


def status(one: socket.socket) -> int:
    """Return the status of the answer."""
    response = http.client.HTTPResponse(one)
    response.begin()
    return response.status


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the real server on a database of its own."""
    folder = tmp_path_factory.mktemp("slow")
    url = f"sqlite:///{folder / 'moderation.db'}"
    database = Database(make_engine(url))
    migrate(database)
    with database.write() as session:
        site = add_site(session, Keyed(SECRET), "News", "news.example.com", utc_now())
    database.close()
    port = free_port()
    environment = {
        **os.environ,
        "MODERATION_DATABASE_URL": url,
        "MODERATION_DATA_DIR": str(folder),
        "MODERATION_SECRET_KEY": SECRET,
        "MODERATION_REDIS_URL": "redis://127.0.0.1:1/0",
        "MODERATION_PORT": str(port),
    }
    with running("api", python_module("api"), folder, environment=environment) as process:
        process.wait_until(lambda: answers(port), "it listened")
        yield Server(port, site.secret_key)


def test_clients_that_never_finish_their_head_stop_nobody(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(_CLIENTS):
            stack.enter_context(server.sent(server.head()[:-3]))
        assert server.post() == 202


def test_clients_that_never_finish_their_body_stop_nobody(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for at in range(_CLIENTS):
            told = "Transfer-Encoding: chunked" if at % 2 else f"Content-Length: {len(_COMMENT)}"
            begun = b"10\r\nhalf" if at % 2 else _COMMENT[:10]
            stack.enter_context(server.sent(server.head(told) + begun))
        for _ in range(5):
            assert server.post() == 202


@pytest.mark.long
def test_a_body_that_never_ends_is_given_up(server: Server) -> None:
    with server.sent(server.head(f"Content-Length: {len(_COMMENT)}") + _COMMENT[:10]) as one:
        response = http.client.HTTPResponse(one)
        response.begin()
        assert response.status == 408
        assert json.loads(response.read())["status"] == 408
        # The server hangs up, too.
        assert one.recv(1) == b""


def test_a_large_batch_is_read_whole(server: Server) -> None:
    batch = b'{"comments": [' + b", ".join([_COMMENT] * 500) + b"]}"
    padded = batch.ljust(2 * MAX_BYTES)
    head = server.head(f"Content-Length: {len(padded)}").replace(b"/v1/comments", b"/v1/comments/batch", 1)
    with server.sent(head + padded) as one:
        assert status(one) == 200


def test_a_header_that_is_spelt_alike_does_not_pass_for_another(server: Server) -> None:
    with server.sent(
        server.head(f"Content-Length: {len(_COMMENT)}", "Authorization_: x", "Content_Length: 1") + _COMMENT
    ) as one:
        assert status(one) == 202


def test_a_body_that_is_told_to_be_too_long_is_refused_unread(server: Server) -> None:
    with server.sent(server.head(f"Content-Length: {10**12}")) as one:
        assert status(one) == 413


def test_a_chunked_body_without_an_end_is_refused_at_the_limit(server: Server) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with server.sent(server.head("Transfer-Encoding: chunked")) as one:
        sent = 0
        # The server may close while we still send.
        with contextlib.suppress(ConnectionError):
            while sent <= 64 * MAX_BYTES:
                one.sendall(chunk)
                sent += 0x10000
        with contextlib.suppress(ConnectionError):
            assert status(one) == 413
    assert server.post() == 202


@pytest.mark.parametrize("length", ["-1", "1e3", "18446744073709551617", "5, 6", "abc"])
def test_a_length_that_is_none_is_refused(server: Server, length: str) -> None:
    with server.sent(server.head(f"Content-Length: {length}") + _COMMENT) as one:
        assert 400 <= status(one) < 500


def test_a_body_shorter_than_told_is_no_comment(server: Server) -> None:
    with server.sent(server.head(f"Content-Length: {len(_COMMENT) + 10}") + _COMMENT) as one:
        one.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError, http.client.BadStatusLine):
            assert status(one) != 202


def test_a_huge_head_is_refused(server: Server) -> None:
    with server.sent(b"") as one:
        with contextlib.suppress(ConnectionError):
            one.sendall(server.head(*(f"X-{at}: {'x' * 1_000}" for at in range(5_000))))
        with contextlib.suppress(ConnectionError, http.client.BadStatusLine):
            assert 400 <= status(one) < 500
    assert server.post() == 202
