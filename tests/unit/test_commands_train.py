"""`moderation train` and `moderation evaluate`, run as functions."""

import dataclasses
import importlib
import json
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result

from moderation.learning.weights import SHIPPED, load_weights
from tests.unit.learning_data import rows


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.jsonl"
    path.write_text("".join(json.dumps(dataclasses.asdict(row)) + "\n" for row in rows(60)))
    return path


def run(name: str, *arguments: object) -> Result:
    command: Command = getattr(importlib.import_module(f"moderation.commands.{name}"), name)
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_training_writes_weights_that_evaluation_can_measure(tmp_path: Path, labelled: Path) -> None:
    trained = run("train", labelled, "--out", tmp_path / "w.npz")
    assert trained.exit_code == 0, trained.output
    version = load_weights(tmp_path / "w.npz").version
    assert f"Wrote {tmp_path / 'w.npz'}" in trained.stdout
    assert version in trained.stdout
    assert "fitting: 0" not in trained.stderr
    measured = run("evaluate", labelled, "--weights", tmp_path / "w.npz", "--json")
    assert measured.exit_code == 0, measured.output
    answer = json.loads(measured.stdout)
    assert answer["model"] == version
    assert [figures["source"] for figures in answer["figures"]] == ["invented", "made_up", "all"]
    assert answer["figures"][-1]["spam"] == 60
    assert answer["figures"][-1]["auc"] > 0.99


def test_weights_go_to_the_current_directory_unless_told_otherwise(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trained = run("train", labelled, "--without", "invented")
    assert trained.exit_code == 0, trained.output
    assert "Wrote weights.npz" in trained.stdout
    assert "from 90 comments" in trained.stdout
    assert "invented: 90 comments (left out)" in trained.stderr
    assert (tmp_path / "weights.npz").is_file()


def test_without_a_terminal_the_table_is_plain(labelled: Path) -> None:
    measured = run("evaluate", labelled)
    assert measured.exit_code == 0, measured.output
    lines = measured.stdout.splitlines()
    assert lines[0] == f"text model {load_weights(SHIPPED).version}"
    assert lines[1].split()[:7] == ["source", "spam", "ham", "AUC", "r@0.1%", "r@0.5%", "r@1%"]
    assert [line.split()[0] for line in lines[2:]] == ["invented", "made_up", "all"]


@pytest.mark.parametrize(
    ("name", "arguments", "code", "complaint"),
    [
        ("train", ["missing.jsonl"], 2, "missing.jsonl"),
        ("train", [], 2, "Missing argument"),
        ("train", ["FILE", "--without", "elsewhere"], 2, "there are: invented, made_up"),
        ("train", ["bad.jsonl"], 1, "line 1"),
        ("train", ["empty.jsonl"], 1, "at least 20"),
        ("train", ["FILE", "--out", "no/such/place.npz"], 1, "cannot be written"),
        ("evaluate", ["FILE", "--weights", "missing.npz"], 2, "missing.npz"),
        ("evaluate", ["FILE", "--weights", "bad.jsonl"], 1, "no weights of a text model"),
        ("evaluate", ["empty.jsonl"], 1, "no comments"),
        ("evaluate", ["bad.jsonl"], 1, "line 1"),
    ],
)
def test_mistakes_are_explained(
    name: str, arguments: list[str], code: int, complaint: str, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(labelled.parent)
    Path("bad.jsonl").write_text("{}\n")
    Path("empty.jsonl").write_text("\n")
    result = run(name, *(labelled if argument == "FILE" else argument for argument in arguments))
    assert result.exit_code == code
    assert complaint in result.stderr


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_help_has_an_example(name: str) -> None:
    helped = run(name, "--help")
    assert helped.exit_code == 0
    assert f"moderation {name} " in helped.output.partition("Example:")[2]
