"""Tasks: stable names on their own queues, a schedule that expires, and publishing that never raises."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from moderation import tasks
from moderation.settings import Settings
from tests.conftest import ROOT
from workers import resources, schedule
from workers.app import TASKS_OF, app
from workers.ringing import ring


@pytest.fixture(autouse=True)
def no_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a set whose Redis was never started."""
    monkeypatch.setenv("MODERATION_DATA_DIR", str(tmp_path))
    resources.settings.cache_clear()


def test_the_names_are_those_that_others_publish_under() -> None:
    for module in TASKS_OF.values():
        importlib.import_module(module)
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
    ring(tasks.SCREEN, ["cm_1"])


@pytest.mark.parametrize("queue", tasks.QUEUES)
def test_a_task_is_a_few_lines_in_the_module_of_its_queue(queue: str) -> None:
    tree = ast.parse((ROOT / "workers" / f"{TASKS_OF[queue].removeprefix('workers.')}.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert {f"moderation.{function.name}" for function in functions} == {
        name for name, its_queue in tasks.QUEUE_OF.items() if its_queue == queue
    }
    for function in functions:
        # Its docstring is the first statement.
        assert len(function.body) - 1 <= 6, function.name


@pytest.mark.parametrize("queue", tasks.QUEUES)
def test_what_a_newer_release_says_beyond_the_ids_is_passed_over(queue: str) -> None:
    tree = ast.parse((ROOT / "workers" / f"{TASKS_OF[queue].removeprefix('workers.')}.py").read_text())
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        assert function.args.vararg, function.name
        assert function.args.kwarg, function.name


def test_who_sends_webhooks_loads_nothing_that_judges() -> None:
    code = f"import sys, {TASKS_OF[tasks.DELIVER_QUEUE]}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert "workers.deliver_tasks" in loaded
    assert not loaded & {"numpy", "moderation.filters", "moderation.learning", "workers.judging"}
