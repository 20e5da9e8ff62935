"""`moderation site`: websites whose comments are moderated."""

from dataclasses import asdict

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_fields, print_json, print_table, set_up, set_up_with_log
from moderation.sites import add_site, find_site, list_sites, share_learning


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
        rows = [(one.id, one.name, one.domain or "") for one in list_sites(session)]
    if as_json:
        print_json([{"id": site_id, "name": name, "domain": domain or None} for site_id, name, domain in rows])
        return
    print_table(("id", "name", "domain"), rows)
