"""The image: the Dockerfile is read line by line, and what it copies is enough to build the package."""

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.journeys.compose import read_compose

PACKAGES = ("moderation", "api", "workers")


@dataclass(frozen=True)
class Line:
    """One instruction, and the number of the stage that it belongs to."""

    stage: int
    name: str
    value: str


def read_dockerfile() -> list[Line]:
    """Return the instructions, with continued lines put together."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines: list[Line] = []
    stage = -1
    for instruction in text.replace("\\\n", " ").splitlines():
        if instruction.strip():
            name, value = instruction.split(maxsplit=1)
            stage += name == "FROM"
            lines.append(Line(stage, name, value))
    return lines


LINES = read_dockerfile()
FINAL = [line for line in LINES if line.stage == LINES[-1].stage]


def values(name: str, lines: list[Line] | None = None) -> list[str]:
    """Return what stands behind an instruction wherever it is given."""
    return [line.value for line in (LINES if lines is None else lines) if line.name == name]


def copied() -> list[str]:
    """Return what is copied from the checkout."""
    return [source for value in values("COPY") if not value.startswith("--from=") for source in value.split()[:-1]]


def test_every_stage_starts_from_the_same_python_whose_version_is_pinned_and_supported() -> None:
    bases = {value.split()[0] for value in values("FROM")}
    assert len(bases) == 1
    tag = re.fullmatch(r"python:3\.(\d+)-slim", bases.pop())
    assert tag is not None
    assert 11 <= int(tag[1]) <= 13


def test_the_program_runs_as_a_user_without_rights_the_one_that_compose_names() -> None:
    user = values("USER", FINAL)[-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert {service["user"] for service in read_compose()["services"].values() if "build" in service} == {user}
    last = max(index for index, line in enumerate(FINAL) if line.name in {"RUN", "COPY"})
    assert FINAL.index(Line(FINAL[0].stage, "USER", user)) > last


def test_nothing_is_installed_or_compiled_in_the_final_stage() -> None:
    assert not [
        value for value in values("RUN", FINAL) if re.search(r"\b(apt|apt-get|pip|gcc|make|curl|wget)\b", value)
    ]


def test_dependencies_are_the_locked_ones_checked_by_their_hashes() -> None:
    installs = [value for value in values("RUN") if " install " in value]
    assert len(installs) == 2
    dependencies, package = installs
    assert "--require-hashes" in dependencies
    assert "--only-binary :all:" in dependencies
    assert dependencies.endswith("-r requirements/run.lock")
    assert "--no-deps" in package
    assert "--no-build-isolation" in package


def test_the_entrypoint_is_the_program_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (entrypoint,) = values("ENTRYPOINT")
    (program,) = project["scripts"]
    assert entrypoint == f'["{program}"]'
    module, function = project["scripts"][program].split(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_what_is_copied_exists_and_is_let_in_and_nothing_else_is() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied()) == let_in
    for source in copied():
        assert (ROOT / source).exists(), source


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a folder with what the build stage has copied, and nothing else."""
    folder = tmp_path / "src"
    for source in copied():
        target = folder / source
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, target)
    return folder


def test_the_package_is_built_from_what_is_copied_with_every_file_that_it_needs(sources: Path, tmp_path: Path) -> None:
    expected = {
        str(file.relative_to(sources)) for name in PACKAGES for file in (sources / name).rglob("*") if file.is_file()
    }
    build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    command = [sys.executable, "-c", build, str(tmp_path)]
    subprocess.run(command, cwd=sources, check=True, capture_output=True, timeout=100)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as built:
        assert {name for name in built.namelist() if ".dist-info/" not in name} == expected
