"""The front of the API: it lets one of the threads that answer begin once a request is there as a whole.

A server of WSGI hands a request over with its body still on the way: each slow client holds a thread then, and some
slow clients hold all. So the server speaks ASGI to this file, `arrival` waits for the body, and Flask answers as it
always does, in one of a fixed number of threads; posts of comments in one that carries many of them side by side
(`abreast`), so that they share their transactions and no thread has to wait for each. WSGI is made here, byte by byte
of what was sent: where granian makes it, `X_Forwarded_For` passes for `X-Forwarded-For`, and a header that is not ASCII
is taken for empty. All of this costs some 50 µs a request (80 without uvloop).
"""

import asyncio
import contextlib
import io
import queue
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from functools import lru_cache, partial
from typing import Any
from urllib.parse import unquote_to_bytes

from api.arrival import Arrivals, Receive, too_large
from api.bodies import WHOLE
from api.limits import most_bytes
from api.problems import REFUSED, ProblemError
from moderation.abreast import run_abreast
from moderation.log import gathered, get_logger

log = get_logger(__name__)

Environ = dict[str, Any]
# PEP 3333, as far as this file goes.
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ALWAYS: Environ = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


class _Answer:
    """What Flask said."""

    __slots__ = ("content", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content


# A request or an answer, and where the answer is waited for.
_Request = tuple[Environ, "asyncio.Future[_Answer]"]
_Answered = tuple["asyncio.Future[_Answer]", _Answer]

# Who is answered side by side, and how many at most: as many as one transaction takes; and of batches, which keep a
# thread busy for long, enough for a flush to the disk to cost little. Eight threads with a batch each took each other's
# turn at the interpreter: 158 µs of processor time a comment, 116 in one thread.
MOST_ABREAST = {"posts": 100, "batches": 4}
# Clients that were answered together ask again together, a moment later. Whoever begins with the first of them falls
# into two halves by turns, and has two transactions where one would do. One that comes alone is not waited with.
_CROWD = 3
_NEARLY_ALL = 0.95
_MOMENT_SECONDS = 0.003
_LOOK_AGAIN_SECONDS = 0.0004


class Front:
    """An application of ASGI that answers with one of WSGI.

    `threads` answer one request at a time each; one more for each lane answers those of which `lane_of` says that they
    wait for nothing but the database.
    """

    def __init__(
        self,
        app: Application,
        threads: int,
        arrivals: Arrivals | None = None,
        lane_of: Callable[[Environ], str] = lambda _: "",
    ) -> None:
        self._app = app
        self._arrivals = arrivals or Arrivals()
        self._lane_of = lane_of
        self._requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        for number in range(threads):
            threading.Thread(target=self._work, name=f"answer-{number}", daemon=True).start()
        # Of each lane those that wait.
        self._lanes: dict[str, queue.SimpleQueue[_Request]] = {}
        for lane, most in MOST_ABREAST.items():
            self._lanes[lane] = queue.SimpleQueue()
            told = (self._lanes[lane], most)
            threading.Thread(target=self._work_abreast, args=told, name=f"answer-{lane}", daemon=True).start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request in, have it answered, and send the answer."""
        environ = environ_of(scope)
        body = await self._take_in(environ, receive)
        environ["wsgi.input"] = io.BytesIO(body)
        environ[WHOLE] = body
        environ["CONTENT_LENGTH"] = str(len(body))
        future: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._lanes.get(self._lane_of(environ), self._requests).put((environ, future))
        try:
            answer = await future
        finally:
            self._arrivals.let_go(len(body))
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.content})

    async def _take_in(self, environ: Environ, receive: Receive) -> bytes:
        """Return the body; where there is none to be had, leave word for the application of why."""
        told = environ.pop("CONTENT_LENGTH", None)
        # HTTP/1.1 announces a body by one of the two.
        if told is None and "HTTP_TRANSFER_ENCODING" not in environ:
            return b""
        most = most_bytes(environ["PATH_INFO"])
        try:
            if told is not None and int(told) > most:
                raise too_large(most)
            return await self._arrivals.wait(receive, most)
        except ProblemError as refused:
            environ[REFUSED] = refused
            return b""

    def _work(self) -> None:
        while True:
            environ, future = self._requests.get()
            _tell([(future, self._answer_somehow(environ))])

    def _work_abreast(self, waiting: queue.SimpleQueue[_Request], most: int) -> None:
        expected = 0
        while True:
            requests = _next_abreast(waiting, expected, most)
            answers: list[_Answered] = []
            with gathered():
                run_abreast([partial(self._answer_abreast, *one, answers) for one in requests])
            # Those that wait already, and those that are about to hear of their answer.
            expected = waiting.qsize() + len(answers)
            _tell(answers)

    def _answer_abreast(self, environ: Environ, future: asyncio.Future[_Answer], answers: list[_Answered]) -> None:
        answers.append((future, self._answer_somehow(environ)))

    def _answer_somehow(self, environ: Environ) -> _Answer:
        try:
            return self._answer(environ)
        except Exception as error:  # noqa: BLE001 - the next request needs this thread
            log.error("answer failed", error=type(error).__name__)  # noqa: TRY400 - its text may quote a comment
            return _Answer(500, [(b"content-length", b"0")], b"")

    def _answer(self, environ: Environ) -> _Answer:
        said: list[Any] = []
        parts = self._app(environ, lambda status, headers, *_: said.extend((status, headers)))
        try:
            content = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = said
        return _Answer(
            int(status[:3]),
            [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            content,
        )


def _next_abreast(waiting: queue.SimpleQueue[_Request], expected: int, most: int) -> list[_Request]:
    """Return those that wait, once there is one; after a crowd also those that come a moment later."""
    requests = [waiting.get()]
    if expected >= _CROWD:
        until = time.monotonic() + _MOMENT_SECONDS
        while waiting.qsize() + 1 < min(most, expected * _NEARLY_ALL) and time.monotonic() < until:
            time.sleep(_LOOK_AGAIN_SECONDS)
    with contextlib.suppress(queue.Empty):
        while len(requests) < most:
            requests.append(waiting.get_nowait())
    return requests


def _tell(answers: Sequence[_Answered]) -> None:
    """Have the loop send the answers."""
    # Each costs the loop a call from its sleep, so all are told of in one.
    with contextlib.suppress(RuntimeError):
        # The loop is closed: the server stopped and waits for nobody any more.
        answers[0][0].get_loop().call_soon_threadsafe(_hand_over, answers)


def _hand_over(answers: Sequence[_Answered]) -> None:
    for future, answer in answers:
        # It is done where the loop gave up on the request.
        if not future.done():
            future.set_result(answer)


def environ_of(scope: Scope) -> Environ:
    """Return a request's head as WSGI has it (PEP 3333), with CONTENT_LENGTH as it was told."""
    path: bytes = scope["raw_path"]
    server = scope.get("server") or ("", "")
    environ = _ALWAYS | {
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.url_scheme": scope["scheme"],
    }
    for header, value in scope["headers"]:
        name = _environ_name(header)
        if name:
            text = value.decode("latin-1")
            # RFC 9110, 5.3: several lines are one list.
            environ[name] = f"{environ[name]},{text}" if name in environ else text
    return environ


@lru_cache(maxsize=1024)
def _environ_name(header: bytes) -> str:
    """Return the name of a header in WSGI; none for one that would pass for another."""
    if b"_" in header:
        return ""
    name = header.decode("latin-1").upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
