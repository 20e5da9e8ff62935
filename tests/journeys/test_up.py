"""`moderation up`, the real program: from an empty folder to a judged comment, and every way of ending it."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import free_port, is_alive, wait_until

# Several starts of a dozen processes, on a machine that may run other tests.
pytestmark = pytest.mark.timeout(600)
STOP_SECONDS = 120


@dataclass
class Up:
    """One `moderation up` and where it is."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    port: int
    output: Path
    errors: Path
    # Of all processes it was ever seen to have: they may outlive it.
    descendants: set[int] = field(default_factory=set)

    @property
    def printed(self) -> str:
        """Return what it printed so far."""
        return self.output.read_text()

    @property
    def credentials(self) -> dict[str, Any]:
        """Return what it wrote down."""
        content: dict[str, Any] = json.loads((self.folder / "credentials.json").read_text())
        return content

    def note_descendants(self) -> set[int]:
        """Return the processes it has, the processes of these, and so on."""
        found = {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}
        self.descendants |= found
        return found

    def wait_until_ready(self) -> None:
        """Wait for its last line; fail with its log when it ends instead."""

        def is_ready() -> bool:
            if self.process.poll() is not None:
                pytest.fail(f"it ended with {self.process.returncode}: {self.errors.read_text()[-5000:]}")
            return self.printed.endswith("\nready\n")

        wait_until(is_ready, "it is ready", seconds=240)
        self.note_descendants()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        self.note_descendants()
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Call the API with the secret key of the first site."""
        key = self.credentials["site"]["secret_key"]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def assert_nothing_is_left(self) -> None:
        """Find no process and no socket of it."""
        wait_until(lambda: not any(map(is_alive, self.descendants)), "all its processes end", seconds=STOP_SECONDS)
        assert not (self.folder / "redis.sock").exists()


@contextmanager
def up(folder: Path, port: int, **settings: str) -> Iterator[Up]:
    """Start `moderation up` in a folder that holds nothing of ours; end it with all it started at last."""
    place = folder.parent / "elsewhere"
    # A website's own folder may have names like ours in it.
    for name in ("api", "workers", "moderation"):
        (place / name).mkdir(parents=True, exist_ok=True)
    environment: Mapping[str, str] = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MODERATION_")},
        "MODERATION_DATA_DIR": str(folder),
        "MODERATION_PORT": str(port),
        **settings,
    }
    output, errors = folder.parent / "output", folder.parent / "errors"
    with output.open("wb") as out, errors.open("wb") as err:
        command = [sys.executable, "-P", "-m", "moderation", "up"]
        process = subprocess.Popen(command, env=environment, cwd=place, stdout=out, stderr=err)
    one = Up(process, folder, port, output, errors)
    with process:
        try:
            yield one
        finally:
            process.kill()
            for pid in one.descendants:
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)


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
