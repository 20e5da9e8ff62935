"""What every answer tells browsers and caches: each route that there is, and answers of no route."""

import re
from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.api.service import Service

# What may be kept, and asked about again each time. Nothing of it is of anybody in particular.
MAY_BE_KEPT = {"GET /docs": "no-cache", "HEAD /docs": "no-cache"}
_SECURE = "https://moderation.example.com"


def _answers(service: Service) -> Iterator[tuple[str, TestResponse]]:
    """Ask every route by every method, with a key and without, for what is there and what is not."""
    posted = service.posted()
    rules: list[Rule] = list(service.app.url_map.iter_rules())
    for rule in rules:
        for name in (posted, "nobody") if rule.arguments else ("",):
            path = rule.rule
            for argument in rule.arguments:
                path = re.sub(rf"<(?:\w+:)?{argument}>", name, path)
            assert "<" not in path
            for method in sorted(rule.methods or ()):
                for key in (None, service.sk, service.admin):
                    json = {} if method in ("POST", "PUT", "PATCH") else None
                    yield f"{method} {rule.rule}", service.call(method, path, key, json=json, base_url=_SECURE)


def _assert_closed(response: TestResponse, where: str) -> None:
    headers = response.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'"), where
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], where
    assert headers["X-Content-Type-Options"] == "nosniff", where
    assert headers["X-Frame-Options"] == "DENY", where
    assert headers["Referrer-Policy"] == "no-referrer", where
    assert headers["Strict-Transport-Security"].startswith("max-age="), where
    assert "Python" not in headers.get("Server", ""), where


def test_every_route_is_closed_to_frames_sniffing_and_caches(service: Service) -> None:
    asked = set()
    for where, response in _answers(service):
        asked.add(where)
        _assert_closed(response, where)
        wanted = MAY_BE_KEPT.get(where, "no-store") if response.status_code < 400 else "no-store"
        assert response.headers.getlist("Cache-Control") == [wanted], f"{where}: {response.status}"
    assert set(MAY_BE_KEPT) <= asked
    assert {"GET /v1/comments/<comment_id>", "PUT /v1/policy", "GET /metrics", "OPTIONS /v1/form"} <= asked


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/docs", 405), ("POST", "/openapi.json", 405)]
)
def test_answers_of_no_route_are_closed_too(service: Service, method: str, path: str, status: int) -> None:
    response = service.call(method, path, base_url=_SECURE)
    assert (response.status_code, response.headers["Cache-Control"]) == (status, "no-store")
    _assert_closed(response, path)


@pytest.mark.parametrize("path", ["/v1/comments", "/v1/endpoints", "/v1/policy", "/livez", "/nowhere"])
def test_ten_thousand_parameters_are_no_more_than_none(lasting_service: Service, path: str) -> None:
    alone = lasting_service.call("GET", path, lasting_service.admin)
    many = "&".join(f"unknown{at}={at}" for at in range(10_000))
    assert lasting_service.call("GET", f"{path}?{many}", lasting_service.admin).status_code == alone.status_code
    # The same one again and again.
    again = lasting_service.call("GET", f"{path}?{'&site=x' * 10_000}", lasting_service.admin)
    assert again.status_code < 500
