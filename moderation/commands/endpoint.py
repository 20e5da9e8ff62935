"""`moderation endpoint`: who wants to hear of events."""

from typing import Any

import click
from sqlalchemy.orm import Session

from moderation.clock import utc_now
from moderation.commands.endpoint_options import as_sent, in_words, quiet_options
from moderation.commands.setup import as_json, print_fields, print_json, print_table, set_up
from moderation.deliveries.samples import owe_sample
from moderation.endpoints import (
    DEFAULT_EVENTS,
    FORMATS,
    add_endpoint,
    change_endpoint,
    check_url,
    describe,
    list_endpoints,
    read_endpoint,
    rotate_secret,
)
from moderation.errors import InvalidInputError, NotFoundError
from moderation.messages import LANGUAGES, message
from moderation.outbound import Outbound
from moderation.sites import find_site
from moderation.tables import Endpoint


@click.group()
def endpoint() -> None:
    """Add, change, list, test and remove webhook endpoints, rotate their secrets.

    \b
    Example:
      moderation endpoint add --site "Daily News" --url https://chat.example.com/hook --audience moderators
    """


@endpoint.command()
@click.option("--site", required=True, help="Id or name of the site.")
@click.option("--url", required=True, help="Where webhooks are posted.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="standard", show_default=True)
@click.option("--language", type=click.Choice(LANGUAGES), help="Of messages to people. Default: the comment's.")
@click.option("--events", help="Events to send, comma separated; '*' is all. Default: by audience.")
@click.option(
    "--audience",
    type=click.Choice(list(DEFAULT_EVENTS)),
    default="website",
    show_default=True,
    help="Who reads it: the website hears of everything, moderators of what is held.",
)
@quiet_options
@as_json
def add(
    site: str,
    url: str,
    kind: str,
    language: str | None,
    events: str | None,
    audience: str,
    *,
    as_json: bool,
    **quiet: Any,
) -> None:
    """Add an endpoint and print its signing secret, this once.

    \b
    Example:
      moderation endpoint add --site "Daily News" --url https://news.example.com/hook --json
      moderation endpoint add --site "Daily News" --url https://hooks.slack.com/… --format slack --audience moderators
    """
    setup = set_up()
    keyed = setup.keyed
    sent = {
        "url": url,
        "format": kind,
        "language": language,
        "audience": audience,
        "events": events.split(",") if events else None,
    }
    try:
        change = read_endpoint(sent | as_sent(quiet), is_new=True)
        found = setup.settings
        outbound = Outbound(found.outbound_allow)
        check_url(outbound, change.url, has_mail=bool(found.smtp_url), has_services=bool(found.apprise_urls))
        with setup.database.write() as session:
            document = describe(add_endpoint(session, find_site(session, site).id, change, utc_now()), keyed)
    except InvalidInputError as error:
        raise _used_wrongly(error) from None
    if as_json:
        print_json(document)
        return
    print_fields(_readable(document))
    click.echo("The secret is not shown again.")


@endpoint.command(name="list")
@as_json
def list_all(*, as_json: bool) -> None:
    """List the endpoints.

    \b
    Example:
      moderation endpoint list
    """
    with set_up().database.read() as session:
        documents = [describe(one) for one in list_endpoints(session, None)]
    if as_json:
        print_json(documents)
        return
    columns = ("id", "site", "url", "events", "format", "enabled")
    print_table(columns, [[_readable(one)[column] for column in columns] for one in documents])


@endpoint.command(name="set")
@click.argument("endpoint_id")
@click.option("--events", help="Events to send, comma separated; '*' is all.")
@quiet_options
@as_json
def change_one(endpoint_id: str, events: str | None, *, as_json: bool, **quiet: Any) -> None:
    """Change what an endpoint hears of; what is left out stays as it is.

    \b
    Example:
      moderation endpoint set ep_01kb… --quiet-hours "22:00-07:00 Asia/Tehran" --burst 5
    """
    try:
        sent = {"events": events.split(",") if events else None} | as_sent(quiet)
        change = read_endpoint(sent, is_new=False)
    except InvalidInputError as error:
        raise _used_wrongly(error) from None
    with set_up().database.write() as session:
        found = _find(session, endpoint_id)
        change_endpoint(found, change)
        document = describe(found)
    if as_json:
        print_json(document)
        return
    print_fields(_readable(document))


@endpoint.command()
@click.argument("endpoint_id")
@as_json
def rotate(endpoint_id: str, *, as_json: bool) -> None:
    """Give an endpoint a new secret and print it, this once; for a day the one before signs too.

    \b
    Example:
      moderation endpoint rotate ep_01kb…
    """
    setup = set_up()
    keyed = setup.keyed
    with setup.database.write() as session:
        found = _find(session, endpoint_id)
        rotate_secret(found, utc_now())
        document = describe(found, keyed)
    if as_json:
        print_json(document)
        return
    print_fields(_readable(document))
    click.echo("The secret is not shown again.")


@endpoint.command()
@click.argument("endpoint_id")
@as_json
def test(endpoint_id: str, *, as_json: bool) -> None:
    """Send an endpoint a sample, within seconds; the delivery says what came of it.

    \b
    Example:
      moderation endpoint test ep_01kb…
    """
    with set_up().database.write() as session:
        delivery_id = owe_sample(session, _find(session, endpoint_id), utc_now()).delivery_id
    if as_json:
        print_json({"delivery": delivery_id})
        return
    click.echo(f"{delivery_id} is on its way: `moderation deadletters show {delivery_id}`")


@endpoint.command()
@click.argument("endpoint_id")
def remove(endpoint_id: str) -> None:
    """Remove an endpoint; what it is still owed is not sent.

    \b
    Example:
      moderation endpoint remove ep_01kb…
    """
    with set_up().database.write() as session:
        _find(session, endpoint_id).deleted_at = utc_now()
    click.echo(f"{endpoint_id} is removed")


def _find(session: Session, endpoint_id: str) -> Endpoint:
    found = session.get(Endpoint, endpoint_id)
    if found is None or found.deleted_at is not None:
        raise NotFoundError(f"there is no endpoint {endpoint_id}; `moderation endpoint list` shows them")
    return found


def _used_wrongly(error: InvalidInputError) -> click.UsageError:
    return click.UsageError("; ".join(f"{one.field}: {message(one, 'en')}" for one in error.errors))


def _readable(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"events": ",".join(document["events"])} | in_words(document)
