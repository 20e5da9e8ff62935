"""Kill a process of the real program at a named point of its work, once.

A `sitecustomize` on the program's path wraps functions as their modules are loaded; it kills the process that comes to
a point while a file names that point, and takes the file away first.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.processes import wait_until

_CODE = """
import functools, importlib.machinery, os, pathlib, signal
_FILE = pathlib.Path(__file__).with_name("kill")
_POINTS = {points!r}
_load = importlib.machinery.SourceFileLoader.exec_module

def _die_at(point):
    try:
        if _FILE.read_text() == point:
            _FILE.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
    except FileNotFoundError:
        pass

def _wrapped(function, point):
    @functools.wraps(function)
    def call(*args, **kwargs):
        _die_at("before " + point)
        result = function(*args, **kwargs)
        _die_at("after " + point)
        return result
    return call

def exec_module(self, module):
    _load(self, module)
    for point in _POINTS:
        where, _, name = point.partition(":")
        if where == module.__name__:
            *owners, last = name.split(".")
            owner = functools.reduce(getattr, owners, module)
            setattr(owner, last, _wrapped(getattr(owner, last), point))

importlib.machinery.SourceFileLoader.exec_module = exec_module
"""


@dataclass(frozen=True, slots=True)
class Faults:
    """Points at which processes that have `folder` on their path may be killed."""

    folder: Path

    def kill_at(self, point: str) -> None:
        """Kill whoever comes there next: `before` or `after`, then `package.module:function`."""
        draft = self.folder / "draft"
        draft.write_text(point)
        draft.rename(self.folder / "kill")

    def wait_until_killed(self, point: str) -> None:
        """Wait until somebody came there."""
        wait_until(lambda: not (self.folder / "kill").exists(), f"a process is killed {point}", seconds=90)


def make_faults(folder: Path, *points: str) -> Faults:
    """Prepare a folder for the program's path; `points` name functions as `package.module:Class.function`."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_CODE.format(points=points))
    return Faults(folder)


def python_path(*folders: Path) -> str:
    """Return a PYTHONPATH with these folders before those that are on it already."""
    return os.pathsep.join([*map(str, folders), *filter(None, [os.environ.get("PYTHONPATH")])])
