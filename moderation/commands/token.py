"""`moderation token`: keys and tokens, after they were first made with a site or a moderator."""

from datetime import timedelta

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_fields, print_json, print_table, set_up
from moderation.keys import Kind, NewKey, add_key, list_keys, revoke_key, rotate_key
from moderation.sites import find_site
from moderation.tables import Moderator


@click.group()
def token() -> None:
    """Add, list, rotate and revoke keys and tokens.

    \b
    Example:
      moderation token rotate ky_01kb… --overlap-hours 24
    """


@token.command()
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.option("--name", default="", help="What it is for, shown in lists.")
@click.option("--site", help="Id or name of the site, for a site, public or akismet key.")
@click.option("--moderator", help="Id of the moderator, for a moderator token.")
@as_json
def add(kind: str, name: str, site: str | None, moderator: str | None, *, as_json: bool) -> None:
    """Make one more key and print it, this once.

    \b
    Examples:
      moderation token add admin --name "on call"
      moderation token add site --site "Daily News"
    """
    setup = set_up()
    keyed = setup.keyed
    wanted = Kind(kind)
    with setup.database.write() as session:
        site_id = moderator_id = None
        if wanted is Kind.MODERATOR:
            if moderator is None or session.get(Moderator, moderator) is None:
                raise click.UsageError("name the moderator by id: --moderator md_…; `moderation moderator list`")
            moderator_id = moderator
        elif wanted is not Kind.ADMIN:
            if site is None:
                raise click.UsageError("name the site: --site; `moderation site list` shows them")
            site_id = find_site(session, site).id
        made = add_key(session, keyed, wanted, utc_now(), name=name or kind, site_id=site_id, moderator_id=moderator_id)
    _show(made, as_json=as_json)


@token.command()
@click.argument("key_id")
@click.option("--overlap-hours", type=click.FloatRange(0, 24 * 365), default=24, show_default=True)
@as_json
def rotate(key_id: str, overlap_hours: float, *, as_json: bool) -> None:
    """Make a key that opens the same as this one, which then works for the overlap still.

    \b
    Example:
      moderation token rotate ky_01kb… --overlap-hours 1
    """
    setup = set_up()
    keyed = setup.keyed
    with setup.database.write() as session:
        made = rotate_key(session, keyed, key_id, utc_now(), overlap=timedelta(hours=overlap_hours))
    _show(made, as_json=as_json)


@token.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Let a key work no more, from now on.

    \b
    Example:
      moderation token revoke ky_01kb…
    """
    with set_up().database.write() as session:
        revoke_key(session, key_id, utc_now())
    click.echo(f"{key_id} works no more")


@token.command(name="list")
@as_json
def list_all(*, as_json: bool) -> None:
    """List the keys; what they are is known to their holders only.

    \b
    Example:
      moderation token list
    """
    with set_up().database.read() as session:
        rows = [
            (
                key.id,
                key.kind,
                key.name,
                key.site_id or key.moderator_id or "",
                key.expires_at or "",
                key.last_used_at or "",
            )
            for key in list_keys(session)
        ]
    if as_json:
        names = ("id", "kind", "name", "of", "expires_at", "last_used_at")
        print_json([dict(zip(names, (str(value) for value in row), strict=True)) for row in rows])
        return
    print_table(("id", "kind", "name", "of", "expires at", "last used"), rows)


def _show(made: NewKey, *, as_json: bool) -> None:
    document = {"id": made.id, "kind": made.kind.value, "token": made.token}
    if as_json:
        print_json(document)
        return
    print_fields(document)
    click.echo("The token is not shown again.")
