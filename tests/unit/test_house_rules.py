"""The house: who may import whom, and what must not happen at import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PURE = (
    "text.py",
    "links.py",
    "similarity.py",
    "bands.py",
    "lookalikes.py",
    "disguises.py",
    "promotions.py",
    "markup.py",
    "readings.py",
    "finglish.py",
    "wordlists.py",
    "domains.py",
    "disguised_links.py",
    "filters",
    "policy.py",
    "verdict.py",
    "signing.py",
    "signals.py",
    "retries.py",
    "reasons.py",
    "formats",
    *(
        f"remote/{name}.py"
        for name in ("names", "question", "akismet", "stop_forum_spam", "check", "opinion", "breaker", "wanting")
    ),
)
# What pure modules may not know: the database, sockets, the environment, the clock.
IMPURE = {"sqlalchemy", "socket", "os", "time", "redis", "urllib3", "structlog", "logging"}


def _python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        path = ROOT / folder
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _imports(path: Path) -> set[str]:
    """Return every module that the file imports, anywhere in it, in full."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in _imports(path)}


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("moderation", {"flask", "celery", "api", "workers", "granian"}),
        ("api", {"workers"}),
        ("workers", {"api", "flask", "granian"}),
    ],
)
def test_no_part_imports_what_it_may_not(folder: str, forbidden: set[str]) -> None:
    for path in _python_files(folder):
        assert not _tops(path) & forbidden, path


def test_pure_modules_know_no_database_socket_environment_or_clock() -> None:
    for path in _python_files(*(f"moderation/{name}" for name in PURE)):
        assert not _tops(path) & IMPURE, path


def test_only_the_door_to_strangers_speaks_http() -> None:
    doors = {"outbound.py", "demo"}
    for path in _python_files("moderation", "api", "workers"):
        if "urllib3" in _tops(path):
            assert doors & set(path.relative_to(ROOT / "moderation").parts), path


def test_only_the_door_to_the_mail_server_speaks_smtp() -> None:
    for path in _python_files("moderation", "api", "workers"):
        if "smtplib" in _tops(path):
            assert path == ROOT / "moderation" / "mail.py"


def test_only_db_makes_engines() -> None:
    for path in _python_files("moderation", "api", "workers"):
        if "sqlalchemy.create_engine" in _imports(path):
            assert path == ROOT / "moderation" / "db.py"


def test_only_settings_reads_the_environment() -> None:
    # `lifeline` hands the environment on to child processes; it reads no setting from it.
    allowed = {ROOT / "moderation" / name for name in ("settings.py", "lifeline.py")}
    for path in _python_files("moderation", "api", "workers"):
        text = path.read_text()
        if "os.environ" in text or "os.getenv" in text:
            assert path in allowed, path


def test_importing_everything_connects_to_nothing_starts_no_thread_and_loads_no_weights() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in _python_files("moderation", "api", "workers")
        if path.name not in ("__main__.py", "env.py") and "versions" not in path.parts
    ]
    program = f"""
import importlib, socket, threading
def refuse(*_): raise AssertionError("a connection at import")
socket.socket.connect = refuse
import numpy
numpy.load = refuse
for name in {modules!r}:
    importlib.import_module(name)
assert threading.active_count() == 1, threading.enumerate()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("folder", ["moderation", "api", "workers"])
def test_files_stay_small_enough_to_read(folder: str) -> None:
    # About 250 lines; a table of rows or of settings may run longer.
    for path in _python_files(folder):
        assert len(path.read_text().splitlines()) <= 320, path


@pytest.mark.parametrize("folder", ["moderation", "api", "workers"])
def test_every_module_says_why_it_exists(folder: str) -> None:
    for path in _python_files(folder):
        assert ast.get_docstring(ast.parse(path.read_text())), path
