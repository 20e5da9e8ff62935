"""What is sent, before anything is read of it: forms, broken JSON, types and sizes. None of it makes a 500."""

import gzip
from typing import Any
from urllib.parse import urlencode

import pytest

from api.limits import MAX_BATCH_BYTES, MAX_BYTES
from tests.api.service import Service, comment
from tests.api.test_fields import errors

FORM = "application/x-www-form-urlencoded"


def test_a_form_is_read_by_our_names(service: Service) -> None:
    response = service.post(data=urlencode(comment(body="سلام!")), content_type=FORM)
    assert response.status_code == 202
    assert service.read(response.json["id"])["body"] == "سلام!"


def test_a_form_is_read_by_wordpress_names(service: Service) -> None:
    form = {
        "author": "Sara",
        "email": "sara@example.com",
        "url": "https://sara.example.com",
        "comment": "Well said.",
        "comment_post_ID": "8344",
        "comment_parent": "7",
        "submit": "Post Comment",
    }
    stored = service.read(service.post(data=urlencode(form), content_type=f"{FORM}; charset=UTF-8").json["id"])
    names = ("name", "email", "website", "body", "post_id", "parent_id")
    assert tuple(stored[name] for name in names) == tuple(form.values())[:6]


def test_wordpress_parent_0_is_no_parent(service: Service) -> None:
    response = service.post(data=urlencode(comment(comment_parent="0")), content_type=FORM)
    assert service.read(response.json["id"])["parent_id"] is None


def test_our_name_wins_over_wordpress_name(service: Service) -> None:
    response = service.post(data=urlencode(comment(author="Other", comment="Other")), content_type=FORM)
    assert service.read(response.json["id"])["name"] == "Sara"


def test_wordpress_names_are_only_read_in_forms(service: Service) -> None:
    sent = {"author": "Sara", "email": "sara@example.com", "comment": "Well said.", "comment_post_ID": "8344"}
    assert set(errors(service.post(sent))) == {"name", "body", "post_id"}


@pytest.mark.parametrize("field", ["name", "body", "comment", "comment_parent", "website"])
def test_a_form_field_given_twice_is_refused_by_name(service: Service, field: str) -> None:
    ours = {"comment": "body", "comment_parent": "parent_id"}.get(field, field)
    sent = {name: value for name, value in comment().items() if name != ours}
    data = urlencode([*sent.items(), (field, "0"), (field, "0")])
    assert errors(service.post(data=data, content_type=FORM)) == {ours: "repeated"}


@pytest.mark.parametrize("data", [b"name=%FF%FE", b"name=\xff", b"%FF=1"])
def test_a_form_that_is_not_utf_8_is_refused(service: Service, data: bytes) -> None:
    assert service.post(data=data, content_type=FORM).status_code == 400


def test_a_form_with_nul_is_refused_by_name(service: Service) -> None:
    response = service.post(data=urlencode(comment(body="a\0b")), content_type=FORM)
    assert errors(response) == {"body": "invalid_characters"}


def test_a_form_of_thousands_of_fields_is_refused(service: Service) -> None:
    assert service.post(data="&".join(f"f{n}=1" for n in range(5000)), content_type=FORM).status_code == 400


def test_an_empty_form_lacks_every_required_field(service: Service) -> None:
    assert set(errors(service.post(data="", content_type=FORM))) == {"name", "email", "body", "post_id"}


_VALID = b'{"name": "S", "email": "s@example.com", "body": "b", "post_id": "1"'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"{",
        b'{"name": }',
        b"name=Sara",
        b"'",
        b"\xff\xfe{\x00}\x00",
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "a\nb"}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b"-Infinity",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
        b"1" * 5_000,
        _VALID + b', "name": "T"}',
        _VALID + b', "extra": {"a": 1, "a": 2}}',
        _VALID + b"} {}",
        _VALID + b",}",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_not_json_is_refused(lasting_service: Service, data: bytes) -> None:
    before = lasting_service.count()
    assert lasting_service.post(data=data, content_type="application/json").status_code == 400
    assert lasting_service.count() == before


def test_json_may_begin_with_a_byte_order_mark(service: Service) -> None:
    assert service.post(data=b"\xef\xbb\xbf" + _VALID + b"}", content_type="application/json").status_code == 202


@pytest.mark.parametrize("sent", [None, True, 1, 1.5, "text", [], [comment()], [[]]])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/comments"), ("POST", "/v1/comments/batch"), ("POST", "/v1/endpoints"), ("PUT", "/v1/policy")],
)
def test_json_that_is_no_object_is_refused(lasting_service: Service, method: str, path: str, sent: Any) -> None:
    key = lasting_service.sk if "comments" in path else lasting_service.moderator
    assert lasting_service.call(method, path, key, json=sent).status_code == 422


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "", "application/xml", ";;"])
def test_another_type_is_refused_with_those_that_are_read(service: Service, content_type: str) -> None:
    response = service.post(data=b"{}", content_type=content_type)
    assert response.status_code == 415
    assert FORM in response.headers["Accept-Post"]
    response = service.call("POST", "/v1/comments/batch", service.sk, data=b"{}", content_type=content_type)
    assert response.headers["Accept-Post"] == "application/json"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "x" * 100])
def test_a_packed_body_is_refused_and_not_unpacked(service: Service, coding: str) -> None:
    packed = gzip.compress(_VALID + b"}")
    for path in ("/v1/comments", "/v1/comments/batch"):
        headers = {"Content-Encoding": coding}
        response = service.call("POST", path, service.sk, data=packed, headers=headers, content_type="application/json")
        assert response.status_code == 415
        assert response.headers["Accept-Encoding"] == "identity"


def test_a_body_that_is_not_packed_may_say_so(service: Service) -> None:
    headers = {"Content-Encoding": "Identity"}
    assert service.post(data=_VALID + b"}", headers=headers, content_type="application/json").status_code == 202


def test_json_by_a_more_special_name_is_read(service: Service) -> None:
    data = _VALID + b"}"
    assert service.post(data=data, content_type="application/vnd.example+json; charset=utf-8").status_code == 202


@pytest.mark.parametrize("content_type", ["application/json", FORM, "text/plain"])
def test_a_body_that_is_too_large_is_refused_whoever_sends_it(service: Service, content_type: str) -> None:
    data = b" " * (MAX_BYTES + 1)
    for key in (service.sk, service.pk, "sk_wrong", None):
        response = service.call("POST", "/v1/comments", key, data=data, content_type=content_type)
        assert response.status_code == 413


def test_a_body_of_the_greatest_size_is_read(service: Service) -> None:
    data = _VALID + b"}"
    assert service.post(data=data.ljust(MAX_BYTES), content_type="application/json").status_code == 202


def test_a_batch_may_be_larger_and_is_refused_beyond(service: Service) -> None:
    data = b'{"comments": []}'
    ask = {"method": "POST", "path": "/v1/comments/batch", "key": service.sk, "content_type": "application/json"}
    assert service.call(**ask, data=data.ljust(MAX_BATCH_BYTES)).status_code == 200
    assert service.call(**ask, data=data.ljust(MAX_BATCH_BYTES + 1)).status_code == 413


def test_a_decision_that_is_too_large_is_refused(service: Service) -> None:
    path = f"/v1/comments/{service.posted()}/decision"
    assert service.call("POST", path, service.sk, json={"reason": "x" * MAX_BYTES}).status_code == 413
