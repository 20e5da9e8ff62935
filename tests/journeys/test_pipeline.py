"""One comment, end to end, in the real program: and what happens to it when parts of the program don't."""

import json
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import standardwebhooks
import svix.webhooks
from celery import Celery

from moderation.settings import Settings
from moderation.tasks import SCREEN, SCREEN_QUEUE
from tests.conftest import Receiver
from tests.journeys.faults import python_path
from tests.journeys.program import Up, up
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.timeout(600)

# Stops whoever judges a comment with a certain word, for as long as a file lies there.
FILTER = """
import pathlib, time
FOLDER = pathlib.Path(__file__).parent
def slow(facts):
    if "slowly" in facts.body and (FOLDER / "slow").exists():
        (FOLDER / "begun").touch()
        while (FOLDER / "slow").exists():
            time.sleep(0.02)
    return ()
"""


# Nothing that a filter would hold, and no near-copies of each other.
SLOW = (
    "They are slowly learning what we all knew.",
    "Trust in the courts comes back slowly after years.",
    "My neighbours slowly got used to the new bus line.",
)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Up]:
    """Return the running program, which may post to loopback and has a filter that can be held up."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "slow_filter.py").write_text(FILTER)
    with up(
        tmp_path / "var",
        free_port(),
        MODERATION_OUTBOUND_ALLOW="127.0.0.0/8",
        MODERATION_FILTERS="slow_filter:slow",
        MODERATION_SWEEP_SECONDS="1",
        PYTHONPATH=python_path(code),
    ) as one:
        one.wait_until_ready()
        yield one
        assert one.stop() == 0
        one.assert_nothing_is_left()


def _events(receiver: Receiver) -> Counter[tuple[str, str]]:
    """Count the events that came, by comment and type, each webhook-id once."""
    by_id = {one.headers["webhook-id"]: json.loads(one.body) for one in receiver.received}
    return Counter((message["data"]["comment"]["id"], message["type"]) for message in by_id.values())


def test_a_comment_comes_to_its_verdict_and_to_the_moderator_and_the_decision_to_the_website(
    program: Up, receiver: Receiver
) -> None:
    endpoint = program.listen(receiver.url)
    token = program.credentials["moderator_token"]
    assert program.call("PUT", "/v1/policy", {"words_hold": ["lawsuit"]}, key=token)[0] == 200
    comment_id = program.post("The lawsuit was no surprise to anyone in this town.")
    [webhook] = receiver.wait_for(1)
    for library in (standardwebhooks, svix.webhooks):
        library.Webhook(endpoint["secret"]).verify(webhook.body, webhook.headers)
    message = json.loads(webhook.body)
    assert message["type"] == "comment.held"
    assert "WORDS_HOLD" in {signal["name"] for signal in message["data"]["verdict"]["signals"]}

    answers: list[int] = []
    version = message["data"]["comment"]["version"]

    def decide(action: str) -> None:
        decision = {"action": action, "version": version, "reason": "on topic"}
        answers.append(program.call("POST", f"/v1/comments/{comment_id}/decision", decision, key=token)[0])

    moderators = [threading.Thread(target=decide, args=[action]) for action in ("approve", "reject")]
    for moderator in moderators:
        moderator.start()
    for moderator in moderators:
        moderator.join()
    assert sorted(answers) == [200, 409]
    decided = json.loads(receiver.wait_for(2)[1].body)
    assert decided["type"] in ("comment.approved", "comment.rejected")
    assert decided["data"]["decision"]["by"] == "First moderator"
    assert decided["data"]["comment"]["version"] == version + 1

    log = program.errors.read_text()
    for event in ("answered", "judged", "attempted"):
        assert any(comment_id in line and f'"{event}"' in line for line in log.splitlines()), event
    assert "sara@example.com" not in log
    assert "lawsuit" not in log


def test_while_redis_does_not_answer_comments_are_accepted_and_judged_after_it_is_back(
    program: Up, receiver: Receiver
) -> None:
    program.listen(receiver.url)
    [redis] = program.child("redis-server")
    redis.suspend()
    ids = [program.post(f"While nobody hears the bell, number {number}") for number in range(5)]
    assert {program.comment(comment_id)["status"] for comment_id in ids} == {"received"}
    status, health = program.call("GET", "/readyz")
    assert (status, health["parts"]["redis"]["status"]) == (503, "unwell")
    redis.resume()
    program.wait_until_judged(*ids)
    # And when it is gone for good, with all that was in it.
    redis.kill()
    ids += [program.post(f"While there is no bell, number {number}") for number in range(5)]
    program.wait_until_judged(*ids)
    receiver.wait_for(10)
    assert set(_events(receiver).values()) == {1}


@pytest.mark.long
def test_a_worker_killed_in_the_middle_leaves_one_verdict_and_one_set_of_deliveries(
    program: Up, receiver: Receiver, tmp_path: Path
) -> None:
    program.listen(receiver.url)
    (tmp_path / "code" / "slow").touch()
    ids = [program.post(text) for text in SLOW]
    wait_until((tmp_path / "code" / "begun").exists, "somebody judges")
    for process in program.child("worker", SCREEN_QUEUE):
        process.send_signal(signal.SIGKILL)
    (tmp_path / "code" / "slow").unlink()
    program.wait_until_judged(*ids)
    receiver.wait_for(3)
    assert _events(receiver) == {(comment_id, "comment.approved"): 1 for comment_id in ids}


@pytest.mark.long
def test_a_message_that_comes_five_times_changes_nothing(program: Up, receiver: Receiver) -> None:
    program.listen(receiver.url)
    settings = Settings(data_dir=program.folder)
    app = Celery(set_as_current=False)
    app.conf.update(settings.celery())
    ids = [program.post(f"Once is enough, number {number}") for number in range(3)]
    for _ in range(5):
        app.send_task(SCREEN, args=[ids])
    app.close()
    program.wait_until_judged(*ids)
    last = program.post("The one after")
    program.wait_until_judged(last)
    receiver.wait_for(4)
    assert set(_events(receiver).values()) == {1}
    assert all(program.comment(comment_id)["version"] == 2 for comment_id in ids)


def test_what_is_decided_is_in_the_verdict_of_a_comment_that_comes_later(program: Up) -> None:
    token = program.credentials["moderator_token"]
    for number, action in enumerate(["spam", "approve"] * 3):
        comment_id = program.post(f"Cheap watches, number {number}" if action == "spam" else f"I agree, {number} times")
        program.wait_until_judged(comment_id)
        decision = {"action": action, "version": program.comment(comment_id)["version"]}
        assert program.call("POST", f"/v1/comments/{comment_id}/decision", decision, key=token)[0] == 200

    def is_learned() -> bool:
        later = program.post("Something that nobody said before")
        program.wait_until_judged(later)
        return "+site" in program.comment(later)["verdict"]["model"]

    wait_until(is_learned, "the decisions are learned", seconds=60)


@pytest.mark.long
def test_a_receiver_that_was_down_hears_it_later_under_the_same_id(program: Up, receiver: Receiver) -> None:
    program.listen(receiver.url)
    receiver.answers = [(500, {}), (204, {})]
    program.post("To be told twice")
    first, second = receiver.wait_for(2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


@pytest.mark.long
def test_a_stop_in_the_middle_of_the_work_loses_nothing(tmp_path: Path) -> None:
    with up(tmp_path / "var", free_port()) as one:
        one.wait_until_ready()
        ids = [one.post(f"Just before the end, number {number}") for number in range(30)]
        assert one.stop() == 0
        one.assert_nothing_is_left()
    with up(tmp_path / "var", free_port()) as two:
        two.wait_until_ready()
        two.wait_until_judged(*ids)
        assert two.stop() == 0


@pytest.mark.long
def test_a_worker_that_has_stopped_to_consume_is_found_and_started_again(program: Up) -> None:
    [worker, *_] = program.child("worker", SCREEN_QUEUE)
    app = Celery(set_as_current=False)
    app.conf.update(Settings(data_dir=program.folder).celery())
    # From now on it answers pings and takes nothing: what a lost connection may leave behind.
    app.control.cancel_consumer(SCREEN_QUEUE)
    ids = [program.post(f"Nobody takes this one, number {number}") for number in range(3)]
    wait_until(lambda: program.call("GET", "/readyz")[1]["parts"]["worker:screen"]["status"] == "unwell", "it shows")
    assert app.control.ping(timeout=5)
    app.close()
    program.wait_until_judged(*ids)
    assert not worker.is_running()
    wait_until(lambda: program.call("GET", "/readyz")[0] == 200, "it is well again")
    assert "messages wait and none comes in" in program.errors.read_text()
