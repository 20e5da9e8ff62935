"""Prefer: wait=N: the verdict in the answer, where it comes in time."""

import pytest

from api.preferences import MAX_WAIT_SECONDS
from tests.api.service import Service, comment


def prefer(value: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Prefer": value}}


def test_a_verdict_that_comes_in_time_is_in_the_answer(each_service: Service) -> None:
    with each_service.judging():
        response = each_service.post(**prefer("wait=30"))
    assert response.status_code == 200
    assert response.json["status"] == "approved"
    assert response.json["verdict"]["action"] == "approve"
    assert response.headers["Preference-Applied"] == "wait=30"
    assert response.headers["Location"].endswith(response.json["id"])
    assert response.json == each_service.read(response.json["id"])


def test_what_looks_like_spam_is_told_with_its_signals(service: Service) -> None:
    with service.judging():
        response = service.post(comment(body="Buy spam"), **prefer("wait=30"))
    assert response.json["status"] == "held"
    assert "MODEL_SPAM" in [signal["name"] for signal in response.json["verdict"]["signals"]]


def test_a_verdict_that_does_not_come_in_time_is_left_for_later(service: Service) -> None:
    response = service.post(**prefer("wait=1"))
    assert response.status_code == 202
    assert response.json["status"] == "received"
    assert "Preference-Applied" not in response.headers


def test_a_form_in_a_browser_is_told_what_its_author_may_know(service: Service) -> None:
    with service.judging():
        response = service.post(key=service.pk, **prefer("wait=30"))
    assert response.status_code == 200
    assert response.json == {"id": response.json["id"], "status": "approved", "reason": "published"}
    assert "token=" in response.headers["Location"]


@pytest.mark.parametrize("value", ["wait=0", "wait", "wait=", "wait=-1", "respond-async", "await=5", "wait=x", "", ","])
def test_without_a_wish_to_wait_the_answer_comes_at_once(service: Service, value: str) -> None:
    assert service.post(**prefer(value)).status_code == 202


@pytest.mark.parametrize("value", ["respond-async, wait=20", 'wait="20"', "WAIT = 20", "handling=lenient;wait=20"])
def test_the_wish_is_read_as_rfc_7240_writes_it(service: Service, value: str) -> None:
    with service.judging():
        response = service.post(**prefer(value))
    assert response.headers["Preference-Applied"] == "wait=20"


def test_nobody_waits_longer_than_the_most(service: Service) -> None:
    with service.judging():
        response = service.post(**prefer("wait=999999999"))
    assert response.headers["Preference-Applied"] == f"wait={MAX_WAIT_SECONDS}"
