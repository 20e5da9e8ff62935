"""Wait for the bodies of requests in an event loop, where one that never comes keeps nobody waiting but itself.

Before it `front` has read a request's head, after it one of its threads has the whole request. A body has so many
seconds and so many bytes; and where too much is held in all, the one that is under way for longest gives way.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from api.problems import ProblemError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# Less than what a server that was told to stop has for its last requests, so that no stalled one is waited for in vain;
# and enough for a whole batch over a line of 5 Mbit/s.
BODY_SECONDS = 15.0
# Of one process: eight batches of the greatest size, or 256 comments of it.
MOST_HELD_BYTES = 64 * 1024 * 1024
_RETRY_AFTER_SECONDS = 5


def too_large(max_bytes: int) -> ProblemError:
    """Return the answer to a body of more bytes than that."""
    return ProblemError(413, "Content Too Large", f"At most {max_bytes} bytes are read.")


class _Body:
    """How a body is getting on."""

    __slots__ = ("due_at", "refused", "size")

    def __init__(self, due_at: float) -> None:
        self.due_at = due_at
        self.size = 0
        self.refused: ProblemError | None = None


class Arrivals:
    """The bodies of one event loop: those under way, and how many bytes are held in all."""

    def __init__(self, seconds: float = BODY_SECONDS, most_held_bytes: int = MOST_HELD_BYTES) -> None:
        self._seconds = seconds
        self._most_held = most_held_bytes
        # The oldest first: each has the same time.
        self._under_way: dict[asyncio.Task[Any], _Body] = {}
        self._held = 0
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, receive: Receive, max_bytes: int) -> bytes:
        """Return the whole body, from the messages of ASGI; whoever calls says `let_go` when it is needed no more.

        Raises ProblemError: 413 when it is larger than that, 400 when it breaks off, 408 when it takes too long, 503
        when it has to give way to others.
        """
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        body = self._under_way[task] = _Body(loop.time() + self._seconds)
        if self._timer is None:
            self._timer = loop.call_at(body.due_at, self._give_up_late, loop)
        try:
            return await self._collect(receive, body, max_bytes)
        except BaseException as error:
            self.let_go(body.size)
            if isinstance(error, asyncio.CancelledError) and body.refused is not None:
                task.uncancel()
                raise body.refused from None
            raise
        finally:
            self._under_way.pop(task, None)

    def let_go(self, size: int) -> None:
        """Note that a body of so many bytes is needed no more."""
        self._held -= size

    async def _collect(self, receive: Receive, body: _Body, max_bytes: int) -> bytes:
        parts = []
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ProblemError(400, "Bad Request", "The body breaks off before its end.")
            part = message.get("body", b"")
            parts.append(part)
            body.size += len(part)
            self._held += len(part)
            if body.size > max_bytes:
                raise too_large(max_bytes)
            if not message.get("more_body", False):
                return b"".join(parts)
            self._make_room()

    def _make_room(self) -> None:
        while self._held > self._most_held and self._under_way:
            after = {"Retry-After": str(_RETRY_AFTER_SECONDS)}
            self._refuse_oldest(
                ProblemError(
                    503, "Service Unavailable", "Too much is being sent at once; nothing was stored.", headers=after
                )
            )

    def _give_up_late(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._under_way:
            due_at = next(iter(self._under_way.values())).due_at
            if due_at > loop.time():
                self._timer = loop.call_at(due_at, self._give_up_late, loop)
                return
            self._refuse_oldest(ProblemError(408, "Request Timeout", "The body took too long to arrive."))

    def _refuse_oldest(self, refused: ProblemError) -> None:
        task = next(iter(self._under_way))
        body = self._under_way.pop(task)
        body.refused = refused
        # Counted as gone at once, or others would have to go for it before its turn comes.
        self.let_go(body.size)
        body.size = 0
        task.cancel()
