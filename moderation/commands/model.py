"""`moderation model`: what a site's own model learned, and how to take it back."""

from dataclasses import asdict

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_json, print_table, set_up, set_up_with_log
from moderation.model_history import Version, history_of, resume_learning, roll_back, start_anew, stop_learning
from moderation.payload import moment
from moderation.sites import find_site

_site = click.option("--site", "site", required=True, help="Id or name of the site.")


@click.group()
def model() -> None:
    """Look at the versions of a site's own model, go back to one, stop and resume its learning, start anew.

    \b
    Example:
      moderation model list --site "Daily News"
    """


@model.command(name="list")
@_site
@as_json
def list_all(site: str, *, as_json: bool) -> None:
    """List the versions that are kept, the one in use first.

    \b
    Example:
      moderation model list --site "Daily News"
    """
    with set_up().database.read() as session:
        history = history_of(session, find_site(session, site).id)
    if as_json:
        versions = [asdict(one) | {"created_at": moment(one.created_at)} for one in history.versions]
        print_json({"is_learning": history.is_learning, "versions": versions})
        return
    rows = [
        (one.version, one.examples, one.base, f"{one.created_at:%Y-%m-%d %H:%M:%S}", _note(one, is_in_use=number == 0))
        for number, one in enumerate(history.versions)
    ]
    print_table(("version", "texts", "on top of", "made at (UTC)", ""), rows)
    click.echo("It learns from every decision." if history.is_learning else "It has been told not to learn.")


def _note(one: Version, *, is_in_use: bool) -> str:
    notes = ["in use"] if is_in_use else []
    if one.copy_of is not None:
        notes.append(f"version {one.copy_of} again")
    elif not one.examples:
        notes.append("empty")
    return ", ".join(notes)


@model.command()
@_site
@click.option("--to", type=click.IntRange(1), required=True, help="The version to go back to.")
def rollback(site: str, to: int) -> None:
    """Put a version back into use, and let it stay until `moderation model resume`.

    It becomes the newest version. What is decided meanwhile is learned after the resume.

    \b
    Example:
      moderation model rollback --site "Daily News" --to 7
    """
    with set_up_with_log().database.write() as session:
        found = find_site(session, site)
        version = roll_back(session, found.id, to, utc_now())
    click.echo(f"{found.name}: version {to} is in use as version {version}, and stays until you resume learning.")


@model.command()
@_site
def freeze(site: str) -> None:
    """Let the model stay as it is, whatever is decided.

    \b
    Example:
      moderation model freeze --site "Daily News"
    """
    with set_up_with_log().database.write() as session:
        found = find_site(session, site)
        stop_learning(session, found.id)
    click.echo(f"{found.name}: the model stays as it is.")


@model.command()
@_site
def resume(site: str) -> None:
    """Learn again, from all decisions, those made meanwhile among them; undo wrong ones before.

    \b
    Example:
      moderation model resume --site "Daily News"
    """
    with set_up_with_log().database.write() as session:
        found = find_site(session, site)
        resume_learning(session, found.id)
    click.echo(f"{found.name}: a worker learns from all decisions within seconds.")


@model.command()
@_site
@click.confirmation_option(prompt="No decision made until now will teach again. Forget the model?")
def forget(site: str) -> None:
    """Start anew: drop every version, and let no decision made until now teach again.

    \b
    Example:
      moderation model forget --site "Daily News" --yes
    """
    with set_up_with_log().database.write() as session:
        found = find_site(session, site)
        start_anew(session, found.id, utc_now())
    click.echo(f"{found.name}: the shipped model judges alone until new decisions come.")
