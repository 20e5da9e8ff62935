"""Posts that one thread answers side by side: they share their transactions, and nothing else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from api.comments import lane_of
from api.front import Front
from moderation.abreast import is_abreast, run_abreast
from moderation.clock import utc_now
from moderation.db import Database
from moderation.keys import revoke_key
from moderation.tables import Key
from tests.api.service import Service, comment
from tests.api.test_front import Client, ask, scope, told


def _post(service: Service, *asked: dict[str, Any]) -> list[TestResponse]:
    """Post side by side; each says what `Service.post` is to be told."""
    answers: dict[int, TestResponse] = {}

    def post(number: int, one: dict[str, Any]) -> None:
        answers[number] = service.post(**one)

    run_abreast([lambda number=number, one=one: post(number, one) for number, one in enumerate(asked)])  # type: ignore[misc]
    return [answers[number] for number in range(len(asked))]


@contextmanager
def _transactions(service: Service) -> Iterator[list[bool]]:
    """Note each transaction that begins: whether it is one that writes."""
    database: Database = service.app.extensions["moderation"].database
    begun: list[bool] = []

    def note(connection: Any) -> None:
        begun.append(connection.get_execution_options().get("is_write", False))

    event.listen(database.engine, "begin", note)
    yield begun
    event.remove(database.engine, "begin", note)


def test_they_share_one_look_and_one_transaction(each_service: Service) -> None:
    # What a process does once is done.
    assert each_service.post().status_code == 202
    with _transactions(each_service) as begun:
        answers = _post(each_service, *({"sent": comment(body=f"Number {at}")} for at in range(20)))
    assert begun == [False, True]
    assert {one.status_code for one in answers} == {202}
    ids = [one.json["id"] for one in answers]  # type: ignore[index]
    assert (len(set(ids)), sorted(ids)) == (20, ids)
    for at, comment_id in enumerate(ids):
        stored = each_service.call("GET", f"/v1/comments/{comment_id}", each_service.sk).json
        assert stored["body"] == f"Number {at}"  # type: ignore[index]


def test_each_has_its_own_answer(service: Service) -> None:
    once = {"headers": {"Idempotency-Key": "the same"}}
    answers = _post(
        service,
        {"sent": comment(body="Good.")},
        {"key": "sk_nobody"},
        {"sent": comment(email="none")},
        {"sent": comment(body="Once."), **once},
        {"sent": comment(body="Once."), **once},
        {"sent": comment(body="Another."), **once},
        {"key": service.other.secret_key, "headers": {"X-Request-Id": "that-of-the-proxy"}},
    )
    assert [one.status_code for one in answers] == [202, 401, 422, 202, 202, 422, 202]
    assert answers[3].json == answers[4].json
    assert answers[5].json["type"].endswith(":idempotency-key-reused")  # type: ignore[index]
    assert answers[6].headers["X-Request-Id"] == "that-of-the-proxy"
    assert len({one.headers["X-Request-Id"] for one in answers}) == 7
    assert service.count() == 3


def test_a_key_that_is_revoked_meanwhile_opens_nothing(service: Service) -> None:
    assert service.post().status_code == 202
    with service.database.write() as session:
        key_id = session.scalars(select(Key.id).where(Key.site_id == service.site.id, Key.kind == "site")).one()
        revoke_key(session, key_id, utc_now())
    assert [one.status_code for one in _post(service, {}, {"key": service.other.secret_key})] == [401, 202]


def test_a_database_that_is_away_is_said_to_all(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    @contextmanager
    def away(_database: Database) -> Iterator[None]:
        looked.append(1)
        raise OperationalError("SELECT", {}, Exception("away"))
        yield

    monkeypatch.setattr(Database, "look", away)
    answers = _post(service, {}, {}, {"key": "sk_nobody"})
    assert [(one.status_code, one.headers["Retry-After"]) for one in answers] == [(503, "5")] * 3
    # Waiting for it once for each would keep all of them waiting.
    assert len(looked) == 1


def test_the_front_lets_posts_go_abreast_but_none_that_waits(service: Service) -> None:
    seen: list[bool] = []

    def app(environ: Any, start: Any) -> Any:
        seen.append(is_abreast())
        return service.app.wsgi_app(environ, start)

    front = Front(app, 1, lane_of=lane_of)
    body = b'{"name":"Sara","email":"sara@example.com","body":"Well said.","post_id":"8344"}'
    for header, is_expected in (
        ((b"x-nothing", b"1"), True),
        ((b"prefer", b"wait=1"), False),
        ((b"origin", b"https://example.com"), False),
    ):
        client = Client([body])
        heads = [(b"authorization", f"Bearer {service.sk}".encode()), (b"content-type", b"application/json"), header]
        ask(front, client, head=scope(headers=[*heads, *told(body)]))
        assert (client.status, seen.pop()) == (202, is_expected)
    client = Client([])
    ask(front, client, head=scope(method="GET"))
    assert (client.status, seen.pop()) == (401, False)


def test_crowds_of_posts_and_of_batches_are_answered_to_the_last(service: Service) -> None:
    together: list[bool] = []

    def app(environ: Any, start: Any) -> Any:
        together.append(is_abreast())
        return service.app.wsgi_app(environ, start)

    front = Front(app, 1, lane_of=lane_of)
    for path, document, status in (
        ("/v1/comments", comment(), 202),
        ("/v1/comments/batch", {"comments": [comment(), comment()]}, 200),
    ):
        body = json.dumps(document).encode()
        heads = [(b"authorization", f"Bearer {service.sk}".encode()), (b"content-type", b"application/json")]
        # The second crowd is waited for a moment, with fewer than the first.
        for size in (9, 6):
            clients = [Client([body]) for _ in range(size)]
            ask(front, *clients, head=scope(path=path, headers=[*heads, *told(body)]))
            assert [one.status for one in clients] == [status] * size
    assert together == [True] * 30
    assert service.count() == 15 + 30


def test_a_failing_one_takes_nobody_with_it() -> None:
    def app(environ: Any, start: Any) -> Any:
        if environ.get("HTTP_X_FAILS"):
            raise ValueError
        start("200 OK", [])
        return [b"well"]

    front = Front(app, 1, lane_of=lambda _: "posts")
    clients = [Client([]), Client([])]
    ask(front, clients[0], head=scope(headers=[(b"x-fails", b"1")]))
    ask(front, clients[1])
    assert [one.status for one in clients] == [500, 200]
