"""The `moderation` program: one file per command, imported when it is run."""

import importlib
import sys

import click

from moderation import __version__
from moderation.errors import ModerationError, SettingsError

# What a command is called, and the module that holds a function of that name.
COMMANDS = (
    "up",
    "serve",
    "worker",
    "beat",
    "migrate",
    "backup",
    "restore",
    "settings",
    "site",
    "moderator",
    "token",
    "rekey",
    "endpoint",
    "policy",
    "shadow",
    "model",
    "privacy",
    "status",
    "queues",
    "trace",
    "deadletters",
    "requeue",
    "pause",
    "resume",
    "drain",
    "loglevel",
    "retention",
    "health",
    "doctor",
    "train",
    "evaluate",
    "backtest",
    "demo",
)

_FAILED, _USED_WRONGLY = 1, 2


class _Program(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        """Name the commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import the command's module: `moderation site list` need not load what judges comments."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"moderation.commands.{name}"), name)
        return command


@click.command(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="moderation")
def program() -> None:
    """Moderate the comments of your websites, on your own machines.

    \b
    Example: start everything on this machine
      moderation up
    """


def main() -> None:
    """Run the program; exit 0 done, 1 failed, 2 used wrongly."""
    try:
        program(standalone_mode=True)
    except SettingsError as error:
        click.echo(f"moderation: {error}", err=True)
        sys.exit(_USED_WRONGLY)
    except ModerationError as error:
        click.echo(f"moderation: {error}", err=True)
        sys.exit(_FAILED)
    except Exception as error:
        # Only now: most of what `up` would hold for as long as it runs is this import.
        from sqlalchemy.exc import DBAPIError

        if not isinstance(error, DBAPIError):
            raise
        # The driver's own words: SQLAlchemy's add the statement.
        click.echo(f"moderation: the database failed: {error.orig}", err=True)
        click.echo("`moderation doctor` says what to mend; a new database wants `moderation migrate`.", err=True)
        sys.exit(_FAILED)
