"""`moderation migrate`: bring the database to the newest shape."""

import click

from moderation.commands.setup import set_up
from moderation.migrations import is_current
from moderation.migrations import migrate as migrate_now


@click.command()
def migrate() -> None:
    """Bring the database to the newest shape. Safe to repeat, and from several machines at once.

    \b
    Example:
      MODERATION_DATABASE_URL=postgresql+psycopg://… moderation migrate
    """
    database = set_up().database
    was_current = is_current(database)
    migrate_now(database)
    click.echo("the database was up to date already" if was_current else "the database is up to date")
