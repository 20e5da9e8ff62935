"""Make the real program's processes fail: die at a named point of their work, run out of time, read a wrong clock.

A `sitecustomize` on the program's path changes modules as they are loaded. It kills the process that comes to a point
while a file names that point, and takes the file away first.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.processes import wait_until

_CODE = """
import datetime, functools, importlib.machinery, os, pathlib, signal, time
_FILE = pathlib.Path(__file__).with_name("kill")
_POINTS = {points!r}
_CELERY = {celery!r}
_CLOCK = pathlib.Path(__file__).with_name("clock")
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

def _shift():
    try:
        return float(_CLOCK.read_text())
    except (FileNotFoundError, ValueError):
        return 0.0

class _Kind(type(datetime.datetime)):
    def __instancecheck__(cls, one):
        return isinstance(one, _Shifted.__mro__[1])

class _Shifted(datetime.datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.now(tz) + datetime.timedelta(seconds=_shift())

if {shifts_clock!r}:
    _read = time.time
    time.time = lambda: _read() + _shift()

def exec_module(self, module):
    _load(self, module)
    is_told_the_time = module.__name__.startswith("celery.") or module.__name__ == "moderation.clock"
    if {shifts_clock!r} and is_told_the_time and module.__dict__.get("datetime") is datetime.datetime:
        module.datetime = _Shifted
    if module.__name__ == "moderation.celery_config" and _CELERY:
        config = module.celery_config
        module.celery_config = lambda broker_url: config(broker_url) | _CELERY
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
    """What may befall processes that have `folder` on their path."""

    folder: Path

    def kill_at(self, point: str) -> None:
        """Kill whoever comes there next: `before` or `after`, then `package.module:function`."""
        draft = self.folder / "draft"
        draft.write_text(point)
        draft.rename(self.folder / "kill")

    def shift_clock(self, seconds: float) -> None:
        """Let all processes read a clock that is off by so much, from now on."""
        draft = self.folder / "draft-clock"
        draft.write_text(str(seconds))
        draft.rename(self.folder / "clock")

    def wait_until_killed(self, point: str) -> None:
        """Wait until somebody came there."""
        wait_until(lambda: not (self.folder / "kill").exists(), f"a process is killed {point}", seconds=90)


def make_faults(
    folder: Path, *points: str, celery: Mapping[str, object] | None = None, shifts_clock: bool = False
) -> Faults:
    """Prepare a folder for the program's path; `points` name functions as `package.module:Class.function`.

    `celery` stands in for parts of its configuration; `shift_clock` needs to be announced.
    """
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        _CODE.format(points=points, celery=dict(celery or {}), shifts_clock=shifts_clock)
    )
    return Faults(folder)


def python_path(*folders: Path) -> str:
    """Return a PYTHONPATH with these folders before those that are on it already."""
    return os.pathsep.join([*map(str, folders), *filter(None, [os.environ.get("PYTHONPATH")])])
