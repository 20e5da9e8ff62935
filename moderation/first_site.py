"""The first site, its moderator and an administrator: what a fresh installation needs before it can be tried.

`commands.up` asks for them after the migrations. Their keys exist in two places only: as hashes in the database, and
in a file that the operator alone may read.
"""

import json
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from moderation.clock import utc_now
from moderation.db import Database
from moderation.identity import Keyed
from moderation.keys import Kind, add_key, authenticate
from moderation.settings import Settings
from moderation.sites import add_moderator, add_site
from moderation.tables import Site

FILE = "credentials.json"
# Any number, the same in every process: names the lock in PostgreSQL.
_LOCK = 0x6669_7273

Credentials = dict[str, Any]


class Keys(Enum):
    """What is known of the first site's keys."""

    NEW = "new"
    KEPT = "kept"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class FirstSite:
    """What became of the first site: the file with its keys, and what is in it, unless the keys are lost."""

    keys: Keys
    path: Path
    credentials: Credentials | None = None


def ensure_first_site(database: Database, settings: Settings) -> FirstSite:
    """Make the first site where there is none, and keep the file of its keys; a crash at any point loses no key.

    Keys.LOST says that sites exist but the file doesn't, or holds keys that open nothing here.
    """
    path, draft = settings.data_dir / FILE, settings.data_dir / f"{FILE}.draft"
    keyed = Keyed(settings.secret(), settings.secret_key_previous)
    # The draft is on the disk before the commit and gets its name after it. A crash before the commit leaves keys that
    # open nothing, and the next start makes others; a crash after it leaves a draft that the next start finds to work.
    with database.write() as session:
        made = _make(session, keyed, settings.effective_base_url, is_sqlite=database.is_sqlite)
        if made is not None:
            _write_whole(draft, made)
    if made is not None:
        _publish(draft, path)
        return FirstSite(Keys.NEW, path, made)
    return _find(database, keyed, settings.effective_base_url, path, draft)


def _make(session: Session, keyed: Keyed, base_url: str, *, is_sqlite: bool) -> Credentials | None:
    if not is_sqlite:
        # As SQLite's write transaction does: of two that start together, one makes the site.
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if session.scalar(select(Site.id).limit(1)) is not None:
        return None
    now = utc_now()
    site = add_site(session, keyed, "First site", None, now)
    moderator = add_moderator(session, keyed, "First moderator", [site.id], now)
    admin = add_key(session, keyed, Kind.ADMIN, now, name="First admin")
    return {
        "base_url": base_url,
        "site": {
            "id": site.id,
            "name": site.name,
            "secret_key": site.secret_key,
            "public_key": site.public_key,
            "akismet_key": site.akismet_key,
        },
        "moderator_token": moderator.token,
        "admin_token": admin.token,
    }


def _find(database: Database, keyed: Keyed, base_url: str, path: Path, draft: Path) -> FirstSite:
    for candidate in (draft, path):
        credentials = _read(candidate)
        if credentials is None or not _opens(database, keyed, credentials):
            continue
        if candidate == draft or credentials.get("base_url") != base_url:
            credentials["base_url"] = base_url
            _write_whole(draft, credentials)
            _publish(draft, path)
        draft.unlink(missing_ok=True)
        return FirstSite(Keys.KEPT, path, credentials)
    draft.unlink(missing_ok=True)
    return FirstSite(Keys.LOST, path)


def _publish(draft: Path, path: Path) -> None:
    """Give the draft its name; a file with the keys of another site, as of an earlier database, is put aside."""
    old, new = _read(path), _read(draft)
    if path.exists() and (old or {}).get("site") != (new or {}).get("site"):
        path.replace(path.with_name(f"{FILE}.old"))
    draft.replace(path)


def _opens(database: Database, keyed: Keyed, credentials: Credentials) -> bool:
    """Tell whether any of the keys opens anything: someone may have replaced some of them since."""
    site = credentials.get("site")
    keys = [credentials.get("moderator_token"), credentials.get("admin_token")]
    keys += site.values() if isinstance(site, dict) else []
    with database.read() as session:
        return any(isinstance(key, str) and authenticate(session, keyed, key, utc_now()) for key in keys)


def _read(path: Path) -> Credentials | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write_whole(path: Path, credentials: Credentials) -> None:
    """Write the file anew and wait until the disk has it and its name; only its owner may read it."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(credentials, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(descriptor)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
