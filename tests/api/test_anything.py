"""Whatever a client with a valid key sends, the answer is a documented one and never a 500."""

import json
import string
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.policy import Policy
from moderation.submission import FIELDS, WORDPRESS_NAMES
from tests.api.service import Service, comment

# Every character, halves of surrogate pairs included.
TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**90, max_value=10**120)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


def changed(valid: dict[str, Any], names: list[str]) -> st.SearchStrategy[Any]:
    """Return documents near to a valid one, with some values exchanged, and some far from it."""
    changes = st.dictionaries(st.sampled_from(names) | TEXT, VALUES, max_size=3)
    return changes.map(lambda change: valid | change) | VALUES


_COMMENT = changed(comment(), [field.name for field in FIELDS])
_BATCH = st.lists(_COMMENT, max_size=4).map(lambda comments: {"comments": comments}) | VALUES
_DECISION = changed({"action": "approve", "version": 1}, ["action", "version", "reason"])
_ENDPOINT = changed({"url": "https://1.1.1.1/"}, ["url", "events", "format", "enabled", "audience", "site"])
_POLICY = changed(Policy().document(), list(Policy().document()))
_ADDRESSES = st.sampled_from(["https://", "http://", "//", "https://[", "https://1.1.1.1:"]) | st.just("")
_URLS = st.tuples(_ADDRESSES, TEXT).map("".join).map(lambda url: {"url": url})

_HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)
_HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Idempotency-Key",
            "Accept-Language",
            "Accept",
            "Origin",
            "X-Forwarded-For",
            "User-Agent",
            "If-None-Match",
            "Content-Encoding",
        ]
    ),
    _HEADER_TEXT,
    max_size=3,
)
_TYPES = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "application/ld+json", "text/plain", ""]
) | st.text(string.printable[:95], max_size=20)
_NAMES = [field.name for field in FIELDS] + list(WORDPRESS_NAMES)
_FORMS = st.lists(st.tuples(st.sampled_from(_NAMES), st.binary(max_size=20)), max_size=8).map(
    lambda pairs: b"&".join(name.encode() + b"=" + quote(value).encode() for name, value in pairs)
)
_SEGMENTS = TEXT.map(lambda text: quote(text.replace("/", "").encode("utf-8", "surrogatepass"), safe=""))
BOUNDED = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def ask(service: Service, method: str, path: str, key: str, headers: dict[str, str], body: bytes, kind: str) -> None:
    response = service.call(method, path, key, headers=headers, data=body, content_type=kind)
    assert response.status_code < 500


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


@BOUNDED
@given(sent=_COMMENT, headers=_HEADERS, is_public=st.booleans())
def test_any_comment(each_service: Service, sent: Any, headers: dict[str, str], is_public: bool) -> None:
    key = each_service.pk if is_public else each_service.sk
    ask(each_service, "POST", "/v1/comments", key, headers, encode(sent), "application/json")


@BOUNDED
@given(body=st.binary(max_size=200) | _FORMS, kind=_TYPES, headers=_HEADERS)
def test_any_bytes(each_service: Service, body: bytes, kind: str, headers: dict[str, str]) -> None:
    ask(each_service, "POST", "/v1/comments", each_service.sk, headers, body, kind)
    ask(each_service, "POST", "/v1/comments/batch", each_service.sk, headers, body, kind)


@BOUNDED
@given(sent=_BATCH, headers=_HEADERS)
def test_any_batch(each_service: Service, sent: Any, headers: dict[str, str]) -> None:
    ask(each_service, "POST", "/v1/comments/batch", each_service.sk, headers, encode(sent), "application/json")


@BOUNDED
@given(sent=_DECISION, segment=_SEGMENTS, headers=_HEADERS)
def test_any_decision(each_service: Service, sent: Any, segment: str, headers: dict[str, str]) -> None:
    for comment_id in (segment, each_service.posted()):
        path = f"/v1/comments/{comment_id}/decision"
        ask(each_service, "POST", path, each_service.moderator, headers, encode(sent), "application/json")


@BOUNDED
@given(sent=_ENDPOINT | _URLS, segment=_SEGMENTS, headers=_HEADERS)
def test_any_endpoint(each_service: Service, sent: Any, segment: str, headers: dict[str, str]) -> None:
    ask(each_service, "POST", "/v1/endpoints", each_service.moderator, headers, encode(sent), "application/json")
    ask(each_service, "POST", "/v1/endpoints", each_service.admin, headers, encode(sent), "application/json")
    made = each_service.call("POST", "/v1/endpoints", each_service.moderator, json={"url": "https://1.1.1.1/"})
    for endpoint_id in (segment, made.json["id"]):
        path = f"/v1/endpoints/{endpoint_id}"
        ask(each_service, "PATCH", path, each_service.moderator, headers, encode(sent), "application/json")


@BOUNDED
@given(sent=_POLICY, site=_SEGMENTS, headers=_HEADERS)
def test_any_policy(each_service: Service, sent: Any, site: str, headers: dict[str, str]) -> None:
    ask(each_service, "PUT", "/v1/policy", each_service.moderator, headers, encode(sent), "application/json")
    ask(each_service, "PUT", f"/v1/policy?site={site}", each_service.admin, headers, encode(sent), "application/json")
    # What was taken can be read and judged by.
    assert each_service.call("GET", "/v1/policy", each_service.moderator).status_code == 200


@BOUNDED
@given(
    segment=_SEGMENTS, name=st.sampled_from(["site", "status", "post_id", "cursor", "limit", "token"]), value=_SEGMENTS
)
def test_any_address(each_service: Service, segment: str, name: str, value: str) -> None:
    for path in (f"/v1/comments/{segment}?{name}={value}", f"/v1/comments?{name}={value}", f"/v1/endpoints/{segment}"):
        for key in (each_service.admin, each_service.moderator, None):
            assert each_service.call("GET", path, key).status_code < 500
