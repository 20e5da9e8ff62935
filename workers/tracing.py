"""A span for every task, where traces are wanted: it goes on with the trace that its message came from."""

from typing import Any

from celery import signals

from moderation import traces
from moderation.settings import Settings


def register(settings: Settings) -> None:
    """Have every task of this worker traced, if the settings say so."""
    traces.start(settings, "worker")
    if settings.traces:
        signals.task_prerun.connect(_begin, weak=False)
        signals.task_postrun.connect(_end, weak=False)
        # What a pool's child has not sent yet, and then the worker itself.
        signals.worker_process_shutdown.connect(_stop, weak=False)
        signals.worker_shutdown.connect(_stop, weak=False)


def _begin(task: Any, **_: Any) -> None:
    task.request.tracing = traces.span(task.name, (task.request.headers or {}).get(traces.HEADER, ()))
    task.request.tracing.__enter__()


def _end(task: Any, **_: Any) -> None:
    task.request.tracing.__exit__(None, None, None)


def _stop(**_: Any) -> None:
    traces.stop()
