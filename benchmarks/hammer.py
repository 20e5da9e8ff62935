"""A client that asks more of a server than it can do: a process of its own, one thread, sockets that stay open.

Requests are bytes made beforehand, and of an answer no more is read than its status, its length and the id in it: some
15 µs of this process per request, so that it is the server that is measured. `python -m benchmarks.hammer` prints one
line of JSON.
"""

import argparse
import json
import re
import selectors
import socket
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from benchmarks.comments import READERS, comments

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_ID = re.compile(rb'"id": ?"([^"]+)"')
# Different comments, sent over and over.
_DIFFERENT = 5_000
_READ_BYTES = 256 * 1024


@dataclass
class Heard:
    """What came back. `accepted` is by id the moment of its answer, on this machine's monotonic clock."""

    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    accepted: dict[str, float] = field(default_factory=dict)


class _Line:
    """One connection: what it waits for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = self._open()
        self.heard = b""
        self.began = 0.0
        self.is_busy = False

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def fileno(self) -> int:
        return self.socket.fileno()

    def ask(self, request: bytes) -> None:
        self.began, self.heard, self.is_busy = time.monotonic(), b"", True
        self.socket.sendall(request)

    def listen(self) -> bytes | None:
        """Return the whole answer once it is there."""
        part = self.socket.recv(_READ_BYTES)
        if not part:
            raise ConnectionError(f"the server hung up after {self.heard[:200]!r}")
        self.heard += part
        head, end, body = self.heard.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return None
        self.is_busy = False
        return self.heard

    def open_again(self) -> None:
        self.socket.close()
        self.socket = self._open()


def requests(host: str, path: str, key: str, batch: int, names: Sequence[str]) -> Iterator[bytes]:
    """Return requests without end, of one comment each or of `batch`; `names` are those of name, email, body, post."""
    _, rows = comments(_DIFFERENT)
    name, email, body, post = names
    sent = [
        {name: row.name[:100], email: f"reader{number % READERS}@example.com", body: row.body, post: str(number % 20)}
        for number, row in enumerate(rows)
    ]
    wholes: list[object] = list(sent)
    if batch > 1:
        again = cycle(sent)
        wholes = [{"comments": [next(again) for _ in range(batch)]} for _ in range(20)]
    made = []
    for whole in wholes:
        content = json.dumps(whole, ensure_ascii=False).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        made.append(head.encode() + content)
    return cycle(made)


def hammer(port: int, asked: Iterator[bytes], connections: int, seconds: float, per_second: float) -> Heard:
    """Ask for so long: as fast as answers come, or (`per_second`) at moments that wait for no answer."""
    heard = Heard()
    lines = [_Line(port) for _ in range(connections)]
    free = list(lines)
    watched = selectors.DefaultSelector()
    for line in lines:
        watched.register(line, selectors.EVENT_READ)
    began = time.monotonic()
    ends_at, due_at = began + seconds, began
    while True:
        now = time.monotonic()
        while free and now < ends_at and (not per_second or due_at <= now):
            free.pop().ask(next(asked))
            due_at += 1 / per_second if per_second else 0
        if now >= ends_at and len(free) == len(lines):
            break
        pause = max(0.0, min(due_at, ends_at) - now) if per_second and free and now < ends_at else 1.0
        for key, _ in watched.select(pause):
            line = key.fileobj
            assert isinstance(line, _Line)
            answer = line.listen()
            if answer is not None:
                free.append(line)
                _note(heard, line, answer)
                if _CLOSES.search(answer.partition(b"\r\n\r\n")[0]):
                    watched.unregister(line)
                    line.open_again()
                    watched.register(line, selectors.EVENT_READ)
    heard.seconds = time.monotonic() - began
    return heard


def _note(heard: Heard, line: _Line, answer: bytes) -> None:
    now = time.monotonic()
    heard.statuses[answer[9:12].decode()] += 1
    heard.latencies.append(now - line.began)
    named = _ID.search(answer)
    if named is not None:
        heard.accepted[named[1].decode()] = now


def main() -> None:
    """Ask, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/v1/comments")
    parser.add_argument("--key", default="none")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--per-second", type=float, default=0)
    parser.add_argument("--names", default="name,email,body,post_id")
    parser.add_argument("--ids", action="store_true", help="print each id and the moment of its answer")
    given = parser.parse_args()
    asked = requests(f"127.0.0.1:{given.port}", given.path, given.key, given.batch, given.names.split(","))
    spent = time.process_time()
    heard = hammer(given.port, asked, given.connections, given.seconds, given.per_second)
    said = {
        "seconds": heard.seconds,
        "statuses": heard.statuses,
        "answers": len(heard.latencies),
        "p50": statistics.median(heard.latencies),
        "p99": statistics.quantiles(heard.latencies, n=100)[98],
        "busy": (time.process_time() - spent) / heard.seconds,
        "accepted": heard.accepted if given.ids else {},
    }
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
