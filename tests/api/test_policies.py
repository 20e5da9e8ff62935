"""A site's policy: read, replaced, one version after the other."""

import threading
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.api.service import Service
from tests.api.test_fields import errors

PATH = "/v1/policy"


def put(service: Service, sent: Any) -> TestResponse:
    return service.call("PUT", PATH, service.moderator, json=sent)


def test_a_site_without_a_policy_has_the_default_as_version_0(each_service: Service) -> None:
    shown = each_service.call("GET", PATH, each_service.moderator).json
    assert (shown["site"], shown["version"]) == (each_service.site.id, 0)
    assert shown["thresholds"] == {"hold": 3.0, "spam": 6.0, "discard": 12.0}


def test_each_put_makes_the_next_version(each_service: Service) -> None:
    first = put(each_service, {"words_hold": ["casino", "  کازینو "], "points": {"MINE": 2.5}})
    assert first.json["version"] == 1
    assert first.json["words_hold"] == ["casino", "کازینو"]
    assert first.json["points"]["MINE"] == 2.5
    assert first.json["points"]["LINKS_MANY"] == 4.0
    second = put(each_service, {})
    assert (second.json["version"], second.json["words_hold"]) == (2, [])
    assert each_service.call("GET", PATH, each_service.moderator).json == second.json


def test_what_get_answered_may_be_put_back(service: Service) -> None:
    shown = service.call("GET", PATH, service.moderator).json
    assert put(service, shown).json == shown | {"version": 1}


def test_eight_puts_at_once_are_eight_versions(each_service: Service) -> None:
    start = threading.Barrier(8)
    answers: list[TestResponse] = []

    def ask() -> None:
        start.wait()
        answers.append(put(each_service, {"words_hold": ["casino"]}))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.json["version"] for answer in answers) == list(range(1, 9))


def test_a_new_policy_holds_for_comments_judged_from_then_on(service: Service) -> None:
    before = service.posted(body="casino")
    service.judge()
    put(service, {"words_hold": ["casino"]})
    after = service.posted(body="Another casino")
    service.judge()
    assert (service.read(before)["status"], service.read(before)["verdict"]["policy"]) == ("approved", 0)
    assert (service.read(after)["status"], service.read(after)["verdict"]["policy"]) == ("held", 1)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"word_hold": []}, {"word_hold": "unknown"}),
        ({"\ud800": 1, "\0": 1}, {"?": "unknown", "\0": "unknown"}),
        ({"thresholds": {"hold": 5, "spam": 4}}, {"thresholds": "invalid"}),
        ({"thresholds": {"hold": 0}}, {"thresholds": "invalid"}),
        ({"thresholds": {"approve": 1}}, {"thresholds": "invalid"}),
        ({"thresholds": {"hold": "3"}}, {"thresholds": "invalid"}),
        ({"thresholds": []}, {"thresholds": "invalid"}),
        ({"thresholds": None, "points": None}, {"thresholds": "invalid", "points": "invalid"}),
        ({"points": [["LINKS_MANY", 1]]}, {"points": "invalid"}),
        ({"points": {"LINKS_MANY": True}}, {"points": "invalid"}),
        ({"points": {"LINKS_MANY": 1001}}, {"points": "invalid"}),
        ({"points": {"LINKS_MANY": 10**4000}}, {"points": "invalid"}),
        ({"points": {"A\0": 1}}, {"points": "invalid"}),
        ({"points": {"A\ud800": 1}}, {"points": "invalid"}),
        ({"points": {"A" * 65: 1}}, {"points": "invalid"}),
        ({"words_spam": "casino"}, {"words_spam": "invalid"}),
        ({"words_spam": [1]}, {"words_spam": "invalid"}),
        ({"words_spam": ["a\0"]}, {"words_spam": "invalid"}),
        ({"words_spam": ["\ud800"]}, {"words_spam": "invalid"}),
        ({"words_spam": ["x" * 201]}, {"words_spam": "invalid"}),
        ({"words_hold": ["x"] * 100_001}, {"words_hold": "invalid"}),
        ({"on_failure": "approve"}, {"on_failure": "invalid"}),
        ({"on_failure": {}}, {"on_failure": "invalid"}),
        ({"max_lengths": {"body": 20_001}}, {"max_lengths": "invalid"}),
        ({"max_lengths": {"body": 0}}, {"max_lengths": "invalid"}),
        ({"max_lengths": {"body": 1.5}}, {"max_lengths": "invalid"}),
        ({"max_lengths": {"subject": 1}}, {"max_lengths": "invalid"}),
        ({"languages": "fa"}, {"languages": "invalid"}),
        ({"languages": ["fa", "not a language"]}, {"languages": "invalid"}),
        ({"languages": ["en"] * 51}, {"languages": "invalid"}),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_a_policy_that_makes_no_sense_is_refused(each_service: Service, sent: Any, expected: dict[str, str]) -> None:
    assert errors(put(each_service, sent)) == expected
    assert each_service.call("GET", PATH, each_service.moderator).json["version"] == 0
