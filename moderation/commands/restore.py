"""`moderation restore`: puts a copy of the database back."""

from pathlib import Path

import click

from moderation.backup import restore as restore_now
from moderation.commands.backup import sqlite_file
from moderation.settings import Settings


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put FILE, which `moderation backup` made, in the place of the SQLite database.

    Every service must be stopped. The database that was there is kept beside it. What was owed when the copy was made
    is done again: webhooks go out under their old ids, by which receivers know them.

    \b
    Example:
      moderation restore /backups/moderation-2026-01-31.db

    \b
    Exit codes: 0 done; 1 failed, and nothing changed; 2 used wrongly.
    """
    settings = Settings.from_environment()
    database = sqlite_file(settings, "pg_restore --clean --if-exists FILE")
    before = restore_now(file, database)
    click.echo(f"{database} is the copy now.")
    if before is not None:
        click.echo(f"The one before is {before}; delete it when all is well.")
    click.echo("A copy of an older release: `moderation migrate` before the services start (`up` does it by itself).")
