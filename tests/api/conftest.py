"""What tests of the API stand on: a service on SQLite, and one on each database where the database matters."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.service import Service, running


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the URL of a fresh, migrated SQLite database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'api.db')}"


@pytest.fixture
def service(sqlite_url: str) -> Iterator[Service]:
    """Return a service on SQLite."""
    with running(sqlite_url) as started:
        yield started


@pytest.fixture(scope="session")
def lasting_service(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service on SQLite that tests share: for tables of what is refused, which leaves nothing behind."""
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("lasting") / "api.db")
    with running(f"sqlite:///{path}") as started:
        yield started


@pytest.fixture
def each_service(database_url: str) -> Iterator[Service]:
    """Return a service, once on SQLite and once on PostgreSQL."""
    with running(database_url) as started:
        yield started
