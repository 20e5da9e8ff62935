"""`moderation serve`: answer HTTP."""

import os
import sys

import click

from moderation.lifeline import die_with_parent
from moderation.settings import Settings


@click.command()
def serve() -> None:
    """Answer HTTP at HOST:PORT, on granian.

    \b
    Example:
      MODERATION_PORT=8080 moderation serve
    """
    Settings.from_environment()
    die_with_parent()
    # In this process's place: signals and exit codes are the server's own. -P: a folder named api here is not ours.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "api"])  # noqa: S606 - our own interpreter, no shell
