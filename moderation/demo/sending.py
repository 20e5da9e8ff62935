"""Posts the comments from several threads and keeps a ledger of what the service took and what it refused."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote

from moderation.demo.client import Answer, Client, NoAnswerError
from moderation.demo.errors import UsedWronglyError
from moderation.demo.observed import Accepted, Outcome, Refused, read_outcome
from moderation.demo.rows import Parcel, batches

_TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED})


class Ledger:
    """What was taken and refused so far; written by the senders, read by whoever shows progress."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accepted: list[Accepted] = []
        self._refused: list[Refused] = []

    def write(self, entries: Iterable[Accepted | Refused]) -> None:
        """Add what is known of some rows."""
        # Outside of the lock: a generator of entries posts while it is read.
        known = tuple(entries)
        with self._lock:
            for entry in known:
                if isinstance(entry, Accepted):
                    self._accepted.append(entry)
                else:
                    self._refused.append(entry)

    def counts(self) -> tuple[int, int]:
        """Return how many were taken and how many refused."""
        with self._lock:
            return len(self._accepted), len(self._refused)

    def read(self) -> tuple[tuple[Accepted, ...], tuple[Refused, ...]]:
        """Return everything written so far."""
        with self._lock:
            return tuple(self._accepted), tuple(self._refused)


class Sending:
    """Posts on its own threads as long as the `with` block lasts or until all is sent.

    `batch` is None for one comment a request. Threads take the rows in the order of the file.
    """

    def __init__(
        self, client: Client, parcels: Sequence[Parcel], ledger: Ledger, *, connections: int, batch: int | None
    ) -> None:
        self._client, self._ledger, self._batch = client, ledger, batch
        self._pieces = batches(parcels, batch or 1)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="demo-sender")
        self._senders = [self._pool.submit(self._post_pieces) for _ in range(connections)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._client.stop()
        self._pool.shutdown(cancel_futures=True)

    def is_done(self, timeout_seconds: float) -> bool:
        """Wait a little; tell whether everything is sent. Raise what a sender raised."""
        done, open_ = wait(self._senders, timeout_seconds, return_when=FIRST_EXCEPTION)
        for sender in done:
            sender.result()
        return not open_

    def _post_pieces(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                piece = next(self._pieces, None)
            if piece is None:
                return
            self._ledger.write(_post_batch(self._client, piece) if self._batch else _post_one(self._client, piece[0]))


def outcome_of(client: Client, comment_id: str) -> Outcome | None:
    """Ask the service what became of a comment; None when it does not know it or does not answer."""
    try:
        answer = client.insist("GET", f"/v1/comments/{quote(comment_id, safe='')}")
    except NoAnswerError:
        return None
    if answer.status != HTTPStatus.OK or not isinstance(answer.content, dict):
        return None
    return read_outcome(str(answer.content.get("status")), answer.content.get("verdict"))


def _post_one(client: Client, parcel: Parcel) -> Iterator[Accepted | Refused]:
    try:
        answer = _authorised(client.insist("POST", "/v1/comments", parcel.comment, parcel.key))
    except NoAnswerError:
        yield Refused(parcel.row.id, "no answer")
        return
    yield _entry(parcel, answer.status, answer.content, answer.at)


def _post_batch(client: Client, parcels: Sequence[Parcel]) -> Iterator[Accepted | Refused]:
    key = f"{parcels[0].key}+{len(parcels)}"
    content = {"comments": [parcel.comment for parcel in parcels]}
    try:
        answer = _authorised(client.insist("POST", "/v1/comments/batch", content, key))
    except NoAnswerError:
        yield from (Refused(parcel.row.id, "no answer") for parcel in parcels)
        return
    if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and len(parcels) > 1:
        for half in batches(parcels, (len(parcels) + 1) // 2):
            yield from _post_batch(client, half)
        return
    results = answer.content.get("results") if isinstance(answer.content, dict) else None
    if answer.status != HTTPStatus.OK or not isinstance(results, list) or len(results) != len(parcels):
        reason = _reason(answer.status, answer.content) if answer.status != HTTPStatus.OK else "200 without its results"
        yield from (Refused(parcel.row.id, reason) for parcel in parcels)
        return
    for parcel, result in zip(parcels, results, strict=True):
        yield _entry(parcel, result.get("status", 0), result, answer.at)


def _authorised(answer: Answer) -> Answer:
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise UsedWronglyError(
            "The service does not take the site's secret key (401): are these the credentials of this service? "
            "Name others with --credentials."
        )
    return answer


def _entry(parcel: Parcel, status: int, content: Any, at: float) -> Accepted | Refused:
    if status in _TAKEN and isinstance(content, dict) and content.get("id"):
        return Accepted(parcel.row.id, str(content["id"]), at)
    return Refused(parcel.row.id, _reason(status, content))


def _reason(status: int, content: Any) -> str:
    """Put a refusal into a few words: `422 body: too_long`, or the problem's title where no field is named."""
    problem = content if isinstance(content, dict) else {}
    errors = [error for error in problem.get("errors") or () if isinstance(error, dict)]
    said = ", ".join(f"{error.get('field')}: {error.get('code')}" for error in errors) or str(problem.get("title", ""))
    return f"{status} {said}".strip()
