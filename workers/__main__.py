"""Start a worker or the beat: `python -m workers worker screen`, `python -m workers beat`.

Not by Celery's command line: with it comes a shell for people, some 10 MB in each process.
"""

import os
import sys
import time
from collections.abc import Sequence

from celery import Celery, signals
from celery.utils.nodenames import host_format

from moderation.db import Database
from moderation.log import configure
from moderation.processes import Presence
from moderation.settings import Settings
from moderation.tasks import DELIVER_QUEUE, QUEUES
from workers import schedule

# Sweeps are sent more often than that, at the slowest setting.
_SENT_SECONDS = 90.0


def main(arguments: Sequence[str]) -> None:
    """Run until a signal says stop; work under way is finished first."""
    what, *rest = arguments
    settings = Settings.from_environment()
    # Before Celery looks around and warns.
    configure(settings.log_level, what)
    if what == "beat":
        _run_beat(settings)
    else:
        _run_worker(settings, rest[0].split(",") if rest else list(QUEUES))


def _run_beat(settings: Settings) -> None:
    # It sends names and knows no task, so it need not load what the tasks stand on.
    app = Celery("moderation", amqp="workers.connection:SteadyAMQP")
    app.conf.update(settings.celery() | {"beat_schedule": schedule.entries(settings)})
    presence = Presence(Database.of(settings, pool_size=1), settings.log_level, "beat", is_well=_Sending().is_well)
    signals.beat_init.connect(lambda **_: presence.start(), weak=False)
    # Having a receiver keeps Celery from setting up logging of its own.
    signals.setup_logging.connect(_keep_logging)
    # Every entry repeats within minutes, so nothing needs to be remembered between two runs.
    app.Beat(quiet=True, scheduler="workers.steady_beat:SteadyScheduler", loglevel=settings.log_level).run()


class _Sending:
    """Tells whether the broker took what the beat sent lately."""

    def __init__(self) -> None:
        self._sent_at = float("-inf")
        signals.after_task_publish.connect(self._note)

    def _note(self, **_: object) -> None:
        self._sent_at = time.monotonic()

    def is_well(self) -> bool:
        return time.monotonic() - self._sent_at < _SENT_SECONDS


def _keep_logging(**_: object) -> None:
    """Leave logging as it is."""


def _run_worker(settings: Settings, queues: Sequence[str]) -> None:
    from workers.app import TASKS_OF, app
    from workers.leaving import wait_while_drained, worker_name

    wait_while_drained(settings)
    # Who sends webhooks need not load what judges comments, which is half of a worker.
    app.conf.include = [TASKS_OF[queue] for queue in queues]
    # Sending is waiting, for which threads do; judging is work, for which processes do.
    sends_only = queues == [DELIVER_QUEUE]
    concurrency = settings.deliver_threads if sends_only else settings.screen_processes
    worker = app.Worker(
        # No banner: every line of the log is JSON.
        quiet=True,
        queues=list(queues),
        pool_cls="threads" if sends_only else "prefork",
        concurrency=concurrency,
        # Two workers of one machine need two names.
        hostname=host_format(worker_name(",".join(queues), os.getpid())),
        loglevel=settings.log_level,
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    sys.exit(worker.exitcode)


if __name__ == "__main__":
    main(sys.argv[1:])
