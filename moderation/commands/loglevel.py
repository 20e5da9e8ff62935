"""`moderation loglevel`: log more or less, without a restart."""

import click

from moderation.clock import utc_now
from moderation.commands.setup import set_up_with_log
from moderation.pausing import read_controls, set_log_level

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_DEFAULT = "default"


@click.command()
@click.argument("level", required=False, type=click.Choice([*_LEVELS, _DEFAULT], case_sensitive=False))
def loglevel(level: str | None) -> None:
    """Have every API, worker and beat log from LEVEL on, within seconds; `default` goes back to the settings.

    Without LEVEL it prints what holds.

    \b
    Example:
      moderation loglevel DEBUG
      moderation loglevel default
    """
    setup = set_up_with_log()
    if level is not None:
        with setup.database.write() as session:
            set_log_level(session, None if level == _DEFAULT else level, utc_now())
    with setup.database.read() as session:
        told = read_controls(session).log_level
    click.echo(f"{told} (told)" if told else f"{setup.settings.log_level} (setting)")
