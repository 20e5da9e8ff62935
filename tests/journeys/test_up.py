"""`moderation up`, the real program: from an empty folder to a judged comment, and every way of ending it."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.journeys.program import STOP_SECONDS, up
from tests.processes import free_port, is_alive, wait_until

# Several starts of a dozen processes, on a machine that may run other tests.
pytestmark = pytest.mark.timeout(600)


def test_a_fresh_start_judges_a_comment_and_stops_cleanly(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with up(folder, free_port()) as one:
        one.wait_until_ready()
        site = one.credentials["site"]
        assert one.credentials["base_url"] == f"http://127.0.0.1:{one.port}"
        assert (folder / "credentials.json").stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700
        for word in (site["secret_key"], site["public_key"], site["akismet_key"], one.credentials["admin_token"]):
            assert word in one.printed
        assert {f"http://127.0.0.1:{one.port}{path}" for path in ("", "/docs", "/readyz", "/metrics")} <= set(
            one.printed.split()
        )

        comment = {"name": "Sara", "email": "sara@example.com", "body": "Well said.", "post_id": "8344"}
        status, accepted = one.call("POST", "/v1/comments", comment)
        assert status == 202
        path = f"/v1/comments/{accepted['id']}"
        wait_until(lambda: one.call("GET", path)[1]["status"] != "received", "the comment is judged")
        assert one.call("GET", path)[1]["verdict"]["signals"] is not None

        assert one.stop() == 0
        one.assert_nothing_is_left()


@pytest.mark.long
def test_a_second_start_goes_on_with_the_first_ones_keys(tmp_path: Path) -> None:
    with up(tmp_path / "var", free_port()) as one:
        one.wait_until_ready()
        keys = one.credentials
        assert one.stop(signal.SIGINT) == 0
    with up(tmp_path / "var", free_port()) as two:
        two.wait_until_ready()
        assert two.credentials == keys | {"base_url": f"http://127.0.0.1:{two.port}"}
        assert keys["site"]["secret_key"] not in two.printed
        assert keys["admin_token"] not in two.printed
        assert "credentials.json" in two.printed
        assert two.stop() == 0


def test_a_stop_during_the_start_is_a_clean_one(tmp_path: Path) -> None:
    with up(tmp_path / "var", free_port()) as one:
        wait_until((one.folder / "credentials.json").exists, "the first site is made")
        assert one.stop() == 0
        one.assert_nothing_is_left()
        assert one.printed == ""


@pytest.mark.long
def test_a_killed_up_takes_all_with_it_and_the_next_one_starts(tmp_path: Path) -> None:
    port = free_port()
    with up(tmp_path / "var", port) as killed:
        killed.wait_until_ready()
        killed.process.kill()
        # At once: what is still about to end must not be in the way.
        with up(tmp_path / "var", port) as following:
            following.wait_until_ready()
            wait_until(lambda: not any(map(is_alive, killed.descendants)), "all of the killed one's processes end")
            assert following.stop() == 0
            following.assert_nothing_is_left()


@pytest.mark.long
def test_whatever_is_killed_comes_back(tmp_path: Path) -> None:
    with up(tmp_path / "var", free_port()) as one:
        one.wait_until_ready()
        children = {child.pid for child in psutil.Process(one.process.pid).children()}
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, one.descendants)), "all processes are gone")

        def are_new() -> bool:
            now = {child.pid for child in psutil.Process(one.process.pid).children()}
            one.note_descendants()
            return len(now) == len(children) and not now & children

        wait_until(are_new, "each is started again")

        def answers() -> bool:
            try:
                return one.call("GET", "/readyz")[0] == 200
            except OSError:
                return False

        wait_until(answers, "all is well again")
        assert one.stop() == 0
        one.assert_nothing_is_left()


def test_a_second_up_on_the_same_folder_or_port_says_so(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    with up(tmp_path / "one" / "var", free_port()) as one:
        one.wait_until_ready()
        with up(tmp_path / "two" / "var", one.port) as same_port:
            assert same_port.process.wait(STOP_SECONDS) == 1
            assert f"listens on 127.0.0.1:{one.port} already" in same_port.errors.read_text()
        (tmp_path / "three" / "var").symlink_to(one.folder)
        with up(tmp_path / "three" / "var", free_port()) as same_folder:
            assert same_folder.process.wait(STOP_SECONDS) == 1
            assert f"(process {one.process.pid})" in same_folder.errors.read_text()
        assert one.call("GET", "/readyz")[0] == 200
        assert one.stop() == 0


def test_a_database_that_is_away_is_said_so(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody:hidden@127.0.0.1:{free_port()}/none"
    settings = {"MODERATION_DATABASE_URL": url, "MODERATION_SECRET_KEY": "x" * 32}
    with up(tmp_path / "var", free_port(), **settings) as one:
        assert one.process.wait(STOP_SECONDS) == 1
        assert "The database can't be prepared" in one.errors.read_text()
        assert "Traceback" not in one.errors.read_text()
        assert "hidden" not in one.errors.read_text()
        assert not (one.folder / "redis.sock").exists()


def test_a_wrong_setting_is_said_so(tmp_path: Path) -> None:
    with up(tmp_path / "var", free_port(), MODERATION_PROT="8080") as one:
        assert one.process.wait(STOP_SECONDS) == 2
        assert "MODERATION_PROT is no setting" in one.errors.read_text()
        assert not one.folder.exists()
