"""The front of the API: bodies are waited for before a thread is asked, and WSGI is made of just what was sent."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import pytest

from api.arrival import Arrivals
from api.front import Front, environ_of
from api.limits import MAX_BATCH_BYTES, MAX_BYTES
from api.problems import REFUSED
from tests.api.service import Service, comment

Message = dict[str, Any]
_WHOLE = json.dumps(comment()).encode()
_AT_ONCE = 0.001


def scope(path: str = "/v1/comments", headers: Sequence[tuple[bytes, bytes]] = (), method: str = "POST") -> Message:
    """Return the head of a request, as ASGI has it."""
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers),
        "client": ("192.0.2.1", 4711),
        "server": ("127.0.0.1", 8000),
    }


def told(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", str(len(body)).encode())]


class Client:
    """Sends a body in parts, and notes what is answered. After the last part it says nothing, or that it is gone."""

    def __init__(self, parts: Sequence[bytes], *, is_whole: bool = True, is_gone: bool = False) -> None:
        self.messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        if is_whole:
            self.messages.append({"type": "http.request", "body": b"", "more_body": False})
        if is_gone:
            self.messages.append({"type": "http.disconnect"})
        self.answer: list[Message] = []

    async def receive(self) -> Message:
        # As a real client's, each part comes after a turn of the loop.
        await asyncio.sleep(0)
        if not self.messages:
            await asyncio.Event().wait()
        return self.messages.pop(0)

    async def send(self, message: Any) -> None:
        self.answer.append(message)

    @property
    def status(self) -> int:
        return int(self.answer[0]["status"])


def echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the body, or with why there is none."""
    refused = environ.get(REFUSED)
    start(f"{refused.status if refused else 200} Said", [("X-Said", "é")])
    return [environ["wsgi.input"].read()]


def ask(front: Front, *clients: Client, head: Message | None = None) -> None:
    """Let the clients ask all at once, in this order."""

    async def asking() -> None:
        asked: list[Awaitable[None]] = [
            front(head or scope(headers=[(b"transfer-encoding", b"chunked")]), one.receive, one.send) for one in clients
        ]
        await asyncio.gather(*asked)

    asyncio.run(asking())


def test_a_body_in_parts_is_handed_over_as_a_whole() -> None:
    client = Client([b"a", b"", b"bc"])
    ask(Front(echo, 1), client)
    assert (client.status, client.answer[0]["headers"]) == (200, [(b"x-said", b"\xe9")])
    assert client.answer[1] == {"type": "http.response.body", "body": b"abc"}


def test_a_request_without_a_body_is_not_waited_for() -> None:
    client = Client([], is_whole=False)
    ask(Front(echo, 1), client, head=scope(method="GET"))
    assert client.status == 200


@pytest.mark.parametrize(("path", "most"), [("/v1/comments", MAX_BYTES), ("/v1/comments/batch", MAX_BATCH_BYTES)])
def test_a_body_is_taken_in_up_to_its_limit_told_or_not(path: str, most: int) -> None:
    chunked = scope(path, [(b"transfer-encoding", b"chunked")])
    for size, status in ((most, 200), (most + 1, 413)):
        body = b" " * size
        for head in (chunked, scope(path, told(body))):
            client = Client([body[:most], body[most:]])
            ask(Front(echo, 1), client, head=head)
            assert client.status == status
            assert len(client.answer[1]["body"]) == (size if status == 200 else 0)


def test_a_body_that_is_told_to_be_too_large_is_not_waited_for() -> None:
    client = Client([], is_whole=False)
    ask(Front(echo, 1), client, head=scope(headers=[(b"content-length", b"1000000000000")]))
    assert client.status == 413


def test_a_body_that_breaks_off_is_refused() -> None:
    client = Client([_WHOLE], is_whole=False, is_gone=True)
    ask(Front(echo, 1), client)
    assert client.status == 400


def test_those_who_stall_are_given_up_and_hold_no_thread_meanwhile() -> None:
    stalled = [Client([b"half"], is_whole=False) for _ in range(50)]
    honest = [Client([b"whole"]) for _ in range(50)]
    ask(Front(echo, 1, Arrivals(seconds=_AT_ONCE)), *stalled)
    assert {one.status for one in stalled} == {408}
    # With time for everybody, the honest are answered while the others stall.
    again = [Client([b"half"], is_whole=False) for _ in range(50)]

    async def asking() -> None:
        front = Front(echo, 1)
        head = scope(headers=[(b"transfer-encoding", b"chunked")])
        waiting = [asyncio.create_task(front(head, one.receive, one.send)) for one in again]
        await asyncio.gather(*(front(head, one.receive, one.send) for one in honest))
        assert not any(one.done() for one in waiting)
        for one in waiting:
            one.cancel()

    asyncio.run(asking())
    assert {one.status for one in honest} == {200}


def test_one_that_stalls_is_given_up_at_its_own_time() -> None:
    async def asking() -> None:
        front = Front(echo, 1, Arrivals(seconds=0.05))
        head = scope(headers=[(b"transfer-encoding", b"chunked")])
        for _ in range(2):
            # The second is alone again: somebody has to look for it, too.
            client = Client([b"half"], is_whole=False)
            await front(head, client.receive, client.send)
            assert client.status == 408

    asyncio.run(asking())


def test_where_too_much_is_held_the_oldest_gives_way_and_nobody_else() -> None:
    oldest = Client([b"x" * 60], is_whole=False)
    others = [Client([b"y" * 20]), Client([b"z" * 30])]
    ask(Front(echo, 1, Arrivals(most_held_bytes=100)), oldest, *others)
    assert [one.status for one in (oldest, *others)] == [503, 200, 200]
    # What was held is held no more.
    after = [Client([b"x" * 60]), Client([b"y" * 40])]
    front = Front(echo, 1, Arrivals(most_held_bytes=100))
    ask(front, oldest := Client([b"x" * 101], is_whole=False), *after)
    assert [one.status for one in (oldest, *after)] == [503, 200, 200]
    assert front._arrivals._held == 0


def test_a_thread_survives_an_application_that_fails() -> None:
    def fail(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/fail":
            raise ValueError
        return echo(environ, start)

    front = Front(fail, 1)
    clients = [Client([]), Client([])]
    ask(front, clients[0], head=scope("/fail"))
    ask(front, clients[1], head=scope("/well"))
    assert [one.status for one in clients] == [500, 200]


def test_a_refused_request_is_answered_with_a_problem(service: Service) -> None:
    client = Client([_WHOLE], is_whole=False)
    ask(Front(service.app.wsgi_app, 1, Arrivals(seconds=_AT_ONCE)), client)
    assert client.status == 408
    headers = dict(client.answer[0]["headers"])
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"cache-control"] == b"no-store"
    assert json.loads(client.answer[1]["body"])["status"] == 408


def test_a_comment_is_accepted_through_the_front(service: Service) -> None:
    client = Client([_WHOLE[:10], _WHOLE[10:]])
    headers = [(b"authorization", f"Bearer {service.sk}".encode()), (b"content-type", b"application/json")]
    ask(Front(service.app.wsgi_app, 1), client, head=scope(headers=[*headers, *told(_WHOLE)]))
    assert client.status == 202
    assert service.count() == 1


def test_an_address_is_undone_once_and_to_the_byte() -> None:
    assert environ_of(scope("/a%2520b/%ff%C3%A9"))["PATH_INFO"] == "/a%20b/\xff\xc3\xa9"


def test_no_header_passes_for_another_or_is_lost() -> None:
    headers = [
        (b"x-forwarded-for", b"caf\xe9, 192.0.2.7"),
        (b"x_forwarded_for", b"192.0.2.66"),
        (b"x-forwarded-for", b"192.0.2.8"),
        (b"content_length", b"1"),
    ]
    environ = environ_of(scope(headers=headers))
    assert environ["HTTP_X_FORWARDED_FOR"] == "caf\xe9, 192.0.2.7,192.0.2.8"
    assert "CONTENT_LENGTH" not in environ
    assert environ["REMOTE_ADDR"] == "192.0.2.1"
