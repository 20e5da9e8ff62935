"""`moderation rekey`: finishes the replacement of the SECRET_KEY."""

import click

from moderation.commands.setup import set_up
from moderation.rekeying import rekey as rekey_now


@click.command()
def rekey() -> None:
    """Make the hashes that find an author's comments anew, under the present SECRET_KEY.

    Run it once after the key was replaced, while SECRET_KEY_PREVIOUS still stands; it may run beside everything else,
    and again at any time.

    \b
    Example:
      moderation rekey

    \b
    Exit codes: 0 done; 1 failed; 2 used wrongly.
    """
    setup = set_up()
    changed = rekey_now(setup.database, setup.keyed, lambda seen: click.echo(f"{seen:,} comments seen", err=True))
    click.echo(f"{changed:,} comments have a new hash")
