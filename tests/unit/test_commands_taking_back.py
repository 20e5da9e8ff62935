"""The commands that take back: a site's model, and what is kept of an author."""

import json
from pathlib import Path

import pytest

from moderation.db import Database
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.learning.site_model import SiteModel
from moderation.migrations import migrate
from moderation.settings import Settings
from moderation.site_models import store
from moderation.sites import add_site
from moderation.submission import read_submission
from tests.commands import Done, run_command
from tests.conftest import SECRET, StoppedClock


@pytest.fixture
def folder(tmp_path: Path, clock: StoppedClock) -> Path:
    """Return the folder of a site with two versions of a model and a comment."""
    database, keyed = Database.of(Settings(data_dir=tmp_path)), Keyed(SECRET)
    migrate(database)
    with database.write() as session:
        site = add_site(session, keyed, "News", None, clock())
        for version in (1, 2):
            store(session, site.id, version, SiteModel.empty(), base="shipped", now=clock())
    sent = {"name": "Sara", "email": "sara@example.com", "body": "Well said.", "post_id": "1"}
    accept(database, keyed, site.id, [read_submission(sent)], clock(), shape=lambda ids: {"id": ids[0]})
    database.close()
    return tmp_path


def _run(folder: Path, *arguments: str, typed: str = "") -> Done:
    settings = {"MODERATION_DATA_DIR": str(folder), "MODERATION_SECRET_KEY": SECRET}
    return run_command(*arguments, settings=settings, typed=typed)


def _listed(folder: Path) -> tuple[bool, list[tuple[int, int | None]]]:
    history = json.loads(_run(folder, "model", "list", "--site", "News", "--json").stdout)
    return history["is_learning"], [(one["version"], one["copy_of"]) for one in history["versions"]]


def test_a_model_is_rolled_back_resumed_and_forgotten(folder: Path) -> None:
    done = _run(folder, "model", "rollback", "--site", "News", "--to", "1")
    assert done.stdout == "News: version 1 is in use as version 3, and stays until you resume learning.\n"
    told = json.loads(done.stderr)
    assert (told["event"], told["version"], told["copy_of"], told["process"]) == ("model rolled back", 3, 1, "command")
    assert _listed(folder) == (False, [(3, 1), (2, None), (1, None)])
    assert "in use, version 1 again" in _run(folder, "model", "list", "--site", "News").stdout
    assert _run(folder, "model", "resume", "--site", "News").returncode == 0
    assert _listed(folder)[0]
    assert _run(folder, "model", "freeze", "--site", "News").returncode == 0
    assert not _listed(folder)[0]
    assert _run(folder, "model", "forget", "--site", "News", typed="n\n").returncode == 1
    assert len(_listed(folder)[1]) == 3
    assert _run(folder, "model", "forget", "--site", "News", "--yes").returncode == 0
    assert _listed(folder) == (True, [(4, None)])


def test_a_version_that_is_not_kept_is_said_to_be_missing(folder: Path) -> None:
    done = _run(folder, "model", "rollback", "--site", "News", "--to", "9")
    assert (done.returncode, done.stderr) == (
        1,
        "moderation: no version 9 of this site's model is kept; there are: 2, 1\n",
    )


def test_an_author_is_exported_and_erased(folder: Path) -> None:
    exported = json.loads(_run(folder, "privacy", "export", "--email", "Sara@Example.com").stdout)
    assert [one["body"] for one in exported["comments"]] == ["Well said."]
    assert _run(folder, "privacy", "erase", typed="sara@example.com\nn\n").returncode == 1
    asked = _run(folder, "privacy", "erase", "--site", "News", typed="sara@example.com\ny\n")
    assert "Erase 1 comment on 1 site for good?" in asked.stderr
    assert "erased 1 comment on 1 site\n" in asked.stdout
    assert "sara" not in asked.stderr
    again = _run(folder, "privacy", "erase", "--email", "sara@example.com", "--yes", "--json")
    assert json.loads(again.stdout) == {"comments": 0, "sites": {}}


def test_what_is_no_address_is_used_wrongly(folder: Path) -> None:
    assert _run(folder, "privacy", "export", "--email", "nobody").returncode == 2
