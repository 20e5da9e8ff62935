"""`moderation deadletters`: deliveries that were given up, and sending them again."""

from typing import Any

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_fields, print_json, print_table, set_up
from moderation.deliveries.history import (
    FINISHED,
    find_delivery,
    list_deliveries,
    owe_anew,
    read_delivery,
    read_wanted,
    replay,
)
from moderation.errors import InvalidInputError
from moderation.keys import Caller, Kind
from moderation.messages import message
from moderation.sites import find_site

_MOST_LISTED = 1_000
# Whoever may run commands may do all.
_OPERATOR = Caller(Kind.ADMIN, "", "operator", None)


def _filters(command: Any) -> Any:
    for option, text in reversed(
        (
            ("--site", "Only those of this site (id or name)."),
            ("--endpoint", "Only those to this endpoint."),
            ("--event", "Only those that tell of such an event."),
            ("--comment", "Only those about this comment."),
            ("--since", "Only those made then or later (ISO 8601)."),
            ("--until", "Only those made before then (ISO 8601)."),
        )
    ):
        command = click.option(option, help=text)(command)
    return click.option(
        "--state", type=click.Choice(FINISHED), default="dead", show_default=True, help="Or others that are finished."
    )(command)


@click.group()
def deadletters() -> None:
    """List, show and replay deliveries that were given up.

    \b
    Example:
      moderation deadletters list
    """


@deadletters.command(name="list")
@_filters
@click.option("--limit", type=click.IntRange(1, _MOST_LISTED), default=50, show_default=True, help="How many.")
@as_json
def list_all(limit: int, site: str | None, *, as_json: bool, **sent: str | None) -> None:
    """List dead letters, newest first.

    \b
    Example:
      moderation deadletters list --endpoint ep_01kb… --since 2026-11-22
    """
    wanted = _read(sent)
    with set_up().database.read() as session:
        site_ids = frozenset([find_site(session, site).id]) if site else None
        found = list_deliveries(session, site_ids, wanted, limit=limit).deliveries
    if as_json:
        print_json(found)
        return
    columns = ("id", "endpoint", "event", "comment", "attempts", "finished_at", "last_error")
    print_table(columns, [[one[column] for column in columns] for one in found])


@deadletters.command()
@click.argument("delivery_id")
@as_json
def show(delivery_id: str, *, as_json: bool) -> None:
    """Show a delivery with every attempt.

    \b
    Example:
      moderation deadletters show dl_01kb…
    """
    with set_up().database.read() as session:
        found = read_delivery(session, _OPERATOR, delivery_id)
    if as_json:
        print_json(found)
        return
    log = found.pop("log")
    print_fields(found)
    columns = ("number", "started_at", "seconds", "status", "error", "answer")
    # What came back is a stranger's text: nothing in it moves the cursor.
    print_table(columns, [[ascii(one[c]) if c == "answer" else one[c] for c in columns] for one in log])


@deadletters.command(name="replay")
@click.argument("delivery_ids", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="All that match the filters.")
@_filters
@as_json
def replay_some(
    delivery_ids: tuple[str, ...], site: str | None, *, is_all: bool, as_json: bool, **sent: str | None
) -> None:
    """Send dead letters again: some, or all that match. They go out within seconds, under the same ids.

    \b
    Example:
      moderation deadletters replay --all --endpoint ep_01kb…
    """
    if is_all == bool(delivery_ids):
        raise click.UsageError("name deliveries, or say --all")
    wanted, database, count = _read(sent), set_up().database, 0
    if delivery_ids:
        with database.write() as session:
            for one in delivery_ids:
                find_delivery(session, _OPERATOR, one)
            count = len(owe_anew(session, delivery_ids, utc_now()))
    while is_all:
        with database.write() as session:
            site_ids = frozenset([find_site(session, site).id]) if site else None
            done = replay(session, site_ids, wanted, utc_now())
        count, is_all = count + done.count, done.is_more
    if as_json:
        print_json({"replayed": count})
    else:
        click.echo(f"{count} will be sent again")


def _read(sent: dict[str, str | None]) -> Any:
    try:
        return read_wanted(sent, FINISHED)
    except InvalidInputError as error:
        raise click.UsageError("; ".join(f"{one.field}: {message(one, 'en')}" for one in error.errors)) from None
