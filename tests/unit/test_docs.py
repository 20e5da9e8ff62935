"""The docs and the code say the same: every setting, signal, event, metric, route and command, and nothing else."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from api.app import create_app
from moderation.commands import COMMANDS
from moderation.events import DIGEST, TYPES
from moderation.policy import DEFAULT_POINTS_OF
from moderation.settings import Settings
from tests.conftest import ROOT, SECRET

DOCS = ROOT / "docs"


def _read(name: str) -> str:
    return (DOCS / name).read_text()


def _in_first_cells(text: str, pattern: str) -> set[str]:
    """Return what stands in code style in the first cell of the tables' rows and fits the pattern."""
    cells = re.findall(r"^\|([^|]+)\|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell) if re.fullmatch(pattern, name)}


def test_every_setting_is_documented_with_its_default() -> None:
    text = _read("settings.md")
    wanted = {f"MODERATION_{setting.name.upper()}" for setting in fields(Settings)}
    assert _in_first_cells(text, "MODERATION_[A-Z_]+") == wanted
    for setting in fields(Settings):
        row = re.search(rf"^\| `MODERATION_{setting.name.upper()}` \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
        assert row is not None, setting.name
        assert row.group(2).strip() == setting.metadata["help"], setting.name


def test_what_readers_export_is_no_unknown_setting() -> None:
    """The program refuses to start with one, so no example may keep a key under such a name."""
    settings = {f"MODERATION_{setting.name.upper()}" for setting in fields(Settings)}
    for page in (ROOT / "README.md", *sorted(DOCS.glob("*.md"))):
        assert set(re.findall(r"\$\{?(MODERATION_[A-Z_]+)", page.read_text())) <= settings, page.name


def test_every_signal_is_documented_with_its_points() -> None:
    text = _read("filters.md")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (-?[0-9.]+) \|", text, re.MULTILINE))
    assert {name: float(points) for name, points in rows.items()} == dict(DEFAULT_POINTS_OF)


def test_every_event_is_documented() -> None:
    assert _in_first_cells(_read("webhooks.md"), r"(?:comment|site|endpoint|queue)\.[a-z]+") == {*TYPES, DIGEST}


def test_every_route_is_documented(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, secret_key=SECRET), publish=lambda _name, _ids: None)
    text = _read("api.md") + _read("operations.md")
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?\w+>", r"[\\w$…{}]+", rule.rule)
        assert re.search(rf"{path}(?![\w/])", text), rule.rule


def test_every_command_is_documented() -> None:
    text = (ROOT / "README.md").read_text()
    assert set(re.findall(r"^\| `moderation ([a-z]+)", text, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("path", [*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
