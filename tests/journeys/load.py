"""A website that posts all the time, and the count at the end: everything once, nothing lost, nothing else."""

import http.client
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import create_engine, make_url, text

from tests.conftest import Receiver
from tests.processes import wait_until

_WRITERS = 4
# A client that was told to come again does so, more often than it was asked to.
_PAUSE_SECONDS = 0.5
# A claim that died with its worker is free again after some ninety seconds.
_TOLD_SECONDS = 240


@dataclass
class Load:
    """Posts comments, each under an Idempotency-Key of its own and again until it is accepted."""

    port: int
    key: str
    per_second: float
    # The ids that a 202 named, by Idempotency-Key.
    accepted: dict[str, str] = field(default_factory=dict)
    # Every status that came, and `lost` for no answer.
    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    without_retry_after: list[Mapping[str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0
    _ends_at: float = float("inf")
    _gives_up_at: float = float("inf")

    def ids(self) -> list[str]:
        """Return the ids of all that was accepted so far."""
        with self._lock:
            return sorted(self.accepted.values())

    def post_for(self, seconds: float) -> None:
        """Let so much time pass under load."""
        time.sleep(seconds)

    def run(self) -> None:
        """Post until the end, and then what is not accepted yet."""
        connection: http.client.HTTPConnection | None = None
        due_at = time.monotonic()
        while (now := time.monotonic()) < self._ends_at:
            if now < due_at:
                time.sleep(min(due_at - now, 0.1))
                continue
            due_at = max(due_at + _WRITERS / self.per_second, now - 1)
            with self._lock:
                self._number += 1
                key = f"load-{id(self)}-{self._number}"
            while key not in self.accepted and time.monotonic() < self._gives_up_at:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                if not self._post(connection, key):
                    connection.close()
                    connection = None
        if connection is not None:
            connection.close()

    def _post(self, connection: http.client.HTTPConnection, key: str) -> bool:
        """Post once; tell whether the connection can be used again."""
        words = f"I have read this twice, and number {key} is what I think of it."
        comment = {"name": "Sara", "email": f"{key}@example.com", "body": words, "post_id": key}
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": key, "Content-Type": "application/json"}
        began = time.monotonic()
        try:
            connection.request("POST", "/v1/comments", json.dumps(comment), headers)
            response = connection.getresponse()
            answer: Any = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            with self._lock:
                self.answers["lost"] += 1
            time.sleep(_PAUSE_SECONDS)
            return False
        with self._lock:
            self.answers[str(response.status)] += 1
            self.seconds.append(time.monotonic() - began)
            if response.status == 202:
                self.accepted[key] = answer["id"]
                return True
            if "Retry-After" not in response.headers:
                self.without_retry_after.append(answer)
        time.sleep(_PAUSE_SECONDS)
        return True


@contextmanager
def load(port: int, key: str, per_second: float, *, patience_seconds: float = 90) -> Iterator[Load]:
    """Post at this rate until the end of the block, and wait until each of them is accepted."""
    one = Load(port, key, per_second)
    writers = [threading.Thread(target=one.run, daemon=True) for _ in range(_WRITERS)]
    for writer in writers:
        writer.start()
    try:
        yield one
    finally:
        one._ends_at = time.monotonic()
        one._gives_up_at = one._ends_at + patience_seconds
        for writer in writers:
            writer.join()
    assert len(one.accepted) == one._number


@dataclass(frozen=True, slots=True)
class Count:
    """What the database holds of one site, by comment."""

    comments: Mapping[str, str]
    verdicts: Collection[str]
    # (comment, version, delivery, its state): one row per event and endpoint.
    told: Collection[tuple[str, int, str | None, str | None]]


def count(database_url: str) -> Count:
    """Look into the database, without the program's own code."""
    engine = create_engine(make_url(database_url).set(drivername=_driver(database_url)))
    try:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT id, status FROM comments")).all()
            verdicts = connection.scalars(text("SELECT comment_id FROM verdicts")).all()
            told = connection.execute(
                text(
                    "SELECT e.comment_id, e.version, d.id, d.state"
                    " FROM events e LEFT JOIN deliveries d ON d.event_id = e.id WHERE e.comment_id IS NOT NULL"
                )
            ).all()
    finally:
        engine.dispose()
    return Count({row.id: row.status for row in rows}, verdicts, [tuple(row) for row in told])  # type: ignore[misc]


def _driver(url: str) -> str:
    return "sqlite" if url.startswith("sqlite") else f"postgresql+{psycopg.__name__}"


def wait_until_judged(database_url: str, ids: Collection[str], seconds: float = 90) -> float:
    """Wait until all of these have a verdict; return how long that took, in seconds."""
    began = time.monotonic()
    wait_until(lambda: not set(ids) - set(count(database_url).verdicts), "all are judged", seconds)
    return time.monotonic() - began


def assert_everything_once(database_url: str, receiver: Receiver, ids: Collection[str]) -> None:
    """Find one verdict for each of the ids, one delivery for each of its events, each told, and nothing else.

    For a database with one endpoint, on which nobody decided. Waits until everything is told.
    """

    def is_told() -> bool:
        told = count(database_url).told
        return len(told) >= len(ids) and all(state == "delivered" for *_, state in told)

    wait_until(is_told, "everything is told", _TOLD_SECONDS)
    found = count(database_url)
    assert set(found.comments) == set(ids)
    assert len(ids) == len(set(ids))
    assert "received" not in found.comments.values()
    assert sorted(found.verdicts) == sorted(ids)
    assert sorted((comment, version) for comment, version, *_ in found.told) == sorted((one, 2) for one in ids)
    deliveries = {delivery: comment for comment, _, delivery, _ in found.told}
    assert len(deliveries) == len(found.told)
    heard: dict[str, set[bytes]] = defaultdict(set)
    for one in list(receiver.received):
        # Others tell of the site.
        if "comment" in json.loads(one.body)["data"]:
            heard[one.headers["webhook-id"]].add(one.body)
    assert set(heard) == set(deliveries)
    assert all(len(bodies) == 1 for bodies in heard.values())
    assert all(json.loads(*bodies)["data"]["comment"]["id"] == deliveries[name] for name, bodies in heard.items())
