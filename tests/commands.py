"""Run a `moderation` command as a process of its own, forked from one that has imported the program already.

Starting Python and importing everything takes half a second of processor time per command; the fork takes a hundredth.
"""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

from moderation.commands import COMMANDS, main

Done = CompletedProcess[str]

_MOST_SECONDS = 60
_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload([__name__, *(f"moderation.commands.{name}" for name in COMMANDS)])


def run_command(*arguments: str, settings: Mapping[str, str], typed: str = "") -> Done:
    """Run `moderation ARGUMENTS` with these settings in its environment and this on its standard input."""
    with tempfile.TemporaryDirectory(prefix="moderation-command-") as folder:
        typed_at, out, err = (Path(folder) / name for name in ("typed", "out", "err"))
        typed_at.write_text(typed)
        # Not a daemon: a command may start processes of its own.
        process = _forking.Process(
            target=_be_the_program, args=(arguments, os.environ | settings, str(typed_at), str(out), str(err))
        )
        process.start()
        process.join(_MOST_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        assert process.exitcode is not None
        return Done(["moderation", *arguments], process.exitcode, out.read_text(), err.read_text())


def _be_the_program(arguments: tuple[str, ...], environment: dict[str, str], typed: str, out: str, err: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT
    for number, opened in enumerate((os.open(typed, os.O_RDONLY), os.open(out, flags), os.open(err, flags))):
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["moderation", *arguments]
    main()
