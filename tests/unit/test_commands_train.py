"""`moderation train` and `moderation evaluate`, run as functions."""

import dataclasses
import importlib
import json
import sys
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result

from moderation.learning.toxic import load_toxic_weights
from moderation.learning.weights import SHIPPED, load_weights
from tests.unit.learning_data import rows
from tests.unit.test_toxic import rows as toxic_rows


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
    assert lines[1].split() == (
        "source spam ham AUC (95 %) r@0.1% r@0.5% r@1% (95 %) precision PR AUC Brier".split()  # noqa: SIM905
    )
    assert [line.split()[0] for line in lines[2:]] == ["invented", "made_up", "all"]


@pytest.mark.parametrize("how", [(), ("--pipeline",), ("--disguised",)])
def test_one_is_told_when_weights_are_measured_on_what_they_learned_from(
    labelled: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    assert run("train", labelled, "--out", tmp_path / "w.npz").exit_code == 0
    measured = run("evaluate", labelled, "--weights", tmp_path / "w.npz", *how)
    assert measured.exit_code == 0, measured.output
    assert "Careful: these weights were trained on" in measured.stderr


def test_details_and_pictures_are_drawn_where_asked(labelled: Path, tmp_path: Path) -> None:
    measured = run("evaluate", labelled, "--details", "--mistakes", "2", "--plots", tmp_path / "plots")
    assert measured.exit_code == 0, measured.output
    for title in ("By language", "Calibration", "Where a policy could put its bounds", "Ham most like spam"):
        assert title in measured.stdout
    drawn = sorted((tmp_path / "plots").iterdir())
    assert [path.name for path in drawn] == ["calibration.png", "precision_recall.png", "roc.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


def test_without_matplotlib_one_is_told_what_to_install(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    measured = run("evaluate", labelled, "--plots", tmp_path / "plots")
    assert measured.exit_code == 1
    assert "pip install 'comment-moderation[plots]'" in measured.stderr


def test_disguises_and_links_are_measured_at_the_bounds_of_clean_comments(labelled: Path) -> None:
    measured = run("evaluate", labelled, "--disguised", "--json")
    assert measured.exit_code == 0, measured.output
    ways = {one["way"]: one for one in json.loads(measured.stdout)["disguises"]}
    assert {"none", "l33t", "all together", "a link appended"} <= set(ways)
    assert ways["none"]["ham"] <= 0.01
    assert "of clean" in run("evaluate", labelled, "--linked").stdout


@pytest.mark.long
@pytest.mark.timeout(600)
def test_sources_and_subsets_are_measured_by_weights_that_never_saw_them(tmp_path: Path) -> None:
    paths = tmp_path / "train.jsonl", tmp_path / "dev.jsonl"
    for path, some in zip(paths, (rows(60), rows(70)[180:]), strict=True):
        entries = [dataclasses.asdict(row) | {"subset": f"part {at % 2}"} for at, row in enumerate(some)]
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    left_out = run("evaluate", paths[1], "--train", paths[0], "--each-left-out")
    assert left_out.exit_code == 0, left_out.output
    lines = left_out.stdout.splitlines()
    assert lines[0] == "each source by weights trained without it"
    assert [line.split()[0] for line in lines[2:]] == ["invented", "made_up", "all"]
    piped = run("evaluate", paths[1], "--train", paths[0], "--each-left-out", "--pipeline", "--json")
    assert json.loads(piped.stdout)["model"] == "weights trained without the source"
    subsets = run("evaluate", paths[1], "--train", paths[0], "--subsets", "made_up", "--json")
    assert subsets.exit_code == 0, subsets.output
    found = json.loads(subsets.stdout)["subsets"]
    assert [(one["subset"], one["rows"]) for one in found] == [("part 0", 70), ("part 1", 35)]
    assert all(one["accuracy"] > 0.9 for one in found)
    taught = run("evaluate", paths[1], "--train", paths[0], "--decisions", "--json")
    assert taught.exit_code == 0, taught.output
    after = {(one["source"], one["decisions"]) for one in json.loads(taught.stdout)["decisions"]}
    assert after == {(source, count) for source in ("invented", "made_up") for count in (0, 10, 50)}


def test_the_toxic_model_is_trained_and_measured_by_its_label(tmp_path: Path) -> None:
    labelled = tmp_path / "toxic.jsonl"
    labelled.write_text("".join(json.dumps(dataclasses.asdict(one)) + "\n" for one in toxic_rows(60)))
    trained = run("train", labelled, "--label", "toxic", "--out", tmp_path / "t.npz")
    assert trained.exit_code == 0, trained.output
    version = load_toxic_weights(tmp_path / "t.npz").version
    assert version in trained.stdout
    measured = run("evaluate", labelled, "--label", "toxic", "--weights", tmp_path / "t.npz", "--json")
    assert measured.exit_code == 0, measured.output
    answer = json.loads(measured.stdout)
    assert answer["model"] == version
    assert [one["source"] for one in answer["figures"]] == ["made_up_de", "made_up_en", "all"]
    assert answer["figures"][-1]["auc"] > 0.99
    assert "Careful: these weights were trained on" in measured.stderr
    beside = run("evaluate", labelled, "--pipeline", "--toxic-weights", tmp_path / "t.npz", "--json")
    assert beside.exit_code == 0, beside.output
    assert json.loads(beside.stdout)["sources"][-1]["counts"]["toxic"]["hold"] > 0
    told = run("evaluate", labelled, "--label", "toxic")
    assert told.stdout.splitlines()[1].split()[:4] == ["source", "toxic", "ham", "AUC"]


def test_all_filters_are_measured_together(labelled: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"thresholds": {"hold": 0.1, "spam": 6, "discard": 12}}))
    measured = run("evaluate", labelled, "--pipeline", "--policy", policy, "--linked", "--disguised", "--json")
    assert measured.exit_code == 0, measured.output
    answer = json.loads(measured.stdout)
    assert answer["changed"] == "disguised linked"
    assert [one["source"] for one in answer["sources"]] == ["invented", "made_up", "all"]
    assert "Careful" not in measured.stderr
    every = answer["sources"][-1]["counts"]
    assert {label: sum(counts.values()) for label, counts in every.items()} == {"ham": 60, "spam": 60, "toxic": 60}
    # AUTHOR_NEW alone holds at this policy, and every row is of a new author.
    assert "approve" not in every["ham"]
    assert answer["mean_of_sources_with_spam"]["spam_approved"] == 0
    told = run("evaluate", labelled, "--pipeline")
    assert told.exit_code == 0, told.output
    assert "Mean of the 2 sources with spam" in told.stdout


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
        ("train", ["empty.jsonl", "--label", "toxic"], 1, "at least 20"),
        ("evaluate", ["FILE", "--label", "toxic", "--weights", "bad.jsonl"], 1, "no weights of a toxic model"),
        ("evaluate", ["FILE", "--label", "toxic", "--pipeline"], 2, "alone"),
        ("evaluate", ["spam.jsonl", "--label", "toxic"], 1, "neither toxic nor ham"),
        ("evaluate", ["empty.jsonl"], 1, "no comments"),
        ("evaluate", ["bad.jsonl"], 1, "line 1"),
        ("evaluate", ["FILE", "--policy", "FILE"], 2, "--pipeline"),
        ("evaluate", ["FILE", "--toxic-weights", "FILE"], 2, "--pipeline"),
        ("evaluate", ["FILE", "--train", "FILE"], 2, "--each-left-out"),
        ("evaluate", ["FILE", "--each-left-out"], 2, "--train"),
        ("evaluate", ["FILE", "--decisions"], 2, "--train"),
        ("evaluate", ["FILE", "--decisions", "--train", "other.jsonl"], 1, "No source has spam and ham"),
        ("evaluate", ["FILE", "--train", "FILE", "--subsets", "elsewhere"], 2, "elsewhere"),
        ("evaluate", ["FILE", "--pipeline", "--policy", "empty.jsonl"], 1, "no JSON"),
        ("evaluate", ["FILE", "--pipeline", "--policy", "odd.json"], 1, "point: unknown"),
    ],
)
def test_mistakes_are_explained(
    name: str, arguments: list[str], code: int, complaint: str, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(labelled.parent)
    Path("bad.jsonl").write_text("{}\n")
    Path("empty.jsonl").write_text("\n")
    Path("spam.jsonl").write_text('{"source": "a", "body": "b", "label": "spam"}\n')
    Path("odd.json").write_text('{"point": {}}')
    Path("other.jsonl").write_text('{"source": "elsewhere", "body": "a text", "label": "ham"}\n')
    result = run(name, *(labelled if argument == "FILE" else argument for argument in arguments))
    assert result.exit_code == code
    assert complaint in result.stderr


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_help_has_an_example(name: str) -> None:
    helped = run(name, "--help")
    assert helped.exit_code == 0
    assert f"moderation {name} " in helped.output.partition("Example:")[2]
