"""`moderation drain`: have all workers finish and end."""

import time

import click

from moderation.clock import utc_now
from moderation.commands.setup import set_up_with_log
from moderation.db import Database
from moderation.pausing import drain as drain_now
from moderation.processes import running


@click.command()
@click.option(
    "--timeout",
    type=click.IntRange(min=0),
    default=180,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for their end.",
)
def drain(timeout: int) -> None:
    """Have all workers stop taking work, finish what they do, and end. Exits 1 when some have not after the timeout.

    Comments go on being accepted, and wait. Workers that are started meanwhile (`moderation up` and compose start
    those anew that end) wait until `moderation resume workers`.

    \b
    Example:
      moderation drain
    """
    database = set_up_with_log().database
    with database.write() as session:
        drain_now(session, utc_now())
    deadline = time.monotonic() + timeout
    while left := _workers(database):
        if time.monotonic() >= deadline:
            click.echo(f"still at work: {', '.join(left)}", err=True)
            raise SystemExit(1)
        time.sleep(1)
    click.echo("no worker runs; `moderation resume workers` lets them start again")


def _workers(database: Database) -> list[str]:
    with database.read() as session:
        return [one.name for one in running(session, utc_now()) if one.kind == "worker"]
