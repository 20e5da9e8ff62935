"""The real program as tests start it: `moderation up` in a folder of its own, and ways to look at it and end it."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import is_alive, wait_until

STOP_SECONDS = 120


@dataclass
class Up:
    """One `moderation up` and where it is."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    port: int
    output: Path
    errors: Path
    environment: Mapping[str, str]
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

    def call(self, method: str, path: str, body: object = None, *, key: str | None = None) -> tuple[int, Any]:
        """Call the API, with the secret key of the first site where no other is given."""
        key = key or self.credentials["site"]["secret_key"]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def post(self, body: str, **fields: object) -> str:
        """Post a comment; return its id."""
        comment = {"name": "Sara", "email": "sara@example.com", "body": body, "post_id": "8344"} | fields
        status, accepted = self.call("POST", "/v1/comments", comment)
        assert status == 202, accepted
        return str(accepted["id"])

    def comment(self, comment_id: str) -> dict[str, Any]:
        """Return a comment as the website reads it."""
        comment: dict[str, Any] = self.call("GET", f"/v1/comments/{comment_id}")[1]
        return comment

    def wait_until_judged(self, *ids: str) -> None:
        """Wait until none of the comments waits any more."""
        for comment_id in ids:
            wait_until(lambda one=comment_id: self.comment(one)["status"] != "received", f"{comment_id} is judged")

    def listen(self, url: str) -> dict[str, Any]:
        """Have all events sent there; return the endpoint."""
        token = self.credentials["moderator_token"]
        status, endpoint = self.call("POST", "/v1/endpoints", {"url": url}, key=token)
        assert status == 201, endpoint
        return dict(endpoint)

    def child(self, *words: str) -> list[psutil.Process]:
        """Return its processes whose command line has all these words, parents first."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in found if _has_words(one, words)]

    def assert_nothing_is_left(self) -> None:
        """Find no process and no socket of it."""
        wait_until(lambda: not any(map(is_alive, self.descendants)), "all its processes end", seconds=STOP_SECONDS)
        assert not (self.folder / "redis.sock").exists()


def _has_words(process: psutil.Process, words: Sequence[str]) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        # It has just ended.
        return False
    return all(any(word in part for part in line) for word in words)


@contextmanager
def up(
    folder: Path, port: int, *, behind: Sequence[str] = (), python: str = sys.executable, **settings: str
) -> Iterator[Up]:
    """Start `moderation up` in a folder that holds nothing of ours; end it with all it started at last.

    `behind` is a command that the program is put behind, and that becomes it; `python` is what runs it.
    """
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
        command = [*behind, python, "-P", "-m", "moderation", "up"]
        process = subprocess.Popen(command, env=environment, cwd=place, stdout=out, stderr=err)
    one = Up(process, folder, port, output, errors, environment)
    with process:
        try:
            yield one
        finally:
            process.kill()
            for pid in one.descendants:
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)
