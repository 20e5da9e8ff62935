"""What tests of real processes share: waiting for what happens in its own time, and small programs as stand-ins."""

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from moderation.children import Program

# No test takes so long; a machine under load may.
PATIENCE_SECONDS = 60.0


def wait_until(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for the condition; fail, saying what did not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            pytest.fail(f"waited in vain: {what}")
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    """Tell whether a process runs; one that only waits to be noticed by its parent does not."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stand_in(script: str, *arguments: object, name: str = "stand-in", stage: int = 0) -> Program:
    """Return a small Python program that stands in for a service."""
    return Program(name, (sys.executable, "-c", script, *map(str, arguments)), stage=stage)


def numbers_in(path: Path) -> list[int]:
    """Return the process ids that stand-ins wrote down, a line each."""
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
