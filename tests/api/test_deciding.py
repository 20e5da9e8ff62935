"""Decisions: a person's word, given about the version that the person saw."""

import threading
from typing import Any

import pytest
from werkzeug.test import TestResponse

from moderation.tasks import LEARN
from tests.api.service import Service
from tests.api.test_fields import errors


def decide(service: Service, comment_id: str, sent: Any, key: str | None = None) -> TestResponse:
    return service.call("POST", f"/v1/comments/{comment_id}/decision", key or service.moderator, json=sent)


@pytest.mark.parametrize(
    ("action", "status"), [("approve", "approved"), ("hold", "held"), ("reject", "rejected"), ("spam", "spam")]
)
def test_a_decision_is_shown_with_who_made_it_and_why(each_service: Service, action: str, status: str) -> None:
    comment_id = each_service.posted()
    each_service.judge()
    shown = decide(each_service, comment_id, {"action": action, "version": 2, "reason": " A fair point. "}).json
    assert (shown["status"], shown["version"]) == (status, 3)
    assert {name: shown["decision"][name] for name in ("action", "reason", "by", "version")} == {
        "action": action,
        "reason": "A fair point.",
        "by": "Night shift",
        "version": 3,
    }
    assert shown["verdict"]["action"] == "approve"
    assert each_service.read(comment_id) == shown


def test_a_moderator_need_not_wait_for_the_verdict(service: Service) -> None:
    comment_id = service.posted()
    assert decide(service, comment_id, {"action": "approve", "version": 1}).json["verdict"] is None
    service.judge(comment_id)
    assert service.read(comment_id)["status"] == "approved"


def test_a_decision_rings_for_its_site_to_be_learned(service: Service) -> None:
    decide(service, service.posted(), {"action": "approve", "version": 1})
    service.app.extensions["moderation"].doorbell.stop()
    assert (LEARN, [service.site.id]) in service.rung


def test_the_website_may_decide_too(service: Service) -> None:
    shown = decide(service, service.posted(), {"action": "reject", "version": 1}, service.sk).json
    assert shown["decision"]["by"] == "website"
    assert shown["decision"]["reason"] is None


def test_a_new_decision_undoes_an_old_one(service: Service) -> None:
    comment_id = service.posted()
    decide(service, comment_id, {"action": "spam", "version": 1})
    shown = decide(service, comment_id, {"action": "approve", "version": 2}).json
    assert (shown["status"], shown["version"], shown["decision"]["action"]) == ("approved", 3, "approve")


@pytest.mark.parametrize("version", [2, 3, 2**31 - 1])
def test_a_decision_about_another_version_is_refused_with_the_one_there_is(service: Service, version: int) -> None:
    comment_id = service.posted()
    response = decide(service, comment_id, {"action": "approve", "version": version})
    assert response.status_code == 409
    assert response.json["type"].endswith(":changed")
    assert "version 1" in response.json["detail"]
    assert service.read(comment_id)["status"] == "received"


def test_of_eight_moderators_at_once_one_decides_and_the_others_are_told(each_service: Service) -> None:
    comment_id = each_service.posted()
    each_service.judge()
    start = threading.Barrier(8)
    answers: list[TestResponse] = []

    def ask(action: str) -> None:
        start.wait()
        answers.append(decide(each_service, comment_id, {"action": action, "version": 2}))

    threads = [threading.Thread(target=ask, args=(action,)) for action in ["approve", "spam", "reject", "hold"] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    shown = next(answer.json for answer in answers if answer.status_code == 200)
    assert each_service.read(comment_id) == shown


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, {"action": "required", "version": "required"}),
        ({"action": "delete", "version": 1}, {"action": "invalid"}),
        ({"action": ["approve"], "version": 1}, {"action": "invalid"}),
        ({"action": {}, "version": "1"}, {"action": "invalid", "version": "invalid"}),
        ({"action": "approve", "version": 0}, {"version": "invalid"}),
        ({"action": "approve", "version": True}, {"version": "invalid"}),
        ({"action": "approve", "version": 1.0}, {"version": "invalid"}),
        ({"action": "approve", "version": 2**31}, {"version": "invalid"}),
        ({"action": "approve", "version": 10**4000}, {"version": "invalid"}),
        ({"action": "approve", "version": 1, "reason": 5}, {"reason": "wrong_type"}),
        ({"action": "approve", "version": 1, "reason": "x" * 2_001}, {"reason": "too_long"}),
        ({"action": "approve", "version": 1, "reason": "\0"}, {"reason": "invalid_characters"}),
        ({"action": "approve", "version": 1, "reason": "\udc00"}, {"reason": "invalid_characters"}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_decision_that_makes_no_sense_is_refused(service: Service, sent: Any, expected: dict[str, str]) -> None:
    comment_id = service.posted()
    assert errors(decide(service, comment_id, sent)) == expected
    assert service.read(comment_id)["version"] == 1


def test_an_operator_and_a_form_decide_nothing(service: Service) -> None:
    comment_id = service.posted()
    for key in (service.admin, service.pk):
        assert decide(service, comment_id, {"action": "approve", "version": 1}, key).status_code == 403
