"""`moderation doctor`: what is wrong with a set-up, and how to mend it."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from moderation.commands.setup import Setup, as_json, print_json, set_up
from moderation.errors import SettingsError
from moderation.events import hears
from moderation.filters import load_filters, notice
from moderation.filters.facts import Facts
from moderation.health import Part, check, check_replica
from moderation.policy import Policy
from moderation.remote.probing import probe
from moderation.tables import Endpoint, Site

# What to do about a part that is not well.
_REMEDIES = {
    "settings": "Correct the setting; `moderation settings` prints all of them.",
    "secret": "Give every service of the set the same MODERATION_SECRET_KEY (or _FILE).",
    "data_dir": "Make the folder writable for this user, or name another one: MODERATION_DATA_DIR.",
    "database": "Start the database, or correct MODERATION_DATABASE_URL.",
    "migrations": "Run `moderation migrate`; `moderation up` does it by itself.",
    "redis": "Start Redis (`moderation up` starts its own), or correct MODERATION_REDIS_URL.",
    "broker": "Start the broker, or correct MODERATION_BROKER_URL.",
    "replica": "Mend its replication, or correct MODERATION_DATABASE_READ_URL. Lists come from the primary meanwhile.",
    "worker:screen": "Start `moderation worker --queues screen` and `moderation beat`; look at their logs.",
    "worker:deliver": "Start `moderation worker --queues deliver` and `moderation beat`; look at their logs.",
    "model": "Reinstall the package: the shipped weights can't be read. Comments are held meanwhile.",
    "toxic_model": "Reinstall the package: the shipped weights can't be read. Comments are held meanwhile.",
    "shadow_model": "Correct MODERATION_SHADOW_WEIGHTS: a file that `moderation train` of this release wrote.",
    "filters": "Correct MODERATION_FILTERS: each is package.module:function and must be importable.",
    "remote:akismet": "Correct MODERATION_AKISMET_KEY or _URL, or let this machine reach it.",
    "remote:stop_forum_spam": "Correct MODERATION_STOP_FORUM_SPAM_URL, or name its network: MODERATION_OUTBOUND_ALLOW.",
    "remote:check": "Correct MODERATION_CHECK_URL, or name its network: MODERATION_OUTBOUND_ALLOW.",
    "remote:opinion": "Correct MODERATION_OPINION_URL, or name its network: MODERATION_OUTBOUND_ALLOW.",
    "sites": "Add a website: `moderation site add NAME`.",
    "endpoints": "Nobody hears of held comments: `moderation endpoint add --site S --url U --audience moderators`.",
}


@click.command()
@as_json
def doctor(*, as_json: bool) -> None:
    """Check every part of this set-up and say in words what to mend. Exits 1 when something is wrong.

    \b
    Example:
      moderation doctor
    """
    parts = list(_examine())
    if as_json:
        print_json([_document(part) for part in parts])
    else:
        for part in parts:
            click.echo(f"{'ok ' if part.is_well else 'BAD'}  {part.name}{': ' + part.detail if part.detail else ''}")
            if not part.is_well:
                click.echo(f"     {_REMEDIES[part.name]}")
        bad = sum(not part.is_well for part in parts)
        click.echo("everything is well" if not bad else f"{bad} of {len(parts)} parts need attention")
    sys.exit(0 if all(part.is_well for part in parts) else 1)


def _document(part: Part) -> dict[str, object]:
    remedy = None if part.is_well else _REMEDIES[part.name]
    return {"part": part.name, "is_well": part.is_well, "detail": part.detail, "remedy": remedy}


def _examine() -> Iterator[Part]:
    try:
        setup = set_up()
    except SettingsError as error:
        yield Part("settings", is_well=False, detail=str(error))
        return
    yield Part("settings", is_well=True)
    # A hint: where only websites' servers post, nothing is wrong with it.
    yield Part("proxies", is_well=True, detail=setup.settings.proxy_hint)
    yield _secret(setup)
    if setup.settings.uses_sqlite or setup.settings.is_embedded:
        yield _data_dir(setup)
    yield from check(setup.settings, setup.database)
    yield from check_replica(setup.settings, setup.database)
    yield _model("model")
    yield _toxic_model()
    if setup.settings.shadow_weights:
        yield _model("shadow_model", Path(setup.settings.shadow_weights))
    yield _filters(setup)
    yield from (
        Part(f"remote:{service}", is_well=not complaint, detail=complaint)
        for service, complaint in probe(setup.settings)
    )
    yield from _set_up_sites(setup)


def _secret(setup: Setup) -> Part:
    try:
        setup.settings.secret()
    except (SettingsError, OSError) as error:
        return Part("secret", is_well=False, detail=str(error))
    return Part("secret", is_well=True)


def _data_dir(setup: Setup) -> Part:
    folder = setup.settings.data_dir
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Part("data_dir", is_well=False, detail=f"{folder} is not a folder that this user may write to")
    credentials = folder / "credentials.json"
    if credentials.exists() and stat.S_IMODE(credentials.stat().st_mode) & 0o077:
        return Part("data_dir", is_well=False, detail=f"{credentials} can be read by other users: chmod 600 it")
    return Part("data_dir", is_well=True)


def _model(name: str, path: Path | None = None) -> Part:
    from moderation.learning.model import TextModel

    try:
        version = TextModel.load(path).version
    except Exception as error:  # noqa: BLE001 - whatever it is, it is to be shown
        return Part(name, is_well=False, detail=type(error).__name__)
    return Part(name, is_well=True, detail=version)


def _toxic_model() -> Part:
    from moderation.learning.toxic import ToxicModel

    try:
        version = ToxicModel.load().version
    except Exception as error:  # noqa: BLE001 - whatever it is, it is to be shown
        return Part("toxic_model", is_well=False, detail=type(error).__name__)
    return Part("toxic_model", is_well=True, detail=version)


def _filters(setup: Setup) -> Part:
    nothing = Facts(
        comment_id="",
        site_id="",
        post_id="",
        name="A",
        email="a@example.com",
        website=None,
        body="B",
        language=None,
        policy=Policy(),
    )
    try:
        own = load_filters(setup.settings.filters)[len(load_filters(())) :]
    except SettingsError as error:
        return Part("filters", is_well=False, detail=str(error))
    failed = [signal.evidence[0].text for signal in notice(nothing, own) if signal.name == "FILTER_FAILED"]
    return Part("filters", is_well=not failed, detail="; ".join(failed))


def _set_up_sites(setup: Setup) -> Iterator[Part]:
    try:
        with setup.database.read() as session:
            sites = session.scalar(select(func.count()).select_from(Site)) or 0
            listening = session.scalars(select(Endpoint).where(Endpoint.enabled, Endpoint.deleted_at.is_(None))).all()
    except SQLAlchemyError:
        # The database's own line says why.
        return
    yield Part("sites", is_well=sites > 0, detail=f"{sites} site{'' if sites == 1 else 's'}")
    hears_held = any(hears(endpoint, "comment.held") for endpoint in listening)
    yield Part("endpoints", is_well=hears_held, detail=f"{len(listening)} enabled")
