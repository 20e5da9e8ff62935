"""A real Prometheus reads a running service: what alerts and the dashboard ask for is there."""

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.journeys.program import up
from tests.journeys.servers import need, running
from tests.processes import free_port, wait_until
from tools.dashboard import ROWS

pytestmark = pytest.mark.long


def _expressions() -> list[str]:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    panels = [expression for _, row in ROWS for panel in row for expression, _ in panel.queries]
    return alerts + [expression.replace("$__rate_interval", "1m") for expression in panels]


def _ask(port: int, path: str, **parameters: str) -> Any:
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.loads(response.read())["data"]


def test_all_that_is_asked_is_there(tmp_path: Path) -> None:
    program = need("prometheus", "prometheus")
    port, own = free_port(), free_port()
    with up(tmp_path / "var", port) as service:
        service.wait_until_ready()
        service.wait_until_judged(service.post("Well said, and thank you for it."))
        content = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
        content = content.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("15s", "1s")
        config = tmp_path / "prometheus.yml"
        config.write_text(content.replace("alerts.yml", str(ROOT / "deploy" / "prometheus" / "alerts.yml")))
        command = [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{own}",
        ]
        with running("prometheus", command, tmp_path):
            wait_until(lambda: _is_ready(own), "Prometheus is ready", seconds=60)
            wait_until(
                lambda: _ask(own, "query", query="moderation_verdicts_total")["result"], "it has read the service"
            )
            known = set(_ask(own, "label/__name__/values"))
            for expression in _expressions():
                _ask(own, "query", query=expression)
                # A counter with labels has no series before it counts; its family is on the page all the same.
                for name in re.findall(r"\b(?:moderation_\w+|up)\b", expression):
                    assert name in known | _families(port), f"{name}, which `{expression}` asks for"
            firing = [
                rule["name"]
                for group in _ask(own, "rules")["groups"]
                for rule in group["rules"]
                if rule["health"] != "ok"
            ]
            assert firing == []


def _is_ready(port: int) -> bool:
    try:
        return bool(_ask(port, "status/runtimeinfo"))
    except OSError:
        # Not there yet, or reading what it has stored.
        return False


def _families(port: int) -> set[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        page = response.read().decode()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", page, re.MULTILINE))
    histograms = {name for name, kind in kinds.items() if kind == "histogram"}
    return set(kinds) | {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}
