"""`moderation pause`: hold a site or a queue back."""

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_json, set_up_with_log
from moderation.pausing import pause as pause_now


@click.command()
@click.argument("site_or_queue")
@as_json
def pause(site_or_queue: str, *, as_json: bool) -> None:
    """Hold back a site (id or name), or a queue (screen, deliver), until it is resumed.

    A paused site's comments are accepted and wait: none is judged, and nobody is told of anything. While `screen` is
    paused nothing is judged or learned; while `deliver` is, nothing is sent. It holds within seconds, for all
    processes, and outlives restarts. What is under way is finished.

    \b
    Example:
      moderation pause "Daily News"
      moderation pause deliver
    """
    with set_up_with_log().database.write() as session:
        name = pause_now(session, site_or_queue, utc_now())
    if as_json:
        print_json({"paused": name})
    else:
        click.echo(f"{name} is paused; `moderation resume` ends it")
