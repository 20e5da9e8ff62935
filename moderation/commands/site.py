"""`moderation site`: websites whose comments are moderated."""

from dataclasses import asdict
from typing import Any

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_fields, print_json, print_table, set_up, set_up_with_log
from moderation.floods import states_of
from moderation.payload import moment
from moderation.sites import add_site, find_site, list_sites, policies_of, share_learning
from moderation.tables import Site, SiteState


@click.group()
def site() -> None:
    """Add and list websites.

    \b
    Example:
      moderation site add "Daily News" --domain news.example.com
    """


@site.command()
@click.argument("name")
@click.option("--domain", help="Host name of the website; its pages may post with the public key.")
@as_json
def add(name: str, domain: str | None, *, as_json: bool) -> None:
    """Add a website and print its keys, this once.

    \b
    Example:
      moderation site add "Daily News" --domain news.example.com --json
    """
    setup = set_up()
    keyed = setup.keyed
    with setup.database.write() as session:
        made = asdict(add_site(session, keyed, name, domain, utc_now()))
    if as_json:
        print_json(made)
        return
    print_fields(made)
    click.echo("The keys are not shown again.")


@site.command(name="set")
@click.argument("site")
@click.option(
    "--share-learning/--no-share-learning",
    "shares",
    required=True,
    help="Learn together with the other sites that share, from each other's decisions.",
)
def change(site: str, *, shares: bool) -> None:
    """Let a website share what its decisions teach, or no more.

    \b
    Example:
      moderation site set "Daily News" --share-learning
    """
    with set_up_with_log().database.write() as session:
        found = find_site(session, site)
        share_learning(session, found.id, shares=shares)
    click.echo(f"{found.name}: " + ("learns together with others that share" if shares else "learns alone"))


@site.command(name="list")
@as_json
def list_all(*, as_json: bool) -> None:
    """List the websites.

    \b
    Example:
      moderation site list
    """
    with set_up().database.read() as session:
        states = states_of(session, utc_now())
        documents = [_describe(one, states.get(one.id)) for one in list_sites(session)]
    if as_json:
        print_json(documents)
        return
    columns = ("id", "name", "domain", "tightened_until")
    print_table(columns, [[one[column] or "" for column in columns] for one in documents])


@site.command()
@click.argument("id_or_name")
@as_json
def show(id_or_name: str, *, as_json: bool) -> None:
    """Show a website, and whether it is tightened because it is flooded.

    \b
    Example:
      moderation site show "Daily News"
    """
    with set_up().database.read() as session:
        found = find_site(session, id_or_name)
        state = states_of(session, utc_now()).get(found.id)
        wants_it = policies_of(session, [found.id])[found.id].rules.tighten_in_floods
    document = _describe(found, state) | {
        "created_at": moment(found.created_at),
        "tightens_in_floods": wants_it,
        "tightened_at": moment(state.tightened_at) if state else None,
        "usual_in_ten_minutes": state.usual if state else None,
    }
    if as_json:
        print_json(document)
        return
    print_fields({name: "" if value is None else value for name, value in document.items()})


def _describe(one: Site, state: SiteState | None) -> dict[str, Any]:
    until = moment(state.tightened_until) if state else None
    return {"id": one.id, "name": one.name, "domain": one.domain, "tightened_until": until}
