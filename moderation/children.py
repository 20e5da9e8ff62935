"""Keeps a set of programs running: starts them, starts again what dies, and stops them in order.

`commands.up` says which programs; `stopping` tells when to end; `lifeline` sees to the case that nobody can tell.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from moderation.lifeline import environment_for_children
from moderation.log import get_logger
from moderation.stopping import Stop

# Pauses before a restart double from the first to the longest: a crash is over at once, a broken set is not hammered.
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# Whoever ran this long was well; the next death is a new story.
STEADY_SECONDS = 60.0
# Longer than a batch of judgements or an attempt at a webhook takes; what is cut off is done after the next start.
PATIENCE_SECONDS = 30.0
_STDERR = 2

_log = get_logger("moderation.up")


@dataclass(frozen=True, slots=True)
class Program:
    """What to keep running. Those of a lower stage are stopped first, those of one stage together.

    What it prints goes to our standard error, or to the file `output`, which each start empties.
    """

    name: str
    command: tuple[str, ...]
    stage: int = 0
    output: Path | None = None


class Child:
    """One program, and the process that runs it at the moment, if any."""

    def __init__(self, program: Program, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.program = program
        self._monotonic = monotonic
        self.process: subprocess.Popen[bytes] | None = None
        self.exit_code: int | None = None
        self.deaths = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._started_at = 0.0
        self._due_at = 0.0

    def start(self) -> None:
        """Start the process, in a session of its own: a Ctrl-C at the terminal must reach only us."""
        output = self.program.output
        with contextlib.ExitStack() as stack:
            target = _STDERR if output is None else stack.enter_context(output.open("wb"))
            self.process = subprocess.Popen(  # noqa: S603 - `up` says what to run
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=target,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment_for_children(),
            )
        self._started_at = self._monotonic()
        _log.info("started", child=self.program.name, pid=self.process.pid)

    def look(self) -> None:
        """Notice that the process died; start a new one when its pause is over."""
        if self.process is not None:
            if self.has_ended():
                self._plan_restart()
        elif self._monotonic() >= self._due_at:
            try:
                self.start()
            except OSError as error:
                _log.exception("start_failed", child=self.program.name, error=str(error))
                self._plan_restart()

    def has_ended(self) -> bool:
        """Tell whether the process is gone; the first time it is, end what it left behind."""
        if self.process is None:
            return True
        self.exit_code = self.process.poll()
        if self.exit_code is None:
            return False
        # Processes that it started would hold its port; its id names their group until the last of them is gone.
        _signal_group(self.process.pid, signal.SIGKILL)
        self.process = None
        return True

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process, which finishes what it is doing."""
        if self.process is not None:
            self.process.terminate()

    def kill(self) -> None:
        """End the process and all that it started, now."""
        if self.process is not None:
            _signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.has_ended()

    def _plan_restart(self) -> None:
        self.deaths += 1
        now = self._monotonic()
        if now - self._started_at >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        self._due_at = now + self._pause
        _log.warning(
            "died", child=self.program.name, exit_code=self.exit_code, deaths=self.deaths, restart_seconds=self._pause
        )
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)


class Children:
    """A set of programs that run until the end of the `with` block, which stops them."""

    def __init__(self, stop: Stop, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._stop = stop
        self._patience_seconds = patience_seconds
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def __iter__(self) -> Iterator[Child]:
        return iter(self._children)

    def add(self, program: Program) -> Child:
        """Start a program and keep it running from now on."""
        child = Child(program)
        self._children.append(child)
        child.start()
        return child

    def drop(self, child: Child) -> None:
        """Give up a program: end it and do not start it again."""
        child.kill()
        self._children.remove(child)

    def look(self) -> None:
        """Notice who died, and start again who is due."""
        for child in self._children:
            child.look()

    def keep_running(self) -> None:
        """Look after them all until a stop is requested."""
        while not self._stop.is_requested:
            self.look()
            self._stop.wait()

    def stop(self) -> None:
        """Stop them stage after stage; kill who takes too long, and all at once when hurried."""
        for stage in sorted({child.program.stage for child in self._children}):
            self._stop_stage([child for child in self._children if child.program.stage == stage])
        self._children.clear()

    def _stop_stage(self, children: list[Child]) -> None:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + self._patience_seconds
        running = [child for child in children if not child.has_ended()]
        while running and not self._stop.is_hurried and time.monotonic() < deadline:
            self._stop.wait()
            running = [child for child in running if not child.has_ended()]
        for child in running:
            _log.warning("killed", child=child.program.name, is_hurried=self._stop.is_hurried)
            child.kill()


def our_command(*arguments: str) -> tuple[str, ...]:
    """Return the command line that runs a command of this program with the Python that runs us."""
    return (sys.executable, "-m", "moderation", *arguments)


def _signal_group(group: int, number: signal.Signals) -> None:
    # macOS answers EPERM for a group of which only zombies are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
