"""What every request leaves in the log, and the id that finds it there."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tests.api.service import Service, comment


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """Return the lines that are logged, with what is bound to their context."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as found:
        yield found


def test_the_line_of_a_post_has_the_ids_of_request_comment_and_site(service: Service, lines: list[Any]) -> None:
    response = service.post(comment())
    request_id = response.headers["X-Request-Id"]
    assert request_id.startswith("rq_")
    [line] = [line for line in lines if line.get("request") == request_id]
    assert (line["event"], line["comment"]) == ("answered", response.json["id"])  # type: ignore[index]
    assert (line["site"], line["status"]) == (service.site.id, 202)
    assert service.post(comment()).headers["X-Request-Id"] != request_id


def test_all_lines_of_a_batch_carry_the_id_that_its_answer_tells(service: Service, lines: list[Any]) -> None:
    sent = {"comments": [comment(), comment(email="none"), comment()]}
    response = service.call("POST", "/v1/comments/batch", service.sk, json=sent)
    accepted = [one["id"] for one in response.json["results"] if one["status"] == 202]  # type: ignore[index]
    of_request = [line for line in lines if line.get("request") == response.headers["X-Request-Id"]]
    assert [line["event"] for line in of_request] == ["accepted", "accepted", "answered"]
    assert [line["comment"] for line in of_request[:2]] == accepted


def test_an_id_that_a_proxy_gave_is_kept(service: Service, lines: list[Any]) -> None:
    given = "7f000001-8f3a-4b5e-9c0d-1e2f3a4b5c6d"
    response = service.call("GET", "/livez", headers={"X-Request-Id": given})
    assert response.headers["X-Request-Id"] == given
    assert service.call("GET", "/nowhere", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given
    assert [line["request"] for line in lines if line["event"] == "answered"] == [given, given]


@pytest.mark.parametrize("given", ["sara@example.com", "198.51.100.7", "short", "x" * 65, "two words of text"])
def test_what_is_no_id_does_not_get_into_the_log(service: Service, lines: list[Any], given: str) -> None:
    response = service.call("GET", "/nowhere", headers={"X-Request-Id": given})
    assert response.headers["X-Request-Id"].startswith("rq_")
    assert given not in str(lines)
