"""Idempotency-Key: a repeated request takes effect once and is answered as the first one was."""

import threading
import time
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.api.service import Service, comment

BATCH = "/v1/comments/batch"


def keyed(key: str, **more: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key, **more}}


def test_the_same_request_again_is_answered_as_the_first_and_stored_once(each_service: Service) -> None:
    first = each_service.post(**keyed("once"))
    again = each_service.post(**keyed("once"))
    assert again.status_code == first.status_code == 202
    assert again.json == first.json
    assert again.headers["Location"] == first.headers["Location"]
    assert each_service.count() == 1


def test_the_same_key_with_another_body_is_refused(each_service: Service) -> None:
    first = each_service.post(**keyed("once"))
    other = each_service.post(comment(body="Another."), **keyed("once"))
    assert other.status_code == 422
    assert other.json["type"].endswith(":idempotency-key-reused")
    assert other.json["detail"] == "This Idempotency-Key was used with a different request."
    assert each_service.post(**keyed("once")).json == first.json
    assert each_service.count() == 1


def test_a_refused_request_does_not_use_its_key_up(service: Service) -> None:
    assert service.post(comment(email="nobody"), **keyed("once")).status_code == 422
    assert service.post(**keyed("once")).status_code == 202


def test_a_key_belongs_to_a_site_and_a_route(service: Service) -> None:
    first = service.post(**keyed("once"))
    second = service.post(key=service.other.secret_key, **keyed("once"))
    batch = service.call("POST", BATCH, service.sk, json={"comments": [comment()]}, **keyed("once"))
    ids = {first.json["id"], second.json["id"], batch.json["results"][0]["id"]}
    assert len(ids) == 3


def test_a_key_may_be_quoted_or_bare(service: Service) -> None:
    assert service.post(**keyed('"8e03978e-40d5"')).json == service.post(**keyed(" 8e03978e-40d5 ")).json
    assert service.post(**keyed('"')).status_code == 202


@pytest.mark.parametrize("key", ["", " ", '""', "x" * 256, "schlüssel", "a\tb", "\x7f"])
def test_a_key_of_another_shape_is_refused(service: Service, key: str) -> None:
    assert service.post(**keyed(key)).status_code == 400
    assert service.call("POST", BATCH, service.sk, json={"comments": []}, **keyed(key)).status_code == 400
    assert service.count() == 0


def test_a_key_of_the_greatest_length_is_taken(each_service: Service) -> None:
    assert each_service.post(**keyed("x" * 255)).status_code == 202
    assert each_service.post(**keyed('"' + "y" * 255 + '"')).status_code == 202


def test_a_repeated_batch_is_stored_once(each_service: Service) -> None:
    sent = {"comments": [comment(body=f"Number {n}") for n in range(3)] + [comment(email=None)]}
    first = each_service.call("POST", BATCH, each_service.sk, json=sent, **keyed("once"))
    again = each_service.call("POST", BATCH, each_service.sk, json=sent, **keyed("once"))
    assert again.json == first.json
    assert each_service.count() == 3
    sent["comments"].pop()
    assert each_service.call("POST", BATCH, each_service.sk, json=sent, **keyed("once")).status_code == 422


def test_eight_requests_at_once_with_one_key_are_one_comment_and_one_answer(each_service: Service) -> None:
    start = threading.Barrier(8)
    answers: list[TestResponse] = []

    def ask() -> None:
        start.wait()
        answers.append(each_service.post(**keyed("once")))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [202] * 8
    assert len({answer.json["id"] for answer in answers}) == 1
    assert each_service.count() == 1


def test_eight_batches_at_once_with_one_key_are_one_batch(each_service: Service) -> None:
    start = threading.Barrier(8)
    answers: list[TestResponse] = []
    sent = {"comments": [comment(post_id=str(n), post_title=f"Post {n}") for n in range(5)]}

    def ask() -> None:
        start.wait()
        answers.append(each_service.call("POST", BATCH, each_service.sk, json=sent, **keyed("once")))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 8
    assert all(answer.json == answers[0].json for answer in answers)
    assert each_service.count() == 5


def test_while_the_first_request_waits_the_second_is_told_to_come_later(each_service: Service) -> None:
    answers: list[TestResponse] = []
    headers = keyed("once", Prefer="wait=30")
    first = threading.Thread(target=lambda: answers.append(each_service.post(**headers)))
    first.start()
    while not each_service.waiting():
        time.sleep(0.01)
    second = each_service.post(**headers)
    each_service.judge()
    first.join()
    assert second.status_code == 409
    assert second.json["type"].endswith(":in-progress")
    assert 1 <= int(second.headers["Retry-After"]) <= 35
    assert answers[0].status_code == 200
    again = each_service.post(**headers)
    assert again.status_code == 200
    assert again.json == answers[0].json
    assert each_service.post(**keyed("once")).json["id"] == answers[0].json["id"]
    assert each_service.count() == 1
