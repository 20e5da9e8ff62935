"""Commands: each says what it does, with an example, and answers wrong use in words."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from moderation.commands import COMMANDS, program
from moderation.endpoints import DEFAULT_EVENTS
from tests.commands import Done, run_command
from tests.conftest import ROOT


def _run(folder: Path, *arguments: str, **settings: str) -> Done:
    return run_command(*arguments, settings={"MODERATION_DATA_DIR": str(folder)} | settings)


def _all_commands() -> list[list[str]]:
    context = click.Context(program)
    found = []
    for name in COMMANDS:
        command = program.get_command(context, name)
        found.append([name])
        if isinstance(command, click.Group):
            found += [[name, sub] for sub in command.commands]
    return found


@pytest.mark.parametrize("command", _all_commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    result = CliRunner().invoke(program, [*command, "--help"])
    assert result.exit_code == 0
    assert "\n  Example" in result.output
    assert "\n    moderation " in result.output.replace("MODERATION_", "moderation ")


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["site", "add"], ["worker", "--queues", "x"], ["demo", "/no/file"]]
)
def test_wrong_use_exits_2(tmp_path: Path, arguments: list[str]) -> None:
    assert _run(tmp_path, *arguments).returncode == 2


def test_watching_queues_ends_quietly_with_ctrl_c(tmp_path: Path) -> None:
    assert _run(tmp_path, "migrate").returncode == 0
    # Who starts the tests in the background may have Ctrl-C ignored, and children inherit that.
    heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import moderation.__main__ as it"
    command = [sys.executable, "-c", f"{heeds}; it.main()", "queues", "--watch", "--over", "0.1"]
    environment = os.environ | {"MODERATION_DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        lines = [watching.stdout.readline().split()[0] for _ in range(6)]
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=60)
    assert lines == ["queue", "screen", "deliver"] * 2
    assert (watching.returncode, errors) == (0, "")


def test_a_wrong_setting_exits_2_and_says_which(tmp_path: Path) -> None:
    done = _run(tmp_path, "settings", MODERATION_PROT="1")
    assert done.returncode == 2
    assert done.stderr == "moderation: MODERATION_PROT is no setting; `moderation settings` lists them all.\n"


def test_a_set_up_is_made_from_the_command_line(tmp_path: Path) -> None:
    def run(*arguments: str) -> object:
        done = _run(tmp_path, *arguments, "--json", MODERATION_OUTBOUND_ALLOW="127.0.0.0/8")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first = _run(tmp_path, "site", "list")
    assert first.returncode == 1
    assert "moderation migrate" in first.stderr
    assert "Traceback" not in first.stderr
    assert _run(tmp_path, "migrate").stdout == "the database is up to date\n"
    assert _run(tmp_path, "migrate").stdout == "the database was up to date already\n"
    site = run("site", "add", "News", "--domain", "news.example.com")
    assert isinstance(site, dict)
    assert set(site) == {"id", "name", "domain", "secret_key", "public_key", "akismet_key"}
    listed = {"id": site["id"], "name": "News", "domain": "news.example.com", "tightened_until": None}
    assert run("site", "list") == [listed]
    shown = run("site", "show", "News")
    assert isinstance(shown, dict)
    assert shown.pop("created_at")
    assert shown == listed | {"tightens_in_floods": True, "tightened_at": None, "usual_in_ten_minutes": None}
    moderator = run("moderator", "add", "Night", "--site", "News")
    assert isinstance(moderator, dict)
    assert moderator["sites"] == [site["id"]]
    endpoint = run("endpoint", "add", "--site", "News", "--url", "http://127.0.0.1:1/", "--audience", "moderators")
    assert isinstance(endpoint, dict)
    assert endpoint["events"] == list(DEFAULT_EVENTS["moderators"])
    assert endpoint["secret"].startswith("whsec_")
    asked = ("--quiet-hours", "22:00-07:00 Asia/Tehran", "--burst", "5", "--languages", "fa,en", "--min-score", "3.5")
    changed = run("endpoint", "set", endpoint["id"], *asked)
    assert isinstance(changed, dict)
    assert changed["quiet_hours"] == {"from": "22:00", "to": "07:00", "zone": "Asia/Tehran"}
    assert (changed["burst"], changed["languages"], changed["min_score"]) == (5, ["fa", "en"], 3.5)
    changed = run("endpoint", "set", endpoint["id"], "--quiet-hours", "none", "--languages", "")
    assert isinstance(changed, dict)
    assert (changed["quiet_hours"], changed["languages"], changed["burst"]) == ({}, [], 5)
    keys = run("token", "list")
    assert isinstance(keys, list)
    assert sorted(key["kind"] for key in keys) == ["akismet", "moderator", "public", "site"]
    rotated = run("token", "rotate", keys[0]["id"], "--overlap-hours", "1")
    assert isinstance(rotated, dict)
    assert rotated["kind"] == keys[0]["kind"]
    assert _run(tmp_path, "token", "revoke", rotated["id"]).returncode == 0
    assert _run(tmp_path, "token", "revoke", rotated["id"]).returncode == 1
    queues = run("queues", "--over", "0")
    assert isinstance(queues, list)
    assert [(row["queue"], row["owed"], row["messages"]) for row in queues] == [
        ("screen", 0, None),
        ("deliver", 0, None),
    ]
    assert _run(tmp_path, "endpoint", "remove", endpoint["id"]).returncode == 0
    assert run("endpoint", "list") == []


def test_an_endpoint_is_tried_out_and_dead_letters_are_replayed_from_the_command_line(tmp_path: Path) -> None:
    def run(*arguments: str) -> object:
        done = _run(tmp_path, *arguments, "--json", MODERATION_OUTBOUND_ALLOW="127.0.0.0/8")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    _run(tmp_path, "migrate")
    run("site", "add", "News")
    endpoint = run("endpoint", "add", "--site", "News", "--url", "http://127.0.0.1:1/")
    assert isinstance(endpoint, dict)
    rotated = run("endpoint", "rotate", endpoint["id"])
    assert isinstance(rotated, dict)
    assert rotated == endpoint | {"secret": rotated["secret"]}
    assert rotated["secret"] != endpoint["secret"]
    sample = run("endpoint", "test", endpoint["id"])
    assert isinstance(sample, dict)
    shown = run("deadletters", "show", sample["delivery"])
    assert isinstance(shown, dict)
    assert (shown["event"], shown["state"], shown["log"]) == ("endpoint.test", "pending", [])
    assert run("deadletters", "list", "--site", "News") == []
    assert run("deadletters", "replay", "--all", "--endpoint", endpoint["id"]) == {"replayed": 0}
    assert run("deadletters", "replay", sample["delivery"]) == {"replayed": 0}
    assert _run(tmp_path, "deadletters", "replay").returncode == 2
    assert _run(tmp_path, "deadletters", "list", "--since", "soon").returncode == 2
    assert _run(tmp_path, "deadletters", "show", "dl_1").returncode == 1


def test_an_endpoint_at_a_private_address_is_refused_in_words(tmp_path: Path) -> None:
    _run(tmp_path, "migrate")
    _run(tmp_path, "site", "add", "News")
    done = _run(tmp_path, "endpoint", "add", "--site", "News", "--url", "http://127.0.0.1:1/")
    assert done.returncode == 2
    assert "127.0.0.1 is not a public address" in done.stderr


def test_the_doctor_hints_at_a_proxy_that_nobody_named(tmp_path: Path) -> None:
    for more, is_said in (
        ({"MODERATION_BASE_URL": "https://moderation.example.com"}, True),
        ({"MODERATION_BASE_URL": "https://a.example.com", "MODERATION_TRUSTED_PROXIES": "10.0.0.1"}, False),
        ({"MODERATION_BASE_URL": "http://moderation.example.com"}, False),
    ):
        done = _run(tmp_path, "doctor", **more)
        assert ("MODERATION_TRUSTED_PROXIES names it" in done.stdout) is is_said, done.stdout


def test_the_doctor_says_what_to_mend(tmp_path: Path) -> None:
    done = _run(tmp_path, "doctor")
    assert done.returncode == 1
    assert "BAD  migrations: steps are missing: run `moderation migrate`" in done.stdout
    assert "     Start Redis (`moderation up` starts its own), or correct MODERATION_REDIS_URL." in done.stdout
    assert "Traceback" not in done.stderr
