"""`moderation beat`: send the sweeps."""

import os
import sys

import click

from moderation.lifeline import die_with_parent
from moderation.settings import Settings


@click.command()
def beat() -> None:
    """Send the sweeps every few seconds, as the Celery beat. Two at once do no harm.

    \b
    Example:
      moderation beat
    """
    Settings.from_environment()
    die_with_parent()
    os.execv(sys.executable, [sys.executable, "-P", "-m", "workers", "beat"])  # noqa: S606 - our own interpreter
