"""Reads docker-compose.yml and runs its services as plain processes, for machines that have no container engine.

Each service gets its own command, its own environment and the secrets that were granted to it, and nothing else. Only
what the network of the containers would translate is translated: names of hosts and their ports, and the folder of the
secrets.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.journeys import servers
from tests.journeys.servers import Running
from tests.processes import free_port, wait_until

FILE = ROOT / "docker-compose.yml"
# What listens inside the containers.
_PORTS = {"postgres": 5432, "redis": 6379, "api": 8000}
_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\})")

Document = dict[str, Any]


def read_compose(text: str | None = None) -> Document:
    """Return the file as YAML, with its anchors and merges worked out and its variables as they are."""
    document: Document = yaml.safe_load(FILE.read_text() if text is None else text)
    return document


def interpolate(value: Any, variables: Mapping[str, str]) -> Any:
    """Put in the variables as compose does, in the two forms that the file uses: `${NAME:-default}` and `$$`."""
    if isinstance(value, dict):
        return {key: interpolate(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [interpolate(one, variables) for one in value]
    if not isinstance(value, str):
        return value
    assert "$" not in _VARIABLE.sub("", value), f"a form of variable that is not known here: {value}"
    return _VARIABLE.sub(
        lambda found: "$" if found["dollar"] else variables.get(found["name"]) or found["default"], value
    )


class Machine:
    """A machine with the set on it. `variables` is what its `.env` says.

    `behind` is a command that the program of ours is put behind, in whatever service, and that becomes it.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str], behind: Sequence[str] = ()) -> None:
        self.behind = behind
        self.folder = folder
        self.variables = variables
        self.document: Document = interpolate(read_compose(), variables)
        # Those of a profile are started by those who ask for it, and are other people's programs.
        self.services: dict[str, Document] = {
            name: service for name, service in self.document["services"].items() if "profiles" not in service
        }
        self.ports = {name: free_port() for name in _PORTS}
        self.working = folder / "srv"
        self.working.mkdir()

    def make_secrets(self) -> None:
        """Make the secrets with the command that the file names, and grant each service its own."""
        script = self.folder / "deploy/secrets/make.sh"
        script.parent.mkdir(parents=True)
        script.write_bytes((ROOT / "deploy/secrets/make.sh").read_bytes())
        subprocess.run(["sh", str(script)], check=True, capture_output=True, timeout=60)
        for name, service in self.services.items():
            granted = self._secrets_of(name)
            granted.mkdir(parents=True)
            for secret in service["secrets"]:
                made = self.folder / self.document["secrets"][secret]["file"]
                (granted / secret).write_text(self._localize(made.read_text(), name))

    def start_order(self) -> list[str]:
        """Return the names of the services, each after those that it depends on."""
        order: list[str] = []
        while len(order) < len(self.services):
            ready = [
                name
                for name, service in self.services.items()
                if name not in order and set(service.get("depends_on", ())) <= set(order)
            ]
            assert ready, "services depend on each other in a circle"
            order += ready
        return order

    @contextlib.contextmanager
    def running(self, name: str) -> Iterator[Running]:
        """Start a service once those that it depends on are as it asks."""
        environment = self.environment_of(name)
        if name == "postgres":
            secret = Path(environment["POSTGRES_PASSWORD_FILE"]).read_text()
            user, database = environment["POSTGRES_USER"], environment["POSTGRES_DB"]
            with servers.postgres(user=user, password=secret, database=database, port=self.ports[name]) as server:
                yield server
        elif name == "redis":
            program, *arguments = self._command_of(name)
            assert program == "redis-server"
            with servers.redis(self.folder / "redis", *arguments, port=self.ports[name]) as server:
                yield server
        else:
            command = [*self.behind, *servers.python_module("moderation"), *self._command_of(name)]
            with servers.running(name, command, self.folder, environment=environment, cwd=self.working) as service:
                yield service

    def wait_for_dependencies(self, name: str, started: Mapping[str, Running]) -> None:
        """Wait until each service that this one depends on is as it asks."""
        for other, wish in self.services[name].get("depends_on", {}).items():
            if wish["condition"] == "service_completed_successfully":
                code = started[other].process.wait(120)
                assert code == 0, started[other].said()
            else:
                assert wish["condition"] == "service_healthy"
                self.wait_until_healthy(other)

    def wait_until_healthy(self, name: str) -> None:
        """Wait until the service's own health check succeeds."""
        wait_until(lambda: self.check_health(name).returncode == 0, f"{name} became healthy")

    def check_health(self, name: str) -> "subprocess.CompletedProcess[str]":
        """Run the service's health check as it is written."""
        kind, *test = self.services[name]["healthcheck"]["test"]
        command = {"CMD": test, "CMD-SHELL": ["/bin/sh", "-c", *test]}[kind]
        return self._run(name, [self._localize(word, name) for word in command])

    def execute(self, name: str, *arguments: str) -> Any:
        """Run `moderation ARGUMENTS --json` as `docker compose exec` would in this service; return what it printed."""
        done = self._run(name, [*self.behind, *servers.python_module("moderation"), *arguments, "--json"])
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def environment_of(self, name: str) -> dict[str, str]:
        """Return what a container of this service would find in its environment."""
        programs = [Path(sys.executable).parent, servers.postgres_programs(), Path(servers.redis_server()).parent]
        environment = {"PATH": os.pathsep.join([*map(str, programs), os.defpath]), "LANG": "C.UTF-8"}
        for variable, value in self.services[name].get("environment", {}).items():
            text = self.variables.get(variable) if value is None else value
            if text is not None:
                environment[variable] = self._localize(text, name)
        return environment

    def _run(self, name: str, command: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=100,
            env=self.environment_of(name),
            cwd=self.working,
        )

    def _command_of(self, name: str) -> list[str]:
        return [self._localize(word, name) for word in self.services[name]["command"]]

    def _secrets_of(self, name: str) -> Path:
        return self.folder / "run" / name / "secrets"

    def _localize(self, text: str, name: str) -> str:
        text = text.replace("/run/secrets/", f"{self._secrets_of(name)}/").replace("0.0.0.0", "127.0.0.1")
        text = re.sub(r"@(postgres|redis):", "@127.0.0.1:", text)
        for host, port in _PORTS.items():
            text = re.sub(rf"\b{port}\b", str(self.ports[host]), text)
        return text
