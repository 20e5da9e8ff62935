"""Tasks: stable names on their own queues, a schedule that expires, and publishing that never raises."""

import ast
from pathlib import Path

import pytest

from moderation import tasks
from moderation.settings import Settings
from tests.conftest import ROOT
from workers import resources, schedule
from workers.app import app
from workers.tasks import _ring, screen


@pytest.fixture(autouse=True)
def no_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a set whose Redis was never started."""
    monkeypatch.setenv("MODERATION_DATA_DIR", str(tmp_path))
    resources.settings.cache_clear()


def test_the_names_are_those_that_others_publish_under() -> None:
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert ours == set(tasks.QUEUE_OF)


def test_each_task_goes_to_its_queue() -> None:
    for name, queue in tasks.QUEUE_OF.items():
        assert app.amqp.router.route({}, name)["queue"].name == queue


def test_each_queue_is_swept_and_a_sweep_that_nobody_takes_expires() -> None:
    entries = schedule.entries(Settings(sweep_seconds=2)).values()
    swept = {tasks.QUEUE_OF[entry["task"]] for entry in entries if "sweep" in entry["task"]}
    assert swept == set(tasks.QUEUES)
    assert all(entry["options"]["expires"] >= entry["schedule"] for entry in entries)


def test_ringing_without_a_broker_is_survived() -> None:
    _ring(screen, ["cm_1"])


def test_a_task_is_a_few_lines() -> None:
    tree = ast.parse((ROOT / "workers" / "tasks.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    assert len(functions) == len(tasks.QUEUE_OF)
    for function in functions:
        # Its docstring is the first statement.
        assert len(function.body) - 1 <= 6, function.name
