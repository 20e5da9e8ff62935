"""`moderation resume`: go on with what was held back."""

import click

from moderation.commands.setup import as_json, print_json, set_up_with_log
from moderation.pausing import resume as resume_now


@click.command()
@click.argument("name")
@as_json
def resume(name: str, *, as_json: bool) -> None:
    """Go on with a site or a queue that was paused, or with the workers after `moderation drain` (name: workers).

    The next sweeps find what waits, within seconds.

    \b
    Example:
      moderation resume "Daily News"
      moderation resume workers
    """
    with set_up_with_log().database.write() as session:
        resumed, was_held_back = resume_now(session, name)
    if as_json:
        print_json({"resumed": resumed, "was_held_back": was_held_back})
    else:
        click.echo(f"{resumed}: goes on" if was_held_back else f"{resumed}: was not held back")
