"""`moderation moderator`: the people who decide."""

from dataclasses import asdict

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_fields, print_json, print_table, set_up
from moderation.sites import add_moderator, find_site, list_moderators


@click.group()
def moderator() -> None:
    """Add and list moderators.

    \b
    Example:
      moderation moderator add "Night shift" --site "Daily News"
    """


@moderator.command()
@click.argument("name")
@click.option("--site", "sites", multiple=True, required=True, help="Id or name of a site; may be repeated.")
@as_json
def add(name: str, sites: tuple[str, ...], *, as_json: bool) -> None:
    """Add a moderator of one or more sites and print a token, this once.

    \b
    Example:
      moderation moderator add "Night shift" --site "Daily News" --json
    """
    setup = set_up()
    keyed = setup.keyed
    with setup.database.write() as session:
        site_ids = list(dict.fromkeys(find_site(session, one).id for one in sites))
        made = asdict(add_moderator(session, keyed, name, site_ids, utc_now()))
    made["sites"] = list(made["sites"])
    if as_json:
        print_json(made)
        return
    print_fields(made | {"sites": ", ".join(made["sites"])})
    click.echo("The token is not shown again.")


@moderator.command(name="list")
@as_json
def list_all(*, as_json: bool) -> None:
    """List the moderators with their sites.

    \b
    Example:
      moderation moderator list
    """
    with set_up().database.read() as session:
        rows = [(one.id, one.name, sites) for one, sites in list_moderators(session)]
    if as_json:
        print_json([{"id": one, "name": name, "sites": sites} for one, name, sites in rows])
        return
    print_table(("id", "name", "sites"), [(one, name, ", ".join(sites)) for one, name, sites in rows])
