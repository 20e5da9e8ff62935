"""The log of deliveries, replay, samples and new secrets: what managers see and set going, of their own sites only."""

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest
import standardwebhooks
from sqlalchemy import select

from moderation.deliveries.delivering import deliver
from moderation.deliveries.history import MOST_REPLAYED
from moderation.outbound import Outbound
from moderation.tables import DeliveryRow
from moderation.tasks import DELIVER
from tests.api.service import Service, running
from tests.api.test_fields import errors
from tests.conftest import Receiver

PATH = "/v1/deliveries"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def hearing(database_url: str, receiver: Receiver) -> Iterator[Service]:
    """Return a service, on each database, whose site has an endpoint at the receiver."""
    with running(database_url, outbound_allow=LOOPBACK) as service:
        made = service.call("POST", "/v1/endpoints", service.moderator, json={"url": receiver.url})
        assert made.status_code == 201
        yield service


def _endpoint(service: Service) -> str:
    return str(service.call("GET", "/v1/endpoints", service.moderator).json["endpoints"][0]["id"])


def _log(service: Service, query: str = "", key: str | None = None) -> list[dict[str, Any]]:
    response = service.call("GET", f"{PATH}{query}", key or service.moderator)
    assert response.status_code == 200, response.text
    return list(response.json["deliveries"])


def _send(service: Service) -> None:
    parts = service.app.extensions["moderation"]
    with service.database.read() as session:
        ids = session.scalars(select(DeliveryRow.id)).all()
    deliver(service.database, parts.keyed, Outbound(LOOPBACK), ids)


def test_every_attempt_stands_in_the_log(hearing: Service, receiver: Receiver) -> None:
    comment = hearing.posted()
    hearing.judge()
    [owed] = _log(hearing)
    assert (owed["state"], owed["attempts"], owed["comment"], owed["event"]) == (
        "pending",
        0,
        comment,
        "comment.approved",
    )
    receiver.answers = [(500, {}), (204, {})]
    _send(hearing)
    read = hearing.call("GET", f"{PATH}/{owed['id']}", hearing.moderator).json
    assert (read["state"], read["last_error"]) == ("pending", "answered 500")
    [attempt] = read["log"]
    assert (attempt["number"], attempt["status"], attempt["answer"], attempt["error"]) == (1, 500, "", "answered 500")
    assert attempt["seconds"] >= 0


def test_the_log_is_read_page_by_page_newest_first(hearing: Service) -> None:
    for _ in range(5):
        hearing.posted()
    hearing.judge()
    whole = [one["id"] for one in _log(hearing)]
    assert whole == sorted(whole, reverse=True)
    seen, path = [], f"{PATH}?limit=2&state=pending"
    while path:
        page = hearing.call("GET", path, hearing.moderator)
        seen += [one["id"] for one in page.json["deliveries"]]
        link = page.headers.get("Link", "")
        path = link.removeprefix("<https://moderation.example.com").partition(">")[0]
    assert seen == whole


def test_the_log_is_filtered(hearing: Service) -> None:
    first, second = hearing.posted(), hearing.posted(body="Some spam.")
    hearing.judge()
    made = {one["comment"]: one for one in _log(hearing)}
    endpoint = _endpoint(hearing)
    for query, expected in (
        (f"comment={first}", {first}),
        ("event=comment.held", {second}),
        (f"endpoint={endpoint}", {first, second}),
        ("endpoint=ep_1", set()),
        ("state=pending", {first, second}),
        ("state=dead", set()),
        ("until=2026-01-01T00:00:00Z", set()),
        ("since=2026-01-01T00:00:00Z&until=2200-01-01T00:00:00Z", {first, second}),
        (f"site={hearing.site.id}", {first, second}),
    ):
        assert {one["comment"] for one in _log(hearing, f"?{query}")} == expected, query
    assert len(made) == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=lost", "state"),
        ("event=comment.deleted", "event"),
        ("since=yesterday", "since"),
        ("until=9999-12-31T23:59:59-12:00", "until"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(service: Service, query: str, field: str) -> None:
    assert errors(service.call("GET", f"{PATH}?{query}", service.moderator)) == {field: "invalid"}


def test_a_dead_letter_is_sent_again_under_the_same_id(hearing: Service, receiver: Receiver) -> None:
    hearing.posted()
    hearing.judge()
    receiver.answers = [(410, {})]
    _send(hearing)
    [dead] = _log(hearing, "?state=dead")
    hearing.call("PATCH", f"/v1/endpoints/{_endpoint(hearing)}", hearing.moderator, json={"enabled": True})
    receiver.answers = [(204, {})]
    hearing.rung.clear()
    again = hearing.call("POST", f"{PATH}/{dead['id']}/replay", hearing.moderator)
    assert again.status_code == 202
    assert (again.json["state"], again.json["attempts"], again.json["last_error"]) == ("pending", 1, None)
    # One that is owed already stays as it is.
    assert hearing.call("POST", f"{PATH}/{dead['id']}/replay", hearing.moderator).json == again.json
    _send(hearing)
    read = hearing.call("GET", f"{PATH}/{dead['id']}", hearing.moderator).json
    assert (read["state"], [one["number"] for one in read["log"]]) == ("delivered", [1, 2])
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    hearing.app.extensions["moderation"].doorbell.stop()
    assert (DELIVER, [dead["id"]]) in hearing.rung


def test_all_dead_letters_that_match_are_sent_again(hearing: Service) -> None:
    first, second = hearing.posted(), hearing.posted(body="Some spam.")
    hearing.judge()
    _kill(hearing)

    def replay(**sent: Any) -> Any:
        response = hearing.call("POST", f"{PATH}/replay", hearing.moderator, json=sent)
        assert response.status_code == 202
        return response.json

    assert replay(until="2026-01-01T00:00:00Z")["replayed"] == 0
    assert replay(endpoint="ep_1")["replayed"] == 0
    assert replay(state="delivered")["replayed"] == 0
    assert replay(event="comment.held") == {"replayed": 1, "more": False}
    assert {one["comment"]: one["state"] for one in _log(hearing)} == {first: "dead", second: "pending"}
    assert replay(site=hearing.site.id) == {"replayed": 1, "more": False}
    assert replay() == {"replayed": 0, "more": False}


def test_a_replay_of_many_is_cut_into_calls(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.call("POST", "/v1/endpoints", service.moderator, json={"url": "https://1.1.1.1/x"})
    for _ in range(5):
        service.posted()
    service.judge()
    _kill(service)
    assert MOST_REPLAYED > 5
    monkeypatch.setattr("moderation.deliveries.history.MOST_REPLAYED", 3)
    answers = [service.call("POST", f"{PATH}/replay", service.admin, json={}).json for _ in range(2)]
    assert answers == [{"replayed": 3, "more": True}, {"replayed": 2, "more": False}]


def _kill(service: Service) -> None:
    with service.database.write() as session:
        for row in session.scalars(select(DeliveryRow)):
            row.state = "dead"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([], {"": "wrong_type"}),
        ({"state": "pending"}, {"state": "invalid"}),
        ({"event": 5, "since": 5}, {"event": "wrong_type", "since": "wrong_type"}),
        ({"since": "soon", "event": "x"}, {"since": "invalid", "event": "invalid"}),
        ({"endpoint": "\ud800", "comment": "\0"}, {"endpoint": "invalid_characters", "comment": "invalid_characters"}),
        ({"site": 5}, {"site": "wrong_type"}),
    ],
    ids=ascii,
)
def test_a_replay_that_makes_no_sense_is_refused(service: Service, sent: Any, expected: dict[str, str]) -> None:
    assert errors(service.call("POST", f"{PATH}/replay", service.moderator, json=sent)) == expected


def test_a_replay_reaches_no_site_of_others(hearing: Service) -> None:
    hearing.posted()
    hearing.judge()
    _kill(hearing)
    [dead] = _log(hearing)
    made = {"url": "http://127.0.0.1:1/", "site": hearing.other.id}
    theirs = hearing.call("POST", "/v1/endpoints", hearing.admin, json=made).json["id"]
    sample = hearing.call("POST", f"/v1/endpoints/{theirs}/test", hearing.admin).json["id"]
    assert [one["id"] for one in _log(hearing)] == [dead["id"]]
    for method, path in (
        ("GET", f"{PATH}/{sample}"),
        ("POST", f"{PATH}/{sample}/replay"),
        ("POST", f"/v1/endpoints/{theirs}/test"),
        ("POST", f"/v1/endpoints/{theirs}/rotate"),
    ):
        assert hearing.call(method, path, hearing.moderator).status_code == 404
    sent = {"site": hearing.other.id}
    assert hearing.call("POST", f"{PATH}/replay", hearing.moderator, json=sent).status_code == 404
    _kill(hearing)
    assert hearing.call("POST", f"{PATH}/replay", hearing.moderator, json={}).json["replayed"] == 1
    assert hearing.call("GET", f"{PATH}/{sample}", hearing.admin).json["state"] == "dead"


def test_a_sample_is_a_real_signed_message(hearing: Service, receiver: Receiver) -> None:
    endpoint = _endpoint(hearing)
    answer = hearing.call("POST", f"/v1/endpoints/{endpoint}/test", hearing.moderator)
    assert answer.status_code == 202
    assert (answer.json["event"], answer.json["state"], answer.json["comment"]) == ("endpoint.test", "pending", None)
    _send(hearing)
    [message] = receiver.wait_for(1)
    secret = hearing.app.extensions["moderation"].keyed.endpoint_secret(endpoint, 1)
    told = standardwebhooks.Webhook(secret).verify(message.body, message.headers)
    assert told["type"] == "endpoint.test"
    assert told["data"]["site"] == hearing.site.id
    assert message.headers["webhook-id"] == answer.json["id"]
    [shown] = _log(hearing, "?event=endpoint.test")
    assert shown["state"] == "delivered"


def test_a_sample_is_sent_though_the_endpoint_is_left_alone(hearing: Service, receiver: Receiver) -> None:
    hearing.posted()
    hearing.judge()
    receiver.answers = [(500, {}), (204, {})]
    _send(hearing)
    shown = hearing.call("GET", f"/v1/endpoints/{_endpoint(hearing)}", hearing.moderator).json
    assert shown["failing_since"]
    assert shown["rests_until"] > shown["failing_since"]
    hearing.call("POST", f"/v1/endpoints/{_endpoint(hearing)}/test", hearing.moderator)
    _send(hearing)
    assert [one["state"] for one in _log(hearing, "?event=endpoint.test")] == ["delivered"]
    shown = hearing.call("GET", f"/v1/endpoints/{_endpoint(hearing)}", hearing.moderator).json
    assert (shown["failing_since"], shown["rests_until"]) == (None, None)


def test_both_secrets_sign_after_a_rotation(hearing: Service, receiver: Receiver) -> None:
    endpoint = _endpoint(hearing)
    keyed = hearing.app.extensions["moderation"].keyed
    old = keyed.endpoint_secret(endpoint, 1)
    answer = hearing.call("POST", f"/v1/endpoints/{endpoint}/rotate", hearing.moderator)
    new = answer.json["secret"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert new != old
    assert "secret" not in hearing.call("GET", f"/v1/endpoints/{endpoint}", hearing.moderator).json
    hearing.posted()
    hearing.judge()
    _send(hearing)
    [message] = receiver.wait_for(1)
    for secret in (old, new):
        standardwebhooks.Webhook(secret).verify(message.body, message.headers)
