"""The fields of a comment: every error at once and in words, and whatever is right stored as it was given."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from moderation.submission import FIELDS
from tests.api.service import Service, comment

# Half of a surrogate pair, as JSON can write it.
LONE_SURROGATE = "\ud800"


def errors(response: TestResponse) -> dict[str, str]:
    """Return the code of each field that was refused."""
    assert response.status_code == 422, response.text
    return {error["field"]: error["code"] for error in response.json["errors"]}  # type: ignore[index]


def test_a_comment_is_accepted_with_its_address(each_service: Service) -> None:
    response = each_service.post()
    assert response.status_code == 202
    assert response.json["status"] == "received"
    assert response.headers["Location"] == response.json["status_url"]
    assert response.json["status_url"].endswith(f"/v1/comments/{response.json['id']}")


@pytest.mark.parametrize("field", ["name", "email", "body", "post_id"])
def test_a_comment_without_a_required_field_is_refused(service: Service, field: str) -> None:
    for missing in (None, "", "  ", "\t\n", "\u3000"):
        assert errors(service.post(comment() | {field: missing})) == {field: "required"}
    assert errors(service.post(comment(**{field: None}))) == {field: "required"}
    assert service.count() == 0


@pytest.mark.parametrize(
    ("accepted", "language", "name", "email"),
    [
        ("en", "en", "Please enter your name.", "Please enter your email address."),
        ("fa", "fa", "لطفاً نام خود را بنویسید.", "لطفاً نشانی ایمیل خود را بنویسید."),
        ("fa-IR,fa;q=0.9,en;q=0.5", "fa", "لطفاً نام خود را بنویسید.", "لطفاً نشانی ایمیل خود را بنویسید."),
        ("de", "en", "Please enter your name.", "Please enter your email address."),
        ("!!;q=x,,", "en", "Please enter your name.", "Please enter your email address."),
    ],
)
def test_every_error_comes_at_once_and_in_the_language_asked_for(
    service: Service, accepted: str, language: str, name: str, email: str
) -> None:
    sent = {"body": "x" * 20_001, "post_id": "8344", "ip": "300.1.1.1", "language": "fa fa", "submitted_at": "soon"}
    response = service.post(sent, headers={"Accept-Language": accepted})
    assert errors(response) == {
        "name": "required",
        "email": "required",
        "body": "too_long",
        "ip": "invalid",
        "language": "invalid",
        "submitted_at": "invalid",
    }
    messages = {error["field"]: error["message"] for error in response.json["errors"]}
    assert (messages["name"], messages["email"]) == (name, email)
    assert "20000" in messages["body"]
    assert response.headers["Content-Language"] == language
    assert "Accept-Language" in response.headers["Vary"]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_text_that_no_database_takes_is_refused(lasting_service: Service, field: Any) -> None:
    for broken in ("a\0b", f"a{LONE_SURROGATE}b", f"\udfff{LONE_SURROGATE}"):
        assert errors(lasting_service.post(comment() | {field.name: broken})) == {field.name: "invalid_characters"}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_value_of_the_wrong_type_is_refused(lasting_service: Service, field: Any) -> None:
    for value in (True, 1.5, {"a": 1}, [1], [None], {}):
        assert errors(lasting_service.post(comment() | {field.name: value})) == {field.name: "wrong_type"}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_field_is_taken_at_its_greatest_length_and_refused_beyond(service: Service, field: Any) -> None:
    if field.read is str:
        # Letters outside of the basic plane count as one, as they do for people.
        assert service.post(comment() | {field.name: "😀" * field.max_length}).status_code == 202
    longer = "x" * (field.max_length + 1)
    assert errors(service.post(comment() | {field.name: longer})) == {field.name: "too_long"}


def test_the_longest_comment_in_the_longest_escapes_is_not_too_large(service: Service) -> None:
    assert service.post(comment(body="😀" * 20_000)).status_code == 202


def test_text_is_trimmed_and_otherwise_stored_as_it_was_given(each_service: Service) -> None:
    body = "نیم‌فاصله می‌ماند.\n\n<b>&amp;</b> {0} %s\u202e e\u0301 👩‍👩‍👧"
    comment_id = each_service.posted(name="  Sara \n", body=f"\n {body}\t", email=" Sara@Example.COM ")
    stored = each_service.read(comment_id)
    assert (stored["name"], stored["body"], stored["email"]) == ("Sara", body, "Sara@Example.COM")


def test_every_field_is_read_back_as_it_was_sent(each_service: Service) -> None:
    sent = comment(
        website="https://sara.example.com",
        post_url="https://news.example.com/8344",
        post_title="دولت تازه",
        parent_id="17",
        ip="2001:0DB8::0001",
        user_agent="Mozilla/5.0",
        referrer="https://news.example.com/",
        language="fa",
        external_id="99",
        submitted_at="2026-01-02T03:04:05+03:30",
    )
    stored = each_service.read(each_service.posted(**sent))
    expected = sent | {"ip": "2001:db8::1", "submitted_at": "2026-01-01T23:34:05.000Z"}
    assert {name: stored[name] for name in expected} == expected


def test_ids_may_be_numbers(service: Service) -> None:
    stored = service.read(service.posted(post_id=8344, parent_id=-1, external_id=10**50))
    assert (stored["post_id"], stored["parent_id"], stored["external_id"]) == ("8344", "-1", str(10**50))


def test_a_number_of_thousands_of_digits_is_too_long(service: Service) -> None:
    data = b'{"name": "S", "email": "s@example.com", "body": "b", "post_id": 1' + b"0" * 4000 + b"}"
    assert errors(service.post(data=data, content_type="application/json")) == {"post_id": "too_long"}


def test_fields_of_other_names_are_ignored(service: Service) -> None:
    assert service.post(comment(submit="Post", _nonce="x", status="approved", id="cm_1")).status_code == 202
    service.judge()
    assert service.call("GET", "/v1/comments", service.sk).json["comments"][0]["id"] != "cm_1"


@pytest.mark.parametrize("address", ["fe80::1%eth0", "::ffff:255.255.255.255%" + "x" * 22, "203.0.113.7"])
def test_the_zone_of_an_address_is_left_out(each_service: Service, address: str) -> None:
    stored = each_service.read(each_service.posted(ip=address))
    assert stored["ip"]
    assert "%" not in stored["ip"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01", "1", "now"])
def test_a_moment_that_no_calendar_has_is_refused(service: Service, moment: str) -> None:
    assert errors(service.post(comment(submitted_at=moment))) == {"submitted_at": "invalid"}


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31T23:59:59Z", "2026-01-02 03:04"])
def test_a_moment_at_the_edge_of_the_calendar_is_kept(each_service: Service, moment: str) -> None:
    stored = each_service.read(each_service.posted(submitted_at=moment))
    assert stored["submitted_at"].startswith(moment[:10])


def test_a_site_may_set_lower_limits(service: Service) -> None:
    service.call("PUT", "/v1/policy", service.moderator, json={"max_lengths": {"body": 10}})
    assert errors(service.post(comment(body="x" * 11))) == {"body": "too_long"}
    assert service.post(comment(body="x" * 10)).status_code == 202
