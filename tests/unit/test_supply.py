"""What the program is made of: the bill of materials, and the audit that says so when it could not be made."""

import json
import re
import tomllib
from typing import Any

import pytest

from tests.conftest import ROOT
from tools.audit import read_exceptions, unchecked, weaknesses
from tools.sbom import document

LOCK = (ROOT / "requirements" / "run.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ANSWER: dict[str, Any] = {
    "dependencies": [
        {"name": "flask", "version": "3.1.3", "vulns": []},
        {
            "name": "werkzeug",
            "version": "3.0.0",
            "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": ["3.0.1"]}],
        },
        {"name": "left-out", "skip_reason": "not found"},
    ]
}


def test_the_bill_of_materials_has_every_pinned_package_once() -> None:
    made = document(LOCK, PROJECT)
    pinned = re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==([^ ]+)", LOCK, re.MULTILINE)
    assert [(one["name"], one["version"]) for one in made["components"]] == pinned
    assert len({one["bom-ref"] for one in made["components"]}) == len(pinned)


def test_the_bill_of_materials_says_what_needs_what() -> None:
    made = document(LOCK, PROJECT)
    needs = {one["ref"].partition("@")[0]: one["dependsOn"] for one in made["dependencies"]}
    direct = {re.split(r"[\[><]", one)[0] for one in PROJECT["dependencies"]}
    ours = {ref.removeprefix("pkg:pypi/").partition("@")[0] for ref in needs["pkg:pypi/comment-moderation"]}
    assert direct <= ours
    assert any("kombu" in ref for ref in needs["pkg:pypi/celery"])
    known = {one["bom-ref"] for one in made["components"]}
    assert {ref for refs in needs.values() for ref in refs} <= known


def test_the_bill_of_materials_is_the_same_each_time_and_names_no_host() -> None:
    text = json.dumps(document(LOCK, PROJECT))
    assert text == json.dumps(document(LOCK, PROJECT))
    assert "://" not in text


def test_a_weakness_is_told_unless_an_exception_explains_it() -> None:
    assert weaknesses(ANSWER, {}) == ["werkzeug 3.0.0: PYSEC-1, mended in 3.0.1"]
    assert weaknesses(ANSWER, {"CVE-2026-1": "we never do that"}) == []


def test_a_package_that_nobody_knows_is_not_taken_for_a_sound_one() -> None:
    assert unchecked(ANSWER) == ["left-out"]


def test_an_exception_without_a_reason_is_refused() -> None:
    assert read_exceptions("# a comment\n\nCVE-1  not reachable\n") == {"CVE-1": "not reachable"}
    with pytest.raises(ValueError, match="CVE-2"):
        read_exceptions("CVE-2\n")
    read_exceptions((ROOT / "requirements" / "audit.exceptions").read_text())
