"""What `deploy/kubernetes/` has: valid to Kubernetes' own schemas, complete, and true of the program."""

import re
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml

from moderation.commands import COMMANDS, program
from moderation.settings import Settings
from tests.conftest import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
# The newest that the schemas know, and an old one that clusters still run.
VERSIONS = ("1.30", "1.37")
_NOT_KUBERNETES_OWN = ("kustomize.config.k8s.io/v1beta1", "keda.sh/v1alpha1")

Manifest = dict[str, Any]


def _manifests() -> list[Manifest]:
    return [one for path in sorted(FOLDER.rglob("*.yaml")) for one in yaml.safe_load_all(path.read_text())]


def _pods() -> dict[str, Manifest]:
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in _manifests()
        if "template" in one.get("spec", {})
    }


def _of_kind(kind: str) -> list[Manifest]:
    return [one for one in _manifests() if one["kind"] == kind]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_are_what_kubernetes_takes(version: str) -> None:
    known = [one for one in _manifests() if one["apiVersion"] not in _NOT_KUBERNETES_OWN]
    assert len(known) > 10
    for manifest in known:
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("kustomization.yaml")), ids=lambda path: path.parent.name)
def test_every_file_is_named_by_its_kustomization(path: Path) -> None:
    named = set(yaml.safe_load(path.read_text())["resources"]) - {".."}
    assert named == {one.name for one in path.parent.glob("*.yaml")} - {"kustomization.yaml"}


@pytest.mark.parametrize("name", ["api", "worker-screen", "worker-deliver", "beat", "migrate"])
def test_each_process_has_what_it_needs_and_no_more(name: str) -> None:
    pod = _pods()[name]
    assert pod["securityContext"]["runAsNonRoot"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]
    _assert_is_a_command(container["args"])
    if name != "migrate":
        assert {"startupProbe", "livenessProbe"} <= set(container)
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if command := container.get(probe, {}).get("exec", {}).get("command"):
            assert command[0] == "moderation"
            _assert_is_a_command(command[1:])


def _assert_is_a_command(words: list[str]) -> None:
    assert words[0] in COMMANDS
    command: click.Command | None = program
    rest = list(words)
    context = click.Context(program)
    while isinstance(command, click.Group):
        command = command.get_command(context, rest.pop(0))
    assert command is not None
    # Click itself says whether it takes the rest.
    command.make_context(words[0], rest, resilient_parsing=False)


def test_settings_are_settings() -> None:
    (settings,) = _of_kind("ConfigMap")
    names = {name.removesuffix("_FILE").removeprefix("MODERATION_").lower() for name in settings["data"]}
    assert names <= set(Settings.__dataclass_fields__)


def test_whoever_may_go_down_at_once_has_a_budget() -> None:
    budgets = {one["metadata"]["name"] for one in _of_kind("PodDisruptionBudget")}
    several = {one["metadata"]["name"] for one in _of_kind("Deployment") if one["spec"]["replicas"] > 1}
    assert budgets == several


def test_workers_are_added_by_metrics_that_there_are() -> None:
    documented = set(
        re.findall(r"^\| `(moderation_\w+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    )
    deployments = {one["metadata"]["name"] for one in _of_kind("Deployment")}
    scaled = _of_kind("ScaledObject")
    assert len(scaled) == 2
    for one in scaled:
        assert one["spec"]["scaleTargetRef"]["name"] in deployments
        for trigger in one["spec"]["triggers"]:
            assert set(re.findall(r"moderation_\w+", trigger["metadata"]["query"])) <= documented
