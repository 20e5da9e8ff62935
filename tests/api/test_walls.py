"""Nothing of one site with another's key: every route of the document, with every kind of key that is not the site's.

A new route is walked as soon as it is described. One that takes what `_Things` does not know yet fails here, by name.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from api.openapi import build
from api.resources import Resources
from moderation.clock import utc_now
from moderation.identity import Keyed
from moderation.keys import Kind, add_key, revoke_key
from moderation.sites import add_moderator
from moderation.tables import Key, Row
from tests.api.service import BASE_URL, Service, comment

# In what the first site has; found in an answer, it was read.
MARK = "zubrowka"
_URL = f"https://1.1.1.1/{MARK}"
_IDEMPOTENCY_KEY = "same-key"


@dataclass(frozen=True, slots=True)
class _Operation:
    method: str
    path: str
    described: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def parameters(self, where: str) -> list[str]:
        return [one["name"] for one in self.described.get("parameters", ()) if one["in"] == where]


def _operations() -> list[_Operation]:
    """Return every operation that takes a key; those that destroy come last."""
    found = [
        _Operation(method.upper(), path, described)
        for path, methods in build(BASE_URL)["paths"].items()
        for method, described in methods.items()
        if described["security"]
    ]
    return sorted(found, key=lambda one: one.method == "DELETE")


OPERATIONS = _operations()


@dataclass(frozen=True, slots=True)
class _Things:
    """What the first site has, by the names that the document gives its parameters."""

    in_path: dict[str, str]
    in_query: dict[str, str]

    def path(self, operation: _Operation) -> str:
        return operation.path.format(**self.in_path)

    def query(self, operation: _Operation) -> dict[str, str]:
        return {name: self.in_query[name] for name in operation.parameters("query")}


_NOBODYS = _Things(
    {
        "comment_id": "cm_00000000000000000000000000",
        "endpoint_id": "ep_00000000000000000000000000",
        "delivery_id": "dl_00000000000000000000000000",
    },
    {
        "site": "st_00000000000000000000000000",
        "status": "spam",
        "post_id": "no-post",
        "campaign": "cm_00000000000000000000000000",
        "shadow": "differs",
        "cursor": "cm_00000000000000000000000000",
        "limit": "1",
        "endpoint": "ep_00000000000000000000000000",
        "comment": "cm_00000000000000000000000000",
        "event": "comment.spam",
        "state": "dropped",
        "since": "2026-01-01T00:00:00Z",
        "until": "2026-01-01T00:00:00Z",
    },
)


def _body(operation: _Operation, site_id: str) -> dict[str, Any]:
    """Return what the call sends: the documented example, and a site's id where it may name one."""
    content = operation.described.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return {}
    sent = content.get("example", {"on_failure": "ignore"})
    return {"json": {**sent, "site": site_id} if operation.path == "/v1/endpoints" else sent}


def _fill(service: Service) -> _Things:
    """Give the first site one of everything."""
    site = service.site.id
    assert service.call("PUT", f"/v1/policy?site={site}", service.admin, json={"words_hold": [MARK]}).status_code == 200
    made = service.call("POST", "/v1/endpoints", service.moderator, json={"url": _URL}).json
    sent = comment(name=MARK, email=f"{MARK}@example.com", body=f"The first site's {MARK}.", post_id=f"{MARK}-post")
    posted = service.post(sent, headers={"Idempotency-Key": _IDEMPOTENCY_KEY}).json["id"]
    service.posted(name=MARK, email=f"{MARK}@example.org", body=f"Another {MARK}.", post_id=f"{MARK}-post")
    service.judge()
    in_query = {"site": site, "status": "held", "post_id": f"{MARK}-post", "campaign": posted, "shadow": "differs"}
    page = service.call("GET", "/v1/comments?limit=1", service.sk).json
    assert page["next_cursor"]
    owed = service.call("GET", f"/v1/deliveries?comment={posted}", service.moderator).json["deliveries"][0]["id"]
    in_query |= {"endpoint": made["id"], "comment": posted, "event": "comment.held", "state": "pending"}
    in_query |= {"since": "2026-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    return _Things(
        {"comment_id": posted, "endpoint_id": made["id"], "delivery_id": owed},
        in_query | {"cursor": page["next_cursor"], "limit": "50"},
    )


def _strangers(service: Service) -> dict[str, str]:
    """Return keys that open nothing of the first site, by what they are."""
    parts: Resources = service.app.extensions["moderation"]
    keyed: Keyed = parts.keyed
    now = utc_now()
    with service.database.write() as session:
        expired = add_key(session, keyed, Kind.SITE, now - timedelta(days=2), name="Old", site_id=service.site.id)
        revoke_key(session, expired.id, now - timedelta(days=1))
        former = add_moderator(session, keyed, "Former", [service.site.id], now)
        revoke_key(session, session.scalars(select(Key.id).where(Key.moderator_id == former.id)).one(), now)
        return {
            "site key of another site": service.other.secret_key,
            "public key of another site": service.other.public_key,
            "Akismet key of another site": service.other.akismet_key,
            "moderator of another site": add_moderator(session, keyed, "Theirs", [service.other.id], now).token,
            "moderator of no site": add_moderator(session, keyed, "Nobody's", [], now).token,
            "revoked site key of this site": expired.token,
            "former moderator of this site": former.token,
            "key that nobody made": "sk_" + "a" * 40,
        }


def _kept(service: Service) -> list[str]:
    """Return every row of the first site."""
    rows: list[str] = []
    with service.database.read() as session:
        for table in Row.metadata.sorted_tables:
            for row in session.execute(select(table)):
                text = f"{table.name} {tuple(row)}"
                if service.site.id in text or MARK in text:
                    rows.append(text)
    return sorted(rows)


def _calls(operation: _Operation, things: _Things, site_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the ways to ask for these things: with no parameter, with each of them, with all of them."""
    path, query = things.path(operation), things.query(operation)
    extra = {"Idempotency-Key": _IDEMPOTENCY_KEY} if "Idempotency-Key" in operation.parameters("header") else {}
    for chosen in ({}, *({name: value} for name, value in query.items()), query):
        yield f"{path}?{urlencode(chosen)}", {"headers": extra, **_body(operation, site_id)}


def _told(response: TestResponse, things: _Things) -> str:
    """Return all that the answer says, but for the ids that were asked for, the request's own and the clock."""
    headers = sorted(pair for pair in response.headers.items() if pair[0] != "X-Request-Id")
    told = f"{response.status_code} {response.text} {headers}"
    for thing in (*things.in_path.values(), things.in_query["site"]):
        told = told.replace(thing, "…")
    return told


def test_a_stranger_reads_changes_and_learns_nothing(service: Service) -> None:
    _walk_all(service)


@pytest.mark.long
def test_nor_does_one_on_each_database(each_service: Service) -> None:
    _walk_all(each_service)


def _walk_all(service: Service) -> None:
    things = _fill(service)
    strangers = _strangers(service)
    before = _kept(service)
    for operation in OPERATIONS:
        for whose, key in strangers.items():
            _walk(service, operation, things, whose, key)
        assert _kept(service) == before, operation.name


def _walk(service: Service, operation: _Operation, things: _Things, whose: str, key: str) -> None:
    asked = _calls(operation, things, service.site.id)
    nobodys = _calls(operation, _NOBODYS, _NOBODYS.in_query["site"])
    for (path, call), (other_path, other_call) in zip(asked, nobodys, strict=True):
        response = service.call(operation.method, path, key, **call)
        where = f"{whose}: {operation.method} {path}: {response.status_code} {response.text[:300]}"
        assert MARK not in response.text, where
        if operation.parameters("path") or f"site={service.site.id}" in path:
            assert response.status_code in {401, 403, 404}, where
        if response.status_code >= 400:
            nothing = service.call(operation.method, other_path, key, **other_call)
            assert _told(response, things) == _told(nothing, _NOBODYS), where


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_the_same_calls_are_answered_with_a_key_of_the_site(service: Service, operation: _Operation) -> None:
    things = _fill(service)
    schemes = build(BASE_URL)["components"]["securitySchemes"]
    keys = {"sk": service.sk, "mt": service.moderator, "pk": service.pk}
    kinds = [schemes[name].get("bearerFormat", "")[:2] for one in operation.described["security"] for name in one]
    key = next(keys[kind] for kind in keys if kind in kinds)
    path, call = next(_calls(operation, things, service.site.id))
    if operation.path.endswith("/decision"):
        call["json"] = {**call["json"], "version": service.read(things.in_path["comment_id"])["version"]}
    response = service.call(operation.method, path, key, **{**call, "headers": {}})
    assert response.status_code < 300, response.text
    if operation.method == "GET" and operation.path != "/v1/form":
        # A delivery names nobody and no address.
        assert (service.site.id if "deliveries" in operation.path else MARK) in response.text


def test_one_authors_token_opens_no_other_comment(each_service: Service) -> None:
    first, second = (
        each_service.post(comment(body=f"{MARK} {at}"), key=each_service.pk).json["status_url"] for at in range(2)
    )
    path, _, token = first.removeprefix(BASE_URL).partition("?")
    assert each_service.call("GET", f"{path}?{token}").status_code == 200
    other = second.removeprefix(BASE_URL).partition("?")[0]
    answers = [each_service.call("GET", f"{at}?{token}") for at in (other, "/v1/comments/cm_nobodys")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].data == answers[1].data


def test_every_parameter_that_the_document_knows_is_asked_with() -> None:
    for operation in OPERATIONS:
        assert set(operation.parameters("path")) <= set(_NOBODYS.in_path), operation.name
        assert set(operation.parameters("query")) <= set(_NOBODYS.in_query), operation.name
        content = operation.described.get("requestBody", {}).get("content", {})
        assert not content or json.dumps(_body(operation, "st_1")["json"])
