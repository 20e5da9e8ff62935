"""Flower beside the real program: what Celery users look at their tasks with finds ours under their names."""

import os
from pathlib import Path
from typing import Any

import pytest
import urllib3

from moderation.tasks import DELIVER, QUEUE_OF, QUEUES, SCREEN
from tests.conftest import Receiver
from tests.journeys.program import up
from tests.journeys.servers import answers, python_module, redis, running
from tests.processes import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


def test_flower_lists_our_tasks_and_workers(tmp_path: Path, receiver: Receiver) -> None:
    port, own_port = free_port(), free_port()
    broker = f"redis://127.0.0.1:{port}/0"
    environment = os.environ | {"FLOWER_UNAUTHENTICATED_API": "true"}
    flower = [*python_module("celery"), f"--broker={broker}", "flower", f"--port={own_port}", "--address=127.0.0.1"]
    with (
        redis(tmp_path / "redis", "--port", str(port), "--bind", "127.0.0.1", "--save", "", port=port),
        running("flower", flower, tmp_path, environment=environment) as looking,
        up(
            tmp_path / "var", free_port(), MODERATION_REDIS_URL=broker, MODERATION_OUTBOUND_ALLOW="127.0.0.0/8"
        ) as program,
        urllib3.PoolManager(retries=False) as pool,
    ):
        looking.wait_until(lambda: answers(own_port), "it listened")

        def ask(path: str) -> Any:
            return pool.request("GET", f"http://127.0.0.1:{own_port}/api/{path}").json()

        program.wait_until_ready()
        program.listen(receiver.url)
        program.wait_until_judged(program.post("A calm and friendly word."))
        wait_until(lambda: receiver.received, "the website was told")
        wait_until(lambda: {SCREEN, DELIVER} <= names(ask("tasks"), "SUCCESS"), "both tasks were seen from end to end")
        assert names(ask("tasks")) <= set(QUEUE_OF)
        served = {queue["name"] for worker in ask("workers?refresh=true").values() for queue in worker["active_queues"]}
        assert served == set(QUEUES)
        assert program.stop() == 0


def names(tasks: dict[str, Any], state: str | None = None) -> set[str]:
    """Return the names of the tasks that Flower knows, or of those in this state."""
    return {task["name"] for task in tasks.values() if state in (None, task["state"])}
