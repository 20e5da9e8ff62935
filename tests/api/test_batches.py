"""Many comments in one request: a result for each, in order, and one that is not right spoils none."""

from typing import Any

import pytest

from api.limits import MAX_BATCH
from tests.api.service import Service, comment


def batch(service: Service, comments: Any, **headers: str) -> Any:
    sent = {"comments": comments}
    return service.call("POST", "/v1/comments/batch", service.sk, json=sent, headers=headers)


def test_good_and_bad_ones_are_answered_in_order(each_service: Service) -> None:
    sent = [comment(body="One"), comment(email="nobody"), "text", comment(body="Two"), {}, comment(name="a\0b")]
    results = batch(each_service, sent).json["results"]
    assert [result["status"] for result in results] == [202, 422, 422, 202, 422, 422]
    assert [each_service.read(results[n]["id"])["body"] for n in (0, 3)] == ["One", "Two"]
    assert results[1]["errors"][0]["code"] == "invalid"
    assert results[2]["errors"] == [{"field": "", "code": "wrong_type", "message": "This has the wrong type."}]
    assert {error["field"] for error in results[4]["errors"]} == {"name", "email", "body", "post_id"}
    assert each_service.count() == 2


def test_errors_are_told_in_the_language_asked_for(service: Service) -> None:
    results = batch(service, [comment(name=None)], **{"Accept-Language": "fa"}).json["results"]
    assert results[0]["errors"][0]["message"] == "لطفاً نام خود را بنویسید."


def test_an_empty_batch_is_answered_with_no_results(service: Service) -> None:
    assert batch(service, []).json == {"results": []}


def test_a_batch_of_only_bad_ones_stores_nothing(service: Service) -> None:
    assert [result["status"] for result in batch(service, [1, None, []]).json["results"]] == [422] * 3
    assert service.count() == 0
    assert service.rung == []


def test_a_batch_of_the_most_is_taken_and_one_more_is_refused(each_service: Service) -> None:
    most = [comment(post_id=n, body=f"Number {n}") for n in range(MAX_BATCH)]
    results = batch(each_service, most).json["results"]
    assert len({result["id"] for result in results}) == MAX_BATCH
    refused = batch(each_service, [*most, comment()])
    assert refused.status_code == 422
    assert refused.json["errors"][0]["code"] == "too_many"
    assert each_service.count() == MAX_BATCH


@pytest.mark.parametrize("sent", [{}, {"comments": None}, {"comments": {}}, {"comments": "x"}, {"results": []}])
def test_a_body_without_a_list_of_comments_is_refused(service: Service, sent: Any) -> None:
    response = service.call("POST", "/v1/comments/batch", service.sk, json=sent)
    assert response.json["errors"][0]["field"] == "comments"


def test_one_comment_again_and_again_is_as_many_comments(service: Service) -> None:
    assert [result["status"] for result in batch(service, [comment()] * 10).json["results"]] == [202] * 10
    assert service.count() == 10
