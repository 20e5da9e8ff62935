"""Start a worker or the beat: `python -m workers worker --queues screen`, `python -m workers beat`."""

import os
import sys
from collections.abc import Sequence

from moderation.log import configure
from moderation.tasks import DELIVER_QUEUE, QUEUES
from workers import resources
from workers.app import app


def main(arguments: Sequence[str]) -> None:
    """Run until a signal says stop; work under way is finished first."""
    what, *rest = arguments
    settings = resources.settings()
    # Before Celery looks around and warns.
    configure(settings.log_level, what)
    if what == "beat":
        # Every entry repeats within minutes, so nothing needs to be remembered between two runs.
        app.start(
            ["--quiet", "beat", "--scheduler=celery.beat:Scheduler", "--pidfile=", f"--loglevel={settings.log_level}"]
        )
        return
    queues = rest[0].split(",") if rest else list(QUEUES)
    # Sending is waiting, for which threads do; judging is work, for which processes do.
    sends_only = queues == [DELIVER_QUEUE]
    concurrency = settings.deliver_threads if sends_only else settings.screen_processes
    app.start(
        [
            # No banner: every line of the log is JSON.
            "--quiet",
            "worker",
            f"--queues={','.join(queues)}",
            f"--pool={'threads' if sends_only else 'prefork'}",
            f"--concurrency={concurrency}",
            # Two workers of one machine need two names.
            f"--hostname={'-'.join(queues)}-{os.getpid()}@%h",
            f"--loglevel={settings.log_level}",
            "--without-gossip",
            "--without-mingle",
        ]
    )


if __name__ == "__main__":
    main(sys.argv[1:])
