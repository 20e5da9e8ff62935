"""The first site and the file with its keys: made once, and never one without the other."""

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from moderation.clock import utc_now
from moderation.db import Database
from moderation.first_site import FirstSite, Keys, ensure_first_site
from moderation.identity import Keyed
from moderation.keys import Kind, authenticate
from moderation.settings import Settings
from moderation.sites import add_site, list_moderators, list_sites
from moderation.tables import Key, Site
from tests.conftest import SECRET


class CrashError(Exception):
    """The power went."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of an installation with a folder of its own."""
    (tmp_path / "var").mkdir()
    return Settings(data_dir=tmp_path / "var", secret_key=SECRET, base_url="https://moderation.example.com")


def crash(*_: object) -> None:
    raise CrashError


@contextmanager
def crash_before_commit() -> Iterator[None]:
    """Let the power go when all is written and nothing is committed."""
    event.listen(Session, "before_commit", crash)
    try:
        with pytest.raises(CrashError):
            yield
    finally:
        event.remove(Session, "before_commit", crash)


@contextmanager
def crash_after_commit() -> Iterator[None]:
    """Let the power go when all is committed and the file has not got its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(CrashError):
            yield


def in_file(settings: Settings) -> dict[str, object]:
    content: dict[str, object] = json.loads((settings.data_dir / "credentials.json").read_text())
    return content


def files(settings: Settings) -> list[str]:
    return sorted(file.name for file in settings.data_dir.iterdir())


def count(database: Database, table: type[Site] | type[Key]) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def assert_every_key_opens_what_it_says(database: Database, keyed: Keyed, made: FirstSite) -> None:
    assert made.credentials is not None
    site = made.credentials["site"]
    with database.read() as session:
        kinds = {
            caller.kind: caller
            for key in (
                site["secret_key"],
                site["public_key"],
                site["akismet_key"],
                made.credentials["moderator_token"],
                made.credentials["admin_token"],
            )
            if (caller := authenticate(session, keyed, key, utc_now()))
        }
    assert set(kinds) == set(Kind)
    assert all(caller.may_touch(site["id"]) for caller in kinds.values())


def test_a_fresh_database_gets_a_site_a_moderator_and_their_keys(
    database: Database, keyed: Keyed, settings: Settings
) -> None:
    made = ensure_first_site(database, settings)
    assert made.keys is Keys.NEW
    assert_every_key_opens_what_it_says(database, keyed, made)
    with database.read() as session:
        (site,) = list_sites(session)
        ((moderator, sites),) = list_moderators(session)
    assert (site.name, moderator.name, sites) == ("First site", "First moderator", [site.id])


def test_the_file_has_exactly_what_is_promised_and_only_we_may_read_it(database: Database, settings: Settings) -> None:
    made = ensure_first_site(database, settings)
    content = in_file(settings)
    assert content == made.credentials
    assert list(content) == ["base_url", "site", "moderator_token", "admin_token"]
    assert list(content["site"]) == ["id", "name", "secret_key", "public_key", "akismet_key"]  # type: ignore[call-overload]
    assert content["base_url"] == "https://moderation.example.com"
    assert made.path.stat().st_mode & 0o777 == stat.S_IRUSR | stat.S_IWUSR
    assert files(settings) == ["credentials.json"]


def test_the_next_start_makes_nothing_and_finds_the_keys(database: Database, settings: Settings) -> None:
    first = ensure_first_site(database, settings)
    second = ensure_first_site(database, settings)
    assert second == FirstSite(Keys.KEPT, first.path, first.credentials)
    assert (count(database, Site), count(database, Key)) == (1, 5)


def test_a_new_address_is_noted_and_nothing_else_is_changed(database: Database, settings: Settings) -> None:
    ensure_first_site(database, settings)
    before = in_file(settings)
    moved = Settings(data_dir=settings.data_dir, secret_key=SECRET, port=8080)
    assert ensure_first_site(database, moved).keys is Keys.KEPT
    assert in_file(settings) == before | {"base_url": "http://127.0.0.1:8080"}
    assert files(settings) == ["credentials.json"]


def test_a_crash_before_the_commit_leaves_nothing_that_matters(
    database: Database, keyed: Keyed, settings: Settings
) -> None:
    with crash_before_commit():
        ensure_first_site(database, settings)
    assert (count(database, Site), files(settings)) == (0, ["credentials.json.draft"])

    made = ensure_first_site(database, settings)
    assert made.keys is Keys.NEW
    assert_every_key_opens_what_it_says(database, keyed, made)
    assert files(settings) == ["credentials.json"]


def test_a_crash_after_the_commit_loses_no_key(database: Database, keyed: Keyed, settings: Settings) -> None:
    with crash_after_commit():
        ensure_first_site(database, settings)
    assert (count(database, Site), files(settings)) == (1, ["credentials.json.draft"])

    found = ensure_first_site(database, settings)
    assert found.keys is Keys.KEPT
    assert_every_key_opens_what_it_says(database, keyed, found)
    assert in_file(settings) == found.credentials
    assert files(settings) == ["credentials.json"]


def test_a_crash_while_the_address_is_noted_loses_no_key(database: Database, settings: Settings) -> None:
    made = ensure_first_site(database, settings)
    moved = Settings(data_dir=settings.data_dir, secret_key=SECRET, port=8080)
    with crash_after_commit():
        ensure_first_site(database, moved)
    (settings.data_dir / "credentials.json.draft").write_text('{"base_url": ')
    assert ensure_first_site(database, settings).credentials == made.credentials
    assert files(settings) == ["credentials.json"]


def test_keys_of_an_earlier_database_are_put_aside(database: Database, settings: Settings) -> None:
    old = settings.data_dir / "credentials.json"
    old.write_text('{"site": {"id": "st_of_another_database"}}')
    assert ensure_first_site(database, settings).keys is Keys.NEW
    assert (settings.data_dir / "credentials.json.old").read_text() == '{"site": {"id": "st_of_another_database"}}'
    assert in_file(settings)["site"] != {"id": "st_of_another_database"}


@pytest.mark.parametrize("content", [None, "", "[]", '{"site": 1, "admin_token": null}', '{"admin_token": "at_other"}'])
def test_a_site_whose_keys_nobody_has_is_said_to_be_so(
    database: Database, keyed: Keyed, settings: Settings, content: str | None
) -> None:
    with database.write() as session:
        add_site(session, keyed, "Made by hand", None, utc_now())
    if content is not None:
        (settings.data_dir / "credentials.json").write_text(content)
    found = ensure_first_site(database, settings)
    assert found == FirstSite(Keys.LOST, settings.data_dir / "credentials.json")
    assert count(database, Site) == 1
    assert files(settings) == ([] if content is None else ["credentials.json"])


def test_two_that_start_together_make_one_site(database: Database, tmp_path: Path) -> None:
    made: list[Keys] = []

    def start(folder: Path) -> None:
        folder.mkdir()
        made.append(ensure_first_site(database, Settings(data_dir=folder, secret_key=SECRET)).keys)

    threads = [Thread(target=start, args=(tmp_path / name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made, key=str) == sorted([Keys.NEW, Keys.LOST, Keys.LOST], key=str)
    assert count(database, Site) == 1
