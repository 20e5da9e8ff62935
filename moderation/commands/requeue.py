"""`moderation requeue`: ring again now for work that is owed."""

from datetime import timedelta

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_json, set_up
from moderation.requeueing import requeue_comments, requeue_deliveries
from moderation.sites import find_site


@click.command()
@click.argument("what", type=click.Choice(["comments", "deliveries", "all"]))
@click.option("--site", help="Only those of this site (id or name).")
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    default=0,
    show_default=True,
    metavar="MINUTES",
    help="Only what has waited for so long.",
)
@as_json
def requeue(what: str, site: str | None, older_than: float, *, as_json: bool) -> None:
    """Ring now for comments without a verdict, or try pending deliveries now, before their time comes.

    For when you have mended what was in the way, such as a receiver that was down. The next sweep takes them up, within
    seconds. Only work that is owed is touched: nothing is judged or sent twice for it. Deliveries that were given up
    are replayed instead: `moderation deadletters replay`.

    \b
    Example:
      moderation requeue deliveries --site "Daily News"
    """
    setup, age = set_up(), timedelta(minutes=older_than)
    now = utc_now()
    with setup.database.read() as session:
        site_id = find_site(session, site).id if site else None
    done: dict[str, int] = {}
    if what != "deliveries":
        done["comments"] = requeue_comments(setup.database, now, site_id=site_id, older_than=age)
    if what != "comments":
        done["deliveries"] = requeue_deliveries(setup.database, now, site_id=site_id, older_than=age)
    if as_json:
        print_json(done)
        return
    for name, count in done.items():
        click.echo(f"{count:,} {name} will be taken up within seconds")
