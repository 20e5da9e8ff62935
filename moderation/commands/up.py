"""`moderation up`: the whole set as one command: API, workers, beat, and a redis-server where none is named."""

import contextlib
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from moderation.children import Program
    from moderation.first_site import FirstSite
    from moderation.settings import Settings
    from moderation.stopping import Stop


@click.command()
def up() -> None:
    """Start everything on this machine: API, workers, beat, and a redis-server where none is named.

    The first start makes a site, a moderator and an administrator; prints their keys, this once; and keeps them in
    credentials.json in MODERATION_DATA_DIR. When all is well it prints `ready` on a line of its own. What dies is
    started again. Ctrl-C or SIGTERM stops all; work under way is finished first, and a second Ctrl-C doesn't wait for
    it: nothing is lost, it is done after the next start. Logs go to standard error.

    \b
    Example:
      moderation up
      MODERATION_PORT=8080 MODERATION_DATA_DIR=/srv/moderation moderation up

    \b
    Exit codes: 0 stopped when asked to; 1 could not start, or stopped in a hurry; 2 a setting makes no sense.
    """
    from moderation.log import configure
    from moderation.settings import Settings
    from moderation.stopping import Stop

    settings = Settings.from_environment()
    # Addresses of those who comment are in the files to come, and DATA_DIR may be open to all.
    os.umask(0o077)
    configure(settings.log_level, "up")
    with Stop() as stop:
        run(settings, stop, services())
    if stop.is_hurried:
        raise SystemExit(1)


def services() -> Sequence["Program"]:
    """Return what runs beside the redis-server: the API first, which is also the first to stop."""
    from moderation.children import Program, our_command
    from moderation.tasks import DELIVER_QUEUE, SCREEN_QUEUE

    return (
        Program("api", our_command("serve"), stage=0),
        Program("worker:screen", our_command("worker", "--queues", SCREEN_QUEUE), stage=2),
        # The beat has no process of its own here: a seventh of the memory of the set.
        Program("worker:deliver", our_command("worker", "--queues", DELIVER_QUEUE, "--beat"), stage=2),
    )


def run(settings: "Settings", stop: "Stop", programs: Sequence["Program"]) -> None:
    """Keep the programs, of which the first is the API, and what they need running until a stop is requested.

    Raises ModerationError when the set can't start; whatever was started is stopped again.
    """
    from moderation.apart import run_apart
    from moderation.children import Children
    from moderation.data_folder import hold
    from moderation.embedded import redis_home, start_redis
    from moderation.readiness import claim_port, wait_until_ready

    with contextlib.ExitStack() as stack:
        was_killed = stack.enter_context(hold(settings.data_dir))
        claim_port(settings, stop, was_killed=was_killed)
        if settings.is_embedded:
            stack.enter_context(redis_home(settings))
        children = stack.enter_context(Children(stop))
        if settings.is_embedded and not stop.is_requested:
            start_redis(children, settings, stop)
        if stop.is_requested:
            return
        # What it takes to migrate would be kept for as long as this runs.
        welcome = run_apart(lambda: _welcome(settings, _prepare(settings)))
        api, *_ = [children.add(program) for program in programs]
        wait_until_ready(settings, children, api, stop, lambda line: click.echo(line, err=True))
        if not stop.is_requested:
            click.echo(welcome)
        children.keep_running()


def _prepare(settings: "Settings") -> "FirstSite":
    from sqlalchemy.exc import SQLAlchemyError

    from moderation.db import Database
    from moderation.first_site import ensure_first_site
    from moderation.health import forget_heartbeats
    from moderation.migrations import migrate
    from moderation.readiness import NotStartedError

    database = Database.of(settings)
    try:
        migrate(database)
        if settings.uses_sqlite:
            # On this machine nothing runs but what is started next.
            forget_heartbeats(database)
        return ensure_first_site(database, settings)
    except (SQLAlchemyError, OSError) as error:
        # The driver's own words: SQLAlchemy's would add the statement.
        raise NotStartedError(f"The database can't be prepared: {getattr(error, 'orig', None) or error}") from None
    finally:
        database.close()


def _welcome(settings: "Settings", site: "FirstSite") -> str:
    from moderation import __version__

    url = settings.effective_base_url
    lines = [
        f"comment-moderation {__version__}",
        "",
        f"  address       {url}",
        f"  documentation {url}/docs",
        f"  health        {url}/readyz",
        f"  metrics       {url}/metrics",
        "",
        *_key_lines(site),
        "",
        "Post a comment:",
        "",
        *_example(url, site),
        "",
        "ready",
    ]
    return "\n".join(lines)


def _key_lines(site: "FirstSite") -> list[str]:
    from moderation.first_site import Keys

    path = site.path.absolute()
    if site.credentials is None:
        return [
            f"There are sites already, but {path} has no keys for them.",
            "`moderation token --help` says how to make new ones.",
        ]
    if site.keys is Keys.KEPT:
        return [f"The keys of the first site are in {path}."]
    of_site = site.credentials["site"]
    return [
        f"The keys of {of_site['name']} ({of_site['id']}), printed this once and kept in {path}:",
        "",
        f"  secret key      {of_site['secret_key']}",
        f"  public key      {of_site['public_key']}",
        f"  Akismet key     {of_site['akismet_key']}",
        f"  moderator token {site.credentials['moderator_token']}",
        f"  admin token     {site.credentials['admin_token']}",
    ]


def _example(url: str, site: "FirstSite") -> list[str]:
    from moderation.first_site import Keys

    is_new = site.credentials is not None and site.keys is Keys.NEW
    key = site.credentials["site"]["secret_key"] if is_new and site.credentials else "THE_SECRET_KEY"
    comment = {"name": "Sara", "email": "sara@example.org", "body": "Well said.", "post_id": "8344"}
    return [
        f"  curl {url}/v1/comments \\",
        f"    -H 'Authorization: Bearer {key}' \\",
        "    -H 'Content-Type: application/json' \\",
        f"    -d '{json.dumps(comment)}'",
    ]
