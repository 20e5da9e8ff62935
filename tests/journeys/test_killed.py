"""Processes killed at every point of their work: one verdict per comment, one delivery per event, nothing else."""

import http.client
import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Receiver
from tests.journeys.faults import Faults, make_faults, python_path
from tests.journeys.program import Up, up
from tests.journeys.servers import python_module
from tests.processes import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

POSTING = ("moderation.together:Together._write_batch", "api.doorbell:Doorbell.ring", "api.comments:_accepted")
SCREENING = ("moderation.screening:_think", "moderation.screening:_write", "workers.screen_tasks:ring_for_deliveries")
DELIVERING = tuple(f"moderation.deliveries.delivering:{name}" for name in ("take", "send", "record"))
LEARNING = ("moderation.learning.site_model:fit", "moderation.teaching:learn")


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    """Return the points at which the program may be killed."""
    return make_faults(tmp_path / "faults", *POSTING, *SCREENING, *DELIVERING, *LEARNING)


@pytest.fixture
def program(tmp_path: Path, faults: Faults) -> Iterator[Up]:
    """Return the running program with those points."""
    with up(
        tmp_path / "var",
        free_port(),
        MODERATION_OUTBOUND_ALLOW="127.0.0.0/8",
        MODERATION_SWEEP_SECONDS="1",
        PYTHONPATH=python_path(faults.folder),
    ) as one:
        one.wait_until_ready()
        yield one
        assert one.stop() == 0
        one.assert_nothing_is_left()


def _post_until_accepted(program: Up, body: str, key: str) -> str:
    """Post as a careful client does: again, under the same Idempotency-Key, until there is an answer."""
    found: list[str] = []

    def is_accepted() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=30)
        comment = {"name": "Sara", "email": "sara@example.com", "body": body, "post_id": "8344"}
        site_key = program.credentials["site"]["secret_key"]
        headers = {"Authorization": f"Bearer {site_key}", "Idempotency-Key": key, "Content-Type": "application/json"}
        try:
            connection.request("POST", "/v1/comments", json.dumps(comment), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        assert response.status == 202, answer
        found.append(answer["id"])
        return True

    wait_until(is_accepted, "the comment is accepted", seconds=60)
    return found[0]


def _assert_each_told_once(receiver: Receiver, ids: list[str]) -> None:
    """Every comment has one event, under one webhook-id; those that came again are the same to the byte."""
    told: dict[str, dict[str, bytes]] = defaultdict(dict)
    for one in receiver.received:
        comment_id = json.loads(one.body)["data"]["comment"]["id"]
        known = told[comment_id].setdefault(one.headers["webhook-id"], one.body)
        assert known == one.body
    assert set(told) == set(ids)
    assert all(len(by_id) == 1 for by_id in told.values())


def _post_to_a_site_of_its_own(program: Up, url: str, name: str) -> str:
    """Post a comment to a new site, whose endpoint this is; return its id."""
    command = [*python_module("moderation"), "site", "add", name, "--json"]
    site = json.loads(subprocess.run(command, check=True, capture_output=True, env=dict(program.environment)).stdout)
    endpoint = {"url": url, "site": site["id"]}
    assert program.call("POST", "/v1/endpoints", endpoint, key=program.credentials["admin_token"])[0] == 201
    comment = {"name": "Sara", "email": "sara@example.com", "body": f"Killed {name}", "post_id": "8344"}
    status, accepted = program.call("POST", "/v1/comments", comment, key=site["secret_key"])
    assert status == 202, accepted
    return str(accepted["id"])


def _each(points: tuple[str, ...]) -> list[str]:
    return [f"{when} {point}" for point in points for when in ("before", "after")]


def _kill_at_each(
    faults: Faults, points: tuple[str, ...], post: Callable[[str], str], settle: Callable[[str], None]
) -> list[str]:
    ids = []
    for point in _each(points):
        faults.kill_at(point)
        comment_id = post(point)
        faults.wait_until_killed(point)
        settle(comment_id)
        ids.append(comment_id)
    return ids


def test_the_api_killed_at_every_point_of_a_post(program: Up, faults: Faults, receiver: Receiver) -> None:
    program.listen(receiver.url)
    ids = _kill_at_each(
        faults,
        POSTING,
        lambda point: _post_until_accepted(program, f"Killed {point}", point),
        program.wait_until_judged,
    )
    receiver.wait_for(len(ids))
    _assert_each_told_once(receiver, ids)
    # The retries made no second comment.
    stored = program.call("GET", "/v1/comments")[1]["comments"]
    assert sorted(one["id"] for one in stored) == sorted(ids)


def test_a_worker_killed_at_every_point_of_judging(program: Up, faults: Faults, receiver: Receiver) -> None:
    program.listen(receiver.url)
    ids = _kill_at_each(faults, SCREENING, lambda point: program.post(f"Killed {point}"), program.wait_until_judged)
    receiver.wait_for(len(ids), seconds=60)
    _assert_each_told_once(receiver, ids)
    assert all(program.comment(comment_id)["version"] == 2 for comment_id in ids)
    # None was given up after too many tries, and held unread.
    assert all(program.comment(comment_id)["verdict"]["model"] for comment_id in ids)


def test_a_worker_killed_at_every_point_of_delivering(program: Up, faults: Faults, receiver: Receiver) -> None:
    # What died with its worker is free again when its claim and its lease have run out: each dies at an endpoint of its
    # own, and all of them before any is awaited.
    ids = _kill_at_each(
        faults, DELIVERING, lambda point: _post_to_a_site_of_its_own(program, receiver.url, point), lambda _id: None
    )

    def is_told() -> bool:
        return {json.loads(one.body)["data"]["comment"]["id"] for one in receiver.received} >= set(ids)

    wait_until(is_told, "everything is told", seconds=180)
    _assert_each_told_once(receiver, ids)


def test_a_worker_killed_at_every_point_of_learning(program: Up, faults: Faults) -> None:
    token = program.credentials["moderator_token"]

    def decide(number: int) -> None:
        action = "spam" if number % 2 else "approve"
        comment_id = program.post(f"Cheap watches {number}" if number % 2 else f"I agree, {number} times")
        program.wait_until_judged(comment_id)
        decision = {"action": action, "version": program.comment(comment_id)["version"]}
        assert program.call("POST", f"/v1/comments/{comment_id}/decision", decision, key=token)[0] == 200

    for number in range(4):
        decide(number)
    for number, point in enumerate(_each(LEARNING), start=4):
        faults.kill_at(point)
        decide(number)
        faults.wait_until_killed(point)

    def is_learned() -> bool:
        later = program.post("Something that nobody said before")
        program.wait_until_judged(later)
        evidence = program.comment(later)["verdict"]
        return "+site" in evidence["model"]

    wait_until(is_learned, "the decisions are learned", seconds=60)
