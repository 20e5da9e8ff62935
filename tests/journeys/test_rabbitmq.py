"""RabbitMQ in Redis's place as the broker, chosen by its URL alone."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from amqp.exceptions import PreconditionFailed
from celery import Celery
from kombu import Connection

from moderation.celery_config import celery_config
from moderation.tasks import DELIVER_QUEUE, QUEUES, SCREEN, SCREEN_QUEUE
from tests.journeys.servers import need, python_module, rabbitmq, running
from tests.processes import free_port, wait_until

COMMENT = {"name": "Sara", "email": "sara@example.org", "body": "A calm and friendly word.", "post_id": "8344"}


def command(environment: dict[str, str], *arguments: str) -> Any:
    """Run a command of ours that prints one JSON object."""
    done = subprocess.run(
        [*python_module("moderation"), *arguments, "--json"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a RabbitMQ that only these tests use."""
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_comment_reaches_its_verdict_through_rabbitmq(tmp_path: Path, broker_url: str) -> None:
    port = free_port()
    environment = os.environ | {
        "MODERATION_BROKER_URL": broker_url,
        "MODERATION_DATA_DIR": str(tmp_path / "var"),
        "MODERATION_PORT": str(port),
    }
    with running("up", [*python_module("moderation"), "up"], tmp_path, environment=environment) as service:
        service.wait_until(lambda: "\nready\n" in service.said(), "it was ready")
        credentials = json.loads((tmp_path / "var/credentials.json").read_text())
        headers = {"Authorization": f"Bearer {credentials['site']['secret_key']}"}
        with urllib3.PoolManager(retries=False, headers=headers) as pool:
            posted = pool.request("POST", f"{credentials['base_url']}/v1/comments", json=COMMENT)
            assert posted.status == 202
            where = posted.json()["status_url"]
            wait_until(lambda: pool.request("GET", where).json()["status"] != "received", "the comment was judged")
            assert pool.request("GET", where).json()["verdict"]["action"] in {"approve", "hold"}
            parts = pool.request("GET", f"{credentials['base_url']}/readyz").json()["parts"]
            assert {part["status"] for part in parts.values()} == {"well"}

        # It is the rabbit that carries the messages: it knows both queues, and counts what waits in them.
        assert {type_of(broker_url, queue) for queue in QUEUES} == {"quorum"}
        queues = {row["queue"]: row for row in command(environment, "queues")}
        assert set(queues) == {"screen", "deliver"}
        assert all(
            row["messages"] is not None and row["last_consumption_seconds"] is not None for row in queues.values()
        )

        assert service.stop() == 0
        assert service.left_behind() == []


def type_of(broker_url: str, queue: str) -> str:
    """Return the type of a queue that is there: of a wrong one RabbitMQ says what the right one would be."""
    with Connection(broker_url) as connection, pytest.raises(PreconditionFailed) as refused:
        connection.channel().queue_declare(queue, durable=True, auto_delete=False, arguments={"x-queue-type": "stream"})
    found = re.search(r"received 'stream' but current is '(\w+)'", str(refused.value))
    assert found is not None, refused.value
    return found[1]


@pytest.mark.long
def test_messages_that_wait_in_rabbitmq_are_counted(tmp_path: Path, broker_url: str) -> None:
    environment = os.environ | {"MODERATION_BROKER_URL": broker_url, "MODERATION_DATA_DIR": str(tmp_path / "var")}
    subprocess.run(
        [*python_module("moderation"), "migrate"], check=True, capture_output=True, env=environment, timeout=60
    )
    with Celery(set_as_current=False) as app:
        app.conf.update(celery_config(broker_url))
        with app.connection_for_write() as connection:
            for queue in QUEUES:
                connection.channel().queue_delete(queue)
        # Of a queue that nobody has used yet, too, one can say how long it is.
        assert waiting(environment) == {SCREEN_QUEUE: 0, DELIVER_QUEUE: 0}

        for _ in range(3):
            app.send_task(SCREEN, args=[[]], queue=SCREEN_QUEUE)
        wait_until(lambda: waiting(environment) == {SCREEN_QUEUE: 3, DELIVER_QUEUE: 0}, "three messages were counted")


def waiting(environment: dict[str, str]) -> dict[str, int]:
    """Return what `moderation queues` says of the messages in the broker."""
    return {row["queue"]: row["messages"] for row in command(environment, "queues")}


def test_a_program_that_is_missing_skips_a_test_and_fails_it_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install a-package"):
        need("a-program-that-nobody-has", "a-package")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install a-package"):
        need("a-program-that-nobody-has", "a-package")
