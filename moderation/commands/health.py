"""`moderation health`: the checks of containers."""

import socket

import click
from sqlalchemy.exc import SQLAlchemyError

from moderation.clock import utc_now
from moderation.commands.setup import Setup, set_up
from moderation.health import silent_process
from moderation.readiness import is_alive
from moderation.tasks import QUEUES


@click.command()
@click.argument("kind", type=click.Choice(["api", "worker", "beat"]))
@click.option("--queues", default=",".join(QUEUES), help="Of a worker: the queues that it consumes from.")
def health(kind: str, queues: str) -> None:
    """Tell by the exit code whether the API, the worker or the beat of this very container or machine is well.

    The API answers /livez. A worker took a message off its queues lately, which one that only answers pings did not;
    the broker took a sweep from the beat lately.

    \b
    Example:
      moderation health worker --queues screen
    """
    setup = set_up()
    try:
        complaint = _complaint(setup, kind, queues.split(","))
    except SQLAlchemyError as error:
        complaint = f"the database does not answer ({type(error).__name__})"
    if complaint:
        click.echo(complaint, err=True)
        raise SystemExit(1)
    click.echo("well")


def _complaint(setup: Setup, kind: str, queues: list[str]) -> str:
    if kind == "api":
        return "" if is_alive(setup.settings) else "the API does not answer"
    with setup.database.read() as session:
        return silent_process(session, setup.settings, kind, queues, socket.gethostname(), utc_now())
