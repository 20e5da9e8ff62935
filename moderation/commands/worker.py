"""`moderation worker`: judge comments and send webhooks."""

import os
import sys
from typing import Any

import click

from moderation.lifeline import die_with_parent
from moderation.settings import Settings
from moderation.tasks import QUEUES


def _read_queues(_context: click.Context, _parameter: click.Parameter, text: str) -> Any:
    queues = text.split(",")
    unknown = set(queues) - set(QUEUES)
    if unknown:
        raise click.BadParameter(f"there is no queue {', '.join(sorted(unknown))}; there are {', '.join(QUEUES)}")
    return text


@click.command()
@click.option(
    "--queues",
    default=",".join(QUEUES),
    show_default=True,
    callback=_read_queues,
    help="Queues to consume from, comma separated.",
)
@click.option(
    "--beat", is_flag=True, help="Send the sweeps as well, from a thread; spares a process `moderation beat`."
)
def worker(queues: str, *, beat: bool) -> None:
    """Take work off the queues, as a Celery worker.

    `screen` judges comments, in SCREEN_PROCESSES processes; `deliver` sends webhooks, in DELIVER_THREADS threads. Run
    them as two workers, so that a slow receiver holds up no verdict.

    \b
    Example:
      moderation worker --queues screen
    """
    Settings.from_environment()
    die_with_parent()
    command = [sys.executable, "-P", "-m", "workers", "worker", queues, *(["--beat"] if beat else [])]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell
