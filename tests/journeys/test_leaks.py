"""No email, text, address or token in a log line, nor in an answer that says no, whatever goes wrong."""

import json
import subprocess
import sys

from tests.conftest import ROOT


def test_a_bad_day_tells_nobodys_secrets(database_url: str) -> None:
    command = [sys.executable, "-m", "tests.journeys.a_day", database_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    said, _, secrets = done.stdout.partition("secrets:\n")
    lines = done.stderr.splitlines()
    assert {json.loads(line)["level"] for line in lines} >= {"debug", "info", "error"}
    for status in (400, 401, 403, 409, 422, 500):
        assert f"\n{status} " in f"\n{said}", status
    assert [line for line in lines if "task quote failed: ValueError at " in line]
    for secret in secrets.split("\n"):
        if secret:
            told = [line[:600] for line in [*said.splitlines(), *lines] if secret in line]
            assert told == [], secret
