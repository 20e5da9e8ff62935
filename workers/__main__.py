"""Start a worker or the beat: `python -m workers worker screen`, `… worker deliver --beat`, `python -m workers beat`.

Not by Celery's command line: with it comes a shell for people, some 10 MB in each process.
"""

import os
import sys
from collections.abc import Sequence

from celery.utils.nodenames import host_format

from moderation.celery_config import url_is_amqp
from moderation.log import configure
from moderation.settings import Settings
from moderation.tasks import DELIVER_QUEUE, QUEUES
from workers.beating import beat_beside_work, run_beat

BESIDE = "--beat"


def main(arguments: Sequence[str]) -> None:
    """Run until a signal says stop; work under way is finished first."""
    what, *rest = arguments
    settings = Settings.from_environment()
    # Before Celery looks around and warns.
    configure(settings.log_level, what)
    if what == "beat":
        run_beat(settings)
        return
    queues = [word for word in rest if word != BESIDE]
    _run_worker(settings, queues[0].split(",") if queues else list(QUEUES), beats=BESIDE in rest)


def _run_worker(settings: Settings, queues: Sequence[str], *, beats: bool) -> None:
    from workers.app import TASKS_OF, app
    from workers.leaving import wait_while_drained, worker_name

    wait_while_drained(settings)
    # Who sends webhooks need not load what judges comments, which is half of a worker.
    app.conf.include = [TASKS_OF[queue] for queue in queues]
    # Sending is waiting, for which threads do; judging is work, for which processes do.
    sends_only = queues == [DELIVER_QUEUE]
    # A message that a worker holds while it is at another is seen by nobody: the doorbell takes it that nothing waits,
    # and what comes meanwhile goes out a few at a time, each a batch that others wait for. Celery knows how on Redis.
    app.conf.worker_disable_prefetch = not sends_only and not url_is_amqp(settings.celery_broker_url)
    concurrency = settings.deliver_threads if sends_only else settings.screen_processes
    if beats:
        beat_beside_work(app, settings)
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
