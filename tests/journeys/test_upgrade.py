"""An upgrade under load: today's processes meet a database of a shape before, and those of a release before today's."""

import contextlib
import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy.exc import OperationalError

from moderation.db import Database, make_engine
from moderation.migrations import _config, is_current
from tests.conftest import ROOT, Receiver
from tests.journeys.faults import python_path
from tests.journeys.load import assert_everything_once, load, wait_until_judged
from tests.journeys.program import Up, up
from tests.journeys.servers import postgres_cluster, python_module, redis
from tests.processes import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

PER_SECOND = 20
SECRET = "not-a-secret-but-long-enough-for-the-program"
# A release before, out of the history of this repository: before digests, quiet hours, controls and four migrations.
OLDER = "3de5753b56c813f88aaa9fafcf454eb437883626"
# Before forms and much else: today's processes can't write a comment of that shape.
BEFORE = "0004"


@pytest.fixture(params=["sqlite", "postgres"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Up, str]]:
    """Return the running program and its database."""
    settings = {
        "MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8",
        "MODERATION_SECRET_KEY": SECRET,
        "MODERATION_SWEEP_SECONDS": "1",
        "PYTHONPATH": python_path(),
    }
    if request.param == "sqlite":
        with running(tmp_path, settings) as one:
            yield one, f"sqlite:///{one.folder / 'moderation.db'}"
        return
    with (
        postgres_cluster(
            user="moderation", password="not-a-secret", database="moderation", port=free_port()
        ) as cluster,
        running(tmp_path, settings | {"MODERATION_DATABASE_URL": cluster.url}) as one,
    ):
        yield one, cluster.url


@contextlib.contextmanager
def running(tmp_path: Path, settings: dict[str, str]) -> Iterator[Up]:
    """Run the program until the end of the block, and find nothing left of it."""
    with up(tmp_path / "var", free_port(), **settings) as one:
        one.wait_until_ready()
        yield one
        assert one.stop() == 0
        one.assert_nothing_is_left()


def take_back(url: str) -> None:
    """Bring the database to the shape before, while others are at it."""
    database = Database(make_engine(url))

    def is_taken_back() -> bool:
        config = _config()
        try:
            with database.reshape() as session:
                config.attributes["connection"] = session.connection()
                command.downgrade(config, BEFORE)
        except OperationalError as error:
            # Others were in the way, as they may be.
            if getattr(error.orig, "sqlstate", None) != "40P01":
                raise
            return False
        return True

    wait_until(is_taken_back, "the shape of before is back")
    database.close()


def test_a_migration_under_load_loses_nothing(program: tuple[Up, str], receiver: Receiver) -> None:
    one, url = program
    one.listen(receiver.url)
    with load(one.port, one.credentials["site"]["secret_key"], PER_SECOND) as posting:
        posting.post_for(3)
        take_back(url)
        posting.post_for(5)
        done = subprocess.run(
            [*python_module("moderation"), "migrate"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=dict(one.environment),
        )
        assert done.returncode == 0, done.stderr
        posting.post_for(3)
    database = Database(make_engine(url))
    assert is_current(database)
    database.close()
    wait_until_judged(url, posting.ids())
    assert set(posting.answers) == {"202", "503"}
    assert not posting.without_retry_after
    assert_everything_once(url, receiver, posting.ids())


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Return a folder with the release before."""
    command = ["git", "-C", str(ROOT), "archive", OLDER, "moderation", "api", "workers"]
    archived = subprocess.run(command, check=False, capture_output=True)
    if archived.returncode != 0:
        pytest.skip("git: there is no history here, so no release before")
    folder = tmp_path / "older"
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_the_release_before_and_this_one_work_side_by_side(tmp_path: Path, older: Path, receiver: Receiver) -> None:
    """Both post, judge and deliver on one PostgreSQL and one Redis, before, during and after the migration."""
    port = free_port()
    with (
        postgres_cluster(
            user="moderation", password="not-a-secret", database="moderation", port=free_port()
        ) as cluster,
        redis(tmp_path / "redis", "--port", str(port), "--bind", "127.0.0.1", "--save", "", port=port),
    ):
        settings = {
            "MODERATION_DATABASE_URL": cluster.url,
            "MODERATION_REDIS_URL": f"redis://127.0.0.1:{port}/0",
            "MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8",
            "MODERATION_SECRET_KEY": SECRET,
            "MODERATION_SWEEP_SECONDS": "1",
        }
        (tmp_path / "before").mkdir()
        (tmp_path / "after").mkdir()
        with running(tmp_path / "before", settings | {"PYTHONPATH": str(older)}) as before:
            before.listen(receiver.url)
            key = before.credentials["site"]["secret_key"]
            with load(before.port, key, PER_SECOND) as posting:
                posting.post_for(3)
                # It migrates what it finds; the others are at work meanwhile.
                with running(tmp_path / "after", settings | {"PYTHONPATH": python_path()}) as after:
                    with load(after.port, key, PER_SECOND) as posting_too:
                        posting_too.post_for(6)
                    wait_until_judged(cluster.url, [*posting.ids(), *posting_too.ids()])
                    # What one took in the other shows.
                    assert before.call("GET", f"/v1/comments/{posting_too.ids()[0]}", key=key)[0] == 200
                    assert after.call("GET", f"/v1/comments/{posting.ids()[0]}", key=key)[0] == 200
                database = Database(make_engine(cluster.url))
                assert is_current(database)
                database.close()
                posting.post_for(2)
            ids = [*posting.ids(), *posting_too.ids()]
            wait_until_judged(cluster.url, ids)
            assert set(posting.answers) | set(posting_too.answers) <= {"202", "503"}
            assert not posting.without_retry_after
            assert_everything_once(cluster.url, receiver, ids)
