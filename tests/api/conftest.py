"""What tests of the API stand on: a service on SQLite, and one on each database where the database matters."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.db import Database, make_engine
from moderation.migrations import migrate
from tests.api.service import Service, running


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty, migrated SQLite database to copy: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "moderation.db"
    database = Database(make_engine(f"sqlite:///{path}"))
    migrate(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """Return the URL of a fresh, migrated SQLite database."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'api.db')}"


@pytest.fixture
def service(sqlite_url: str) -> Iterator[Service]:
    """Return a service on SQLite."""
    with running(sqlite_url) as started:
        yield started


@pytest.fixture(scope="session")
def lasting_service(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service on SQLite that tests share: for tables of what is refused, which leaves nothing behind."""
    path = shutil.copy(migrated_file, tmp_path_factory.mktemp("lasting") / "api.db")
    with running(f"sqlite:///{path}") as started:
        yield started


@pytest.fixture
def each_service(database_url: str) -> Iterator[Service]:
    """Return a service, once on SQLite and once on PostgreSQL."""
    with running(database_url) as started:
        yield started
