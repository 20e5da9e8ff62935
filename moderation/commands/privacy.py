"""`moderation privacy`: what is kept of one author, and erasing it."""

import click

from moderation.clock import utc_now
from moderation.commands.setup import Setup, as_json, print_json, set_up, set_up_with_log
from moderation.payload import moment
from moderation.privacy import Author, author_of, count_comments, erase, export
from moderation.sites import find_site, list_sites

_email = click.option("--email", prompt="Email address", help="The author's address; asked for when left out.")
_site = click.option("--site", "site", help="Id or name of a site; all sites when left out.")


@click.group()
def privacy() -> None:
    """Hand out or erase what is kept of one author.

    \b
    Example:
      moderation privacy export --email reader@example.com
    """


@privacy.command(name="export")
@_email
@_site
def export_all(email: str, site: str | None) -> None:
    """Print all that is kept of an author's comments, as one JSON object.

    \b
    Example:
      moderation privacy export --email reader@example.com > reader.json
    """
    setup = set_up()
    author = _author(setup, email, site)
    with setup.database.read() as session:
        comments = list(export(session, author))
    print_json({"email": email, "exported_at": moment(utc_now()), "comments": comments})


@privacy.command(name="erase")
@_email
@_site
@click.option("--yes", "is_sure", is_flag=True, help="Don't ask.")
@as_json
def erase_all(email: str, site: str | None, *, is_sure: bool, as_json: bool) -> None:
    """Erase an author's data and words, and what was learned from them. There is no way back.

    \b
    Example:
      moderation privacy erase --email reader@example.com --site "Daily News"
    """
    setup = set_up_with_log()
    author = _author(setup, email, site)
    with setup.database.read() as session:
        counts = count_comments(session, author)
    if counts and not is_sure:
        click.confirm(f"Erase {_in_words(counts)} for good?", abort=True, err=True)
    erased = erase(setup.database, author)
    if as_json:
        print_json({"comments": sum(erased.values()), "sites": erased})
        return
    click.echo(f"erased {_in_words(erased)}")
    if erased:
        click.echo("Models that learned from them are made anew within seconds. Backups still hold them.")


def _in_words(counts: dict[str, int]) -> str:
    total, sites = sum(counts.values()), len(counts)
    return f"{total:,} comment{'' if total == 1 else 's'} on {sites} site{'' if sites == 1 else 's'}"


def _author(setup: Setup, email: str, site: str | None) -> Author:
    with setup.database.read() as session:
        found = [find_site(session, site)] if site else list_sites(session)
        site_ids = [one.id for one in found]
    try:
        return author_of(setup.keyed, email, site_ids)
    except ValueError:
        raise click.BadParameter("this is no email address", param_hint="--email") from None
