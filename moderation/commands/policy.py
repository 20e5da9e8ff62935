"""`moderation policy`: a site's policy from a terminal: shown, and filled from a word list of another system."""

from pathlib import Path

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_fields, print_json, set_up
from moderation.sites import find_site, policies_of
from moderation.word_import import import_words

_SITE = click.option("--site", required=True, help="Id or name of the site.")


@click.group()
def policy() -> None:
    """Show a site's policy, and import word lists into it.

    \b
    Example:
      moderation policy show --site "Daily News"
    """


@policy.command()
@_SITE
def show(site: str) -> None:
    """Print the site's policy as JSON.

    \b
    Example:
      moderation policy show --site "Daily News"
    """
    with set_up().database.read() as session:
        site_id = find_site(session, site).id
        found = policies_of(session, [site_id])[site_id]
    print_json({"site": site_id, "version": found.version, **found.document()})


@policy.command(name="import-words")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_SITE
@click.option("--list", "which", type=click.Choice(["hold", "spam"]), required=True, help="The list to add them to.")
@click.option("--within-words", is_flag=True, help="Find them inside other words too, as WordPress does.")
@as_json
def import_(file: Path, site: str, which: str, *, within_words: bool, as_json: bool) -> None:
    """Add a word list to a site's policy: a line each, as WordPress keeps its disallowed comment keys.

    \b
    Example:
      moderation policy import-words disallowed_keys.txt --site "Daily News" --list spam
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} can't be read: {error}") from None
    with set_up().database.write() as session:
        site_id = find_site(session, site).id
        done = import_words(session, site_id, lines, f"words_{which}", utc_now(), is_within_words=within_words)
    told = {
        "site": site_id,
        "version": done.version,
        "added": done.added,
        "known": done.known,
        "unusable": done.unusable,
    }
    if as_json:
        print_json(told)
        return
    print_fields(told)
