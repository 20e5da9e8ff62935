"""Reply forms: a token when one is shown, and what is made of it when the comment comes."""

import itertools
from typing import Any

import pytest

from moderation.form_work import BITS, is_done
from tests.api.service import Service, comment

PAGE = {"Origin": "https://news.example.com"}


def _signals(service: Service, comment_id: str) -> dict[str, str]:
    service.judge(comment_id)
    signals = service.read(comment_id)["verdict"]["signals"]
    return {one["name"]: one["evidence"][0]["text"] for one in signals if one["name"].startswith(("FORM", "HONEY"))}


def _token(service: Service, key: str) -> Any:
    response = service.call("GET", "/v1/form", key)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    return response.json


def test_a_comment_sent_at_once_with_every_field_filled_gives_itself_away(each_service: Service) -> None:
    form = _token(each_service, each_service.pk)
    sent = comment(form_token=form["token"], **{form["honeypot"]: "https://cheap.example"})
    answered = each_service.post(sent, key=each_service.pk).json
    found = _signals(each_service, answered["id"])
    assert set(found) == {"HONEYPOT", "FORM_FAST"}
    assert "10 characters" in found["FORM_FAST"]


def test_a_form_of_wordpress_brings_them_too(each_service: Service) -> None:
    form = {
        "author": "Sara",
        "email": "sara@example.com",
        "comment": "Well said.",
        "comment_post_ID": "8344",
        "form_token": "made up",
        "contact_url": "x",
    }
    response = each_service.call("POST", "/v1/comments", each_service.sk, data=form)
    assert set(_signals(each_service, response.json["id"])) == {"HONEYPOT", "FORM_FORGED"}


@pytest.mark.parametrize("token", [5, True, {"a": 1}, ["x"], "x" * 10_000, "\0", "\ud800", "۱۲۳.۴"])
def test_a_bad_token_is_noticed_and_never_refused(service: Service, token: Any) -> None:
    assert set(_signals(service, service.posted(form_token=token))) == {"FORM_FORGED"}


def test_a_token_is_of_one_site(service: Service) -> None:
    foreign = _token(service, service.other.public_key)["token"]
    assert set(_signals(service, service.posted(form_token=foreign))) == {"FORM_FORGED"}


def test_a_missing_token_is_noticed_where_the_site_says_that_its_forms_send_one(service: Service) -> None:
    assert _signals(service, service.posted()) == {}
    assert service.call("PUT", "/v1/policy", service.moderator, json={"rules": {"expect_form_token": True}})
    assert set(_signals(service, service.posted())) == {"FORM_MISSING"}


def test_work_is_asked_of_public_forms_in_a_flood_only(each_service: Service) -> None:
    assert "work" not in _token(each_service, each_service.pk)
    each_service.tighten()
    form = _token(each_service, each_service.pk)
    assert form["work"] == {"algorithm": "sha-256", "challenge": form["token"], "bits": BITS}
    for key in (each_service.sk, each_service.other.public_key):
        assert "work" not in _token(each_service, key)
    assert each_service.call("PUT", "/v1/policy", each_service.moderator, json={"rules": {"tighten_in_floods": False}})
    assert "work" not in _token(each_service, each_service.pk)


def test_in_a_flood_a_comment_without_work_is_accepted_and_held_and_one_with_it_is_held_too(
    each_service: Service,
) -> None:
    before = _token(each_service, each_service.pk)["token"]
    each_service.tighten()
    form = _token(each_service, each_service.pk)
    work = _work(form["token"])
    expected: list[tuple[dict[str, Any], set[str]]] = [
        ({"form_token": form["token"], "form_work": work}, {"FORM_FAST"}),
        ({"form_token": form["token"], "form_work": int(work)}, {"FORM_FAST"}),
        ({"form_token": form["token"], "form_work": work + "1"}, {"FORM_FAST", "FORM_NO_WORK"}),
        # That of one token is none of another.
        ({"form_token": before, "form_work": work}, {"FORM_FAST", "FORM_NO_WORK"}),
        ({"form_token": before, "form_work": _work(before)}, {"FORM_FAST"}),
        ({"form_token": "made up", "form_work": _work("made up")}, {"FORM_FORGED", "FORM_NO_WORK"}),
        ({"form_work": work}, {"FORM_NO_WORK"}),
        ({"form_work": {}}, {"FORM_NO_WORK"}),
        ({}, {"FORM_NO_WORK"}),
    ]
    for number, (fields, names) in enumerate(expected):
        sent = comment(**fields, email=f"reader{number}@example.com", body=f"Comment number {number}")
        answered = each_service.post(sent, key=each_service.pk)
        assert answered.status_code == 202, answered.text
        assert set(_signals(each_service, answered.json["id"])) == names
        read = each_service.read(answered.json["id"])
        assert read["status"] == "held"
        assert "RULE_FLOOD_MODE" in {one["name"] for one in read["verdict"]["signals"]}
    # A website's server vouches for its visitors.
    assert "FORM_NO_WORK" not in _signals(each_service, each_service.posted())


def _work(challenge: str) -> str:
    return next(str(number) for number in itertools.count() if is_done(challenge, str(number)))


def test_pages_of_the_site_may_ask_for_a_token_and_no_others(service: Service) -> None:
    answered = service.call("GET", "/v1/form", service.pk, headers=PAGE)
    assert answered.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    asked = service.call("OPTIONS", "/v1/form", headers=PAGE)
    assert "GET" in asked.headers["Access-Control-Allow-Methods"]
    refused = service.call("GET", "/v1/form", service.pk, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
