"""What `deploy/` has for Prometheus and Grafana: each alert can fire, is explained, and the dashboard is as made."""

import re
import subprocess

import yaml

from tests.conftest import ROOT
from tests.journeys.servers import need
from tools import dashboard

FOLDER = ROOT / "deploy" / "prometheus"


def _alerts() -> list[dict[str, str]]:
    content = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    return [rule for group in content["groups"] for rule in group["rules"]]


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    command = [need("promtool", "prometheus"), "test", "rules", "alerts_test.yml"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_is_left_untried() -> None:
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    fired = {one["alertname"] for test in tests for one in test["alert_rule_test"] if one.get("exp_alerts")}
    quiet = {one["alertname"] for test in tests for one in test["alert_rule_test"] if not one.get("exp_alerts")}
    assert fired == quiet == {alert["alert"] for alert in _alerts()}


def test_each_alert_has_its_page_in_the_runbook() -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text().partition("## Runbook")[2]
    pages = set(re.findall(r"^### (\w+)$", runbook, re.MULTILINE))
    assert pages == {alert["alert"] for alert in _alerts()}
    for alert in _alerts():
        assert alert["annotations"]["runbook"] == f"docs/operations.md#{alert['alert'].lower()}"


def test_the_dashboard_is_what_make_docs_writes() -> None:
    assert dashboard.PATH.read_text() == dashboard.text()
