"""The Celery application. Importing it reads no setting and connects to nothing."""

import contextlib
from typing import Any

import structlog
from celery import Celery, signals
from sqlalchemy.exc import SQLAlchemyError

from moderation.db import Database
from moderation.lifeline import die_with_parent
from moderation.log import configure, get_logger
from moderation.processes import forget_process
from moderation.tasks import DELIVER_QUEUE, SCREEN_QUEUE
from workers import resources, schedule, tracing
from workers.watchdog import Watchdog

log = get_logger(__name__)

# The modules that hold the tasks of each queue.
TASKS_OF = {SCREEN_QUEUE: "workers.screen_tasks", DELIVER_QUEUE: "workers.deliver_tasks"}


def _configuration() -> dict[str, Any]:
    settings = resources.settings()
    return settings.celery() | {"beat_schedule": schedule.entries(settings)}


app = Celery("moderation", include=list(TASKS_OF.values()), amqp="workers.connection:SteadyAMQP")
app.add_defaults(_configuration)


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _log_as_the_rest(**_: Any) -> None:
    """Keep Celery from setting up logging of its own."""
    configure(resources.settings().log_level, "worker")


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def _trace(**_: Any) -> None:
    tracing.register(resources.settings())


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def _prepare_before_the_fork(sender: Any, **_: Any) -> None:
    if SCREEN_QUEUE not in sender.app.amqp.queues.consume_from:
        return
    from workers import judging

    try:
        judging.prepare()
    except Exception as error:  # noqa: BLE001 - comments are held without it, and the verdicts say so
        log.error("model not loaded", error=type(error).__name__)  # noqa: TRY400 - as above


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def _watch_over_consumption(sender: Any, **_: Any) -> None:
    watchdog = Watchdog(resources.settings(), list(sender.app.amqp.queues.consume_from))
    # Held by the signal for as long as the process lives.
    signals.task_received.connect(lambda **_: watchdog.received(), weak=False)
    watchdog.start()


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]
def _say_that_it_ended(sender: Any, **_: Any) -> None:
    # The pool has ended: nothing is forked any more that could inherit the connection.
    database = Database.of(resources.settings())
    with contextlib.suppress(SQLAlchemyError):
        forget_process(database, sender.hostname)
    database.close()


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def _end_with_the_worker(**_: Any) -> None:
    die_with_parent()


@signals.task_prerun.connect  # type: ignore[untyped-decorator]
def _name_the_task(task_id: str, task: Any, **_: Any) -> None:
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


@signals.task_postrun.connect  # type: ignore[untyped-decorator]
def _forget_the_task(**_: Any) -> None:
    structlog.contextvars.unbind_contextvars("task", "task_id")
