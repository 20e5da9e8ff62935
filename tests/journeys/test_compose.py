"""The production set: docker-compose.yml is held against its specification, and its services run as it says."""

import contextlib
import importlib.resources
import json
import re
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

import jsonschema
import pytest
import standardwebhooks
import svix.webhooks
import urllib3

from moderation.celery_config import celery_config
from moderation.commands import COMMANDS
from moderation.settings import PREFIX, Settings
from tests.conftest import Receiver
from tests.journeys.compose import FILE, Document, Machine, interpolate, read_compose
from tests.journeys.servers import Running
from tests.processes import wait_until

OURS = ("migrate", "api", "worker-screen", "worker-deliver", "beat")
OTHERS = ("postgres", "redis")
# For those who want to look at Celery.
OPS = ("flower", "celery-exporter")
LASTING = tuple(name for name in (*OTHERS, *OPS, *OURS) if name != "migrate")
SETTINGS = {f"{PREFIX}{setting.name.upper()}": setting for setting in fields(Settings)}
# What has no place there: the embedded set's folder, and a second broker beside Redis.
NOT_PASSED_ON = {"MODERATION_DATA_DIR", "MODERATION_BROKER_URL"}
# The image has not the packages for it.
NOT_PASSED_ON |= {"MODERATION_TRACES", "MODERATION_APPRISE_URLS"}
# PostgreSQL is asked without anything between, and has no replica.
NOT_PASSED_ON |= {"MODERATION_DATABASE_POOLER", "MODERATION_DATABASE_READ_URL"}
# For the days in which the key is replaced, likewise in a file of the operator's own.
NOT_PASSED_ON |= {"MODERATION_SECRET_KEY_PREVIOUS"}
# Only the worker that asks services outside needs these, in a file of the operator's own (docs/operations.md).
NOT_PASSED_ON |= {
    f"MODERATION_{name}"
    for name in (
        "AKISMET_KEY",
        "AKISMET_URL",
        "STOP_FORUM_SPAM_URL",
        "CHECK_URL",
        "CHECK_SECRET",
        "SMTP_URL",
        "SMTP_FROM",
        "OPINION_URL",
        "OPINION_KEY",
        "OPINION_MODEL",
        "REMOTE_TIMEOUT",
        "OPINION_TIMEOUT",
        "REMOTE_BUDGET",
    )
}

# Of the process that forks those that judge.
PARENT_MEGABYTES = 200

COMMENT = {"name": "Sara", "email": "sara@example.org", "body": "A calm and friendly word.", "post_id": "8344"}


@pytest.fixture(scope="module")
def document() -> Document:
    """Return the file, with the defaults of its variables."""
    found: Document = interpolate(read_compose(), {})
    return found


@pytest.fixture(scope="module")
def schema() -> Document:
    """Return the JSON schema of the compose specification, which the package check-jsonschema carries."""
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    found: Document = json.loads((folder / "compose-spec.json").read_text(encoding="utf-8"))
    return found


def seconds(text: str) -> int:
    """Read a span as compose writes it."""
    number, unit = text[:-1], text[-1]
    return int(number) * {"s": 1, "m": 60}[unit]


def megabytes(text: str) -> int:
    """Read a size as compose writes it."""
    return int(text[:-1]) * {"m": 1, "g": 1024}[text[-1]]


def test_the_file_follows_the_compose_specification(document: Document, schema: Document) -> None:
    for one in (document, read_compose()):
        jsonschema.Draft202012Validator(schema).validate(one)


def test_a_mistyped_key_would_be_noticed(document: Document, schema: Document) -> None:
    mistyped = {**document, "services": {"api": {**document["services"]["api"], "restrat": "always"}}}
    assert not jsonschema.Draft202012Validator(schema).is_valid(mistyped)


def test_the_services_are_those_that_are_documented(document: Document) -> None:
    assert set(document["services"]) == {*OTHERS, *OPS, *OURS}
    assert {name for name, service in document["services"].items() if service.get("profiles") == ["ops"]} == {*OPS}


@pytest.mark.parametrize("name", [*OTHERS, *OPS, *OURS])
def test_a_service_has_no_more_rights_than_it_needs(document: Document, name: str) -> None:
    service = document["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"].split(":")[0] not in {"", "0", "root"}
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & set(service)


@pytest.mark.parametrize("name", [*OTHERS, *OPS, *OURS])
def test_a_service_can_not_take_the_whole_machine(document: Document, name: str) -> None:
    assert document["services"][name]["pids_limit"] == 1024
    assert 256 <= megabytes(document["services"][name]["mem_limit"]) <= 2048


def test_a_worker_has_memory_for_processes_that_are_about_to_be_replaced(document: Document) -> None:
    each = celery_config("redis://localhost")["worker_max_memory_per_child"] / 1024
    room = megabytes(document["services"]["worker-screen"]["mem_limit"])
    assert room > each * Settings().screen_processes + PARENT_MEGABYTES


@pytest.mark.parametrize("name", [*OTHERS, *OPS, *OURS])
def test_a_service_can_not_fill_the_disk_with_its_log(document: Document, name: str) -> None:
    logging = document["services"][name]["logging"]
    assert logging["driver"] == "json-file"
    assert set(logging["options"]) == {"max-size", "max-file"}


@pytest.mark.parametrize("name", LASTING)
def test_a_service_that_dies_is_started_again_and_one_that_is_ill_is_seen(document: Document, name: str) -> None:
    service = document["services"][name]
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert seconds(check["timeout"]) <= seconds(check["interval"])


def test_the_migration_runs_once_and_all_others_of_ours_wait_for_it(document: Document) -> None:
    assert document["services"]["migrate"]["restart"] == "no"
    for name in set(OURS) - {"migrate"}:
        wishes = document["services"][name]["depends_on"]
        assert wishes["migrate"] == {"condition": "service_completed_successfully"}
        assert wishes["postgres"] == wishes["redis"] == {"condition": "service_healthy"}


def test_only_the_api_is_published_and_only_to_this_machine_by_default(document: Document) -> None:
    published = {name: service["ports"] for name, service in document["services"].items() if "ports" in service}
    ops = {"flower": ["127.0.0.1:5555:5555"], "celery-exporter": ["127.0.0.1:9808:9808"]}
    assert published == {"api": ["127.0.0.1:8000:8000"]} | ops


def test_the_database_and_redis_are_reached_by_our_services_only(document: Document) -> None:
    assert document["networks"]["inside"]["internal"] is True
    for name in OTHERS:
        assert document["services"][name]["networks"] == ["inside"]
    outward = {name for name, service in document["services"].items() if "outside" in service["networks"]}
    # Those who only look are published, for which compose wants a network that leads out.
    assert outward == {"api", "worker-deliver", *OPS}


@pytest.mark.parametrize("name", OTHERS)
def test_the_images_of_others_are_pinned_to_a_major_version(document: Document, name: str) -> None:
    assert re.fullmatch(r"[a-z]+:\d+", document["services"][name]["image"])


@pytest.mark.parametrize("name", OPS)
def test_the_images_of_those_who_look_are_pinned(document: Document, name: str) -> None:
    assert re.fullmatch(r"[a-z]+/[a-z-]+:\d+\.\d+(\.\d+)?", document["services"][name]["image"])


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_the_image_of_this_checkout_with_commands_that_exist(document: Document, name: str) -> None:
    service = document["services"][name]
    assert service["build"] == "."
    assert service["image"] == document["services"]["api"]["image"]
    assert "entrypoint" not in service
    assert service["command"][0] in COMMANDS


@pytest.mark.parametrize("name", OURS)
def test_every_setting_that_is_passed_on_exists_and_every_other_one_is_passed_on(document: Document, name: str) -> None:
    environment = document["services"][name]["environment"]
    passed_on = {variable.removesuffix("_FILE") for variable in environment}
    of_the_api = {"MODERATION_HOST", "MODERATION_PORT"}
    expected = set(SETTINGS) - NOT_PASSED_ON - (set() if name == "api" else of_the_api)
    assert passed_on == expected


@pytest.mark.parametrize("name", [*OTHERS, *OPS, *OURS])
def test_secrets_come_from_files_that_are_granted_to_the_service(document: Document, name: str) -> None:
    service = document["services"][name]
    for variable, value in service.get("environment", {}).items():
        is_secret = "PASSWORD" in variable or (
            variable.removesuffix("_FILE") in SETTINGS
            and SETTINGS[variable.removesuffix("_FILE")].metadata["is_secret"]
        )
        assert variable.endswith("_FILE") or not is_secret
        if variable.endswith("_FILE"):
            assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert set(service["secrets"]) <= set(document["secrets"])


def test_no_password_stands_in_the_file() -> None:
    text = FILE.read_text()
    assert not re.search(r"://[^/\s]*:[^/\s]*@", text)
    assert not re.search(r"(?i)(password|secret_key|requirepass)\w*[:=] *[\"']?\w{6,}", text.replace("_FILE: ", ""))


def test_a_worker_has_time_to_finish_what_it_began(document: Document) -> None:
    longest_task = Settings().celery()["task_time_limit"]
    for name in ("worker-screen", "worker-deliver"):
        assert seconds(document["services"][name]["stop_grace_period"]) > longest_task


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with the set on it, not started yet, that may send webhooks to loopback."""
    made = Machine(tmp_path, {"MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8"})
    made.make_secrets()
    return made


@contextlib.contextmanager
def the_set(machine: Machine) -> Iterator[dict[str, Running]]:
    """Start all services in the order that they ask for; what a test leaves running is killed."""
    started: dict[str, Running] = {}
    with contextlib.ExitStack() as stack:
        for name in machine.start_order():
            machine.wait_for_dependencies(name, started)
            started[name] = stack.enter_context(machine.running(name))
        yield started


class Client:
    """Posts and reads comments as a website does."""

    def __init__(self, base_url: str, key: str) -> None:
        self.pool = urllib3.PoolManager(retries=False)
        self.base_url = base_url
        self.headers = {"Authorization": f"Bearer {key}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.clear()

    def post(self, comment: dict[str, str]) -> dict[str, Any]:
        """Hand a comment over and return what the service says to it."""
        answer = self.pool.request("POST", f"{self.base_url}/v1/comments", json=comment, headers=self.headers)
        assert answer.status == 202, answer.data
        return dict(answer.json())

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of the answer."""
        answer = self.pool.request("GET", f"{self.base_url}{path}", headers=self.headers)
        return answer.status, answer.json()


@pytest.mark.timeout(300)
def test_a_comment_goes_through_the_set_as_the_file_starts_it(machine: Machine, receiver: Receiver) -> None:
    with the_set(machine) as started:
        for name in started:
            if name in LASTING:
                machine.wait_until_healthy(name)

        site = machine.execute("api", "site", "add", "Daily News")
        machine.execute("api", "moderator", "add", "Night shift", "--site", site["id"])
        endpoint = machine.execute("api", "endpoint", "add", "--site", site["id"], "--url", receiver.url)
        with Client(machine.environment_of("api")["MODERATION_BASE_URL"], site["secret_key"]) as client:
            posted = client.post(COMMENT)
            wait_until(
                lambda: client.get(f"/v1/comments/{posted['id']}")[1]["status"] != "received", "the comment was judged"
            )
            _, comment = client.get(f"/v1/comments/{posted['id']}")
            assert comment["verdict"]["signals"] is not None
            assert client.get("/readyz")[0] == 200

        webhook = receiver.wait_for(1)[0]
        for library in (standardwebhooks.Webhook, svix.webhooks.Webhook):
            library(endpoint["secret"]).verify(webhook.body, webhook.headers)
        message = json.loads(webhook.body)
        assert message["type"] == f"comment.{comment['status']}"
        assert message["data"]["comment"]["id"] == posted["id"]

        # What an operator looks at finds nothing to complain about.
        assert [row["queue"] for row in machine.execute("api", "queues")] == ["screen", "deliver"]
        assert all(part["is_well"] for part in machine.execute("api", "doctor"))

        stop_in_order(machine, started)
        assert_logs_are_lines_without_secrets(machine, started)
    assert list(machine.working.iterdir()) == []


def stop_in_order(machine: Machine, started: dict[str, Running]) -> None:
    """Stop the services as compose does: each before those that it depends on."""
    for name in reversed(machine.start_order()):
        assert started[name].stop() == 0, f"{name}: {started[name].said()[-3000:]}"
        deadline = time.monotonic() + 10
        while started[name].left_behind() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert started[name].left_behind() == []
        # A check that can't fail is none. The beat's is a matter of time: sweeps have to be missed first.
        if name not in {"migrate", "beat"}:
            assert machine.check_health(name).returncode != 0


def assert_logs_are_lines_without_secrets(machine: Machine, started: dict[str, Running]) -> None:
    """Look at every line that our services logged."""
    secrets = [
        machine.folder.joinpath("deploy/secrets", name).read_text() for name in ("secret_key", "postgres_password")
    ]
    secrets.append(machine.folder.joinpath("deploy/secrets/redis.conf").read_text().split()[1])
    for name in set(OURS) - {"migrate"}:
        said = started[name].said()
        for line in said.splitlines():
            # Celery's own last words, on standard output, are the exception.
            assert line in {"", "worker: Warm shutdown (MainProcess)"} or json.loads(line)["process"]
        assert not [secret for secret in (*secrets, COMMENT["email"]) if secret in said]


def test_without_its_secrets_a_service_says_which_file_it_misses(machine: Machine) -> None:
    missing = Path(machine.environment_of("migrate")["MODERATION_SECRET_KEY_FILE"])
    missing.unlink()
    with machine.running("migrate") as service:
        assert service.process.wait(60) == 2
        assert str(missing) in service.said()
