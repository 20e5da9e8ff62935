"""Messages that no process of a worker is at stay on their queue, where the doorbell sees that somebody waits."""

import contextlib
import os
import time
from pathlib import Path

import pytest
from celery import Celery

from moderation.broker import queue_lengths
from moderation.db import Database
from moderation.migrations import migrate
from moderation.settings import Settings
from moderation.tasks import SCREEN_QUEUE, SWEEP_COMMENTS
from tests.conftest import ROOT, SECRET
from tests.journeys.servers import python_module, redis, running
from tests.processes import free_port

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


def test_a_worker_takes_a_message_when_it_has_a_process_for_it(tmp_path: Path) -> None:
    port = free_port()
    told = {
        "MODERATION_DATA_DIR": str(tmp_path),
        "MODERATION_REDIS_URL": f"redis://127.0.0.1:{port}/0",
        "MODERATION_SECRET_KEY": SECRET,
        "MODERATION_SCREEN_PROCESSES": "1",
    }
    settings = Settings.from_environment(told)
    with contextlib.ExitStack() as stack:
        stack.enter_context(redis(tmp_path / "redis", "--port", str(port), port=port))
        database = stack.enter_context(contextlib.closing(Database.of(settings)))
        migrate(database)
        app = stack.enter_context(contextlib.closing(Celery(set_as_current=False)))
        app.conf.update(settings.celery())
        command = [*python_module("workers"), "worker", SCREEN_QUEUE]
        told_all = os.environ | told | {"PYTHONPATH": str(ROOT)}
        worker = stack.enter_context(running("worker", command, tmp_path, environment=told_all))
        # Whoever writes waits for us: the process of the worker is at its first task, and stays there.
        with database.write():
            for _ in range(3):
                app.send_task(SWEEP_COMMENTS)
            worker.wait_until(lambda: any((app.control.inspect(timeout=2).active() or {}).values()), "it is at one")
            time.sleep(1)
            assert queue_lengths(settings)[SCREEN_QUEUE] == 2
        worker.wait_until(lambda: queue_lengths(settings)[SCREEN_QUEUE] == 0, "it took the others")
        assert worker.stop() == 0
