"""Send the sweeps: from a process of its own, or from a thread of a worker, where one machine does everything.

The thread saves what a process holds, some 50 MB. Whichever it is has a row that says that the broker takes what it
sends, and neither remembers anything from one run to the next.
"""

import os
import signal
import threading
import time
from typing import Any

from celery import Celery, bootsteps, signals
from celery.beat import Service

from moderation.db import Database
from moderation.log import get_logger
from moderation.processes import Presence
from moderation.settings import Settings
from workers import schedule

log = get_logger(__name__)

_SCHEDULER = "workers.steady_beat:SteadyScheduler"
# Sweeps are sent more often than that, at the slowest setting.
_SENT_SECONDS = 90.0
# What the thread looks up from its sleep for, when its worker ends.
_LONGEST_PAUSE_SECONDS = 1


def run_beat(settings: Settings) -> None:
    """Send the sweeps until a signal says stop."""
    # It sends names and knows no task, so it need not load what the tasks stand on.
    app = Celery("moderation", amqp="workers.connection:SteadyAMQP")
    app.conf.update(settings.celery() | {"beat_schedule": schedule.entries(settings)})
    presence = _presence(settings)
    signals.beat_init.connect(lambda **_: presence.start(), weak=False)
    # Having a receiver keeps Celery from setting up logging of its own.
    signals.setup_logging.connect(_keep_logging)
    # Every entry repeats within minutes, so nothing needs to be remembered between two runs.
    app.Beat(quiet=True, scheduler=_SCHEDULER, loglevel=settings.log_level).run()


def beat_beside_work(app: Celery, settings: Settings) -> None:
    """Have the worker of this application send the sweeps as well."""

    class Beside(bootsteps.StartStopStep):  # type: ignore[misc]
        """A thread that sends, from the worker's start to its end."""

        def start(self, worker: Any) -> None:
            self._service = Service(worker.app, max_interval=_LONGEST_PAUSE_SECONDS, scheduler_cls=_SCHEDULER)
            threading.Thread(target=_send, args=[self._service], name="beat", daemon=True).start()
            _presence(settings).start()

        def stop(self, _worker: Any) -> None:
            self._service.stop()

    app.steps["worker"].add(Beside)


def _send(service: Service) -> None:
    try:
        service.start()
    except Exception as error:  # noqa: BLE001 - whatever it is, a worker that sends nothing is none
        log.error("beat failed; the worker ends and is started again", error=type(error).__name__)  # noqa: TRY400
        os.kill(os.getpid(), signal.SIGTERM)


def _presence(settings: Settings) -> Presence:
    return Presence(Database.of(settings, pool_size=1), settings.log_level, "beat", is_well=_Sending(settings).is_well)


class _Sending:
    """Tells whether the broker took a sweep lately."""

    def __init__(self, settings: Settings) -> None:
        self._sent_at = float("-inf")
        self._sweeps = {entry["task"] for entry in schedule.entries(settings).values()}
        signals.after_task_publish.connect(self._note)

    def _note(self, sender: str = "", **_: object) -> None:
        if sender in self._sweeps:
            self._sent_at = time.monotonic()

    def is_well(self) -> bool:
        return time.monotonic() - self._sent_at < _SENT_SECONDS


def _keep_logging(**_: object) -> None:
    """Leave logging as it is."""
