"""What `sh deploy/secrets/make.sh` makes: the secrets of the production set, each in a file."""

import stat
import subprocess
from pathlib import Path

import pytest

from moderation.settings import PREFIX, Settings
from tests.conftest import ROOT
from tests.journeys.compose import read_compose


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with nothing but the script in it."""
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    (folder / "make.sh").write_bytes((ROOT / "deploy/secrets/make.sh").read_bytes())
    return folder


def make(folder: Path) -> dict[str, str]:
    """Run the script and return what it made."""
    subprocess.run(["sh", "make.sh"], cwd=folder, check=True, capture_output=True, timeout=60)
    return {one.name: one.read_text().strip() for one in folder.iterdir() if one.name != "make.sh"}


def test_they_are_the_files_that_the_services_are_given(folder: Path) -> None:
    wanted = {Path(secret["file"]) for secret in read_compose()["secrets"].values()}
    assert {Path("deploy/secrets") / name for name in make(folder)} == wanted


def test_they_fit_each_other_and_the_settings(folder: Path) -> None:
    made = make(folder)
    assert f":{made['postgres_password']}@" in made["database_url"]
    assert f":{made['redis.conf'].removeprefix('requirepass ')}@" in made["redis_url"]
    names = ("secret_key", "database_url", "redis_url")
    settings = Settings.from_environment({f"{PREFIX}{name.upper()}_FILE": str(folder / name) for name in names})
    assert settings.secret() == made["secret_key"]


def test_no_two_installations_have_the_same_ones(folder: Path) -> None:
    first = make(folder)
    for name in first:
        (folder / name).unlink()
    second = make(folder)
    assert all(first[name] != second[name] for name in first)


def test_those_that_exist_are_kept(folder: Path) -> None:
    first = make(folder)
    assert make(folder) == first


def test_only_their_owner_reaches_them_on_this_machine_and_any_user_in_a_container(folder: Path) -> None:
    made = make(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in made} == {0o444}


def test_git_ignores_them() -> None:
    rules = (ROOT / "deploy/secrets/.gitignore").read_text().splitlines()
    assert [rule for rule in rules if not rule.startswith("#")] == ["*", "!.gitignore", "!make.sh"]
