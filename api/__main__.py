"""Serve the API on granian: `python -m api`."""

import resource

from granian import Granian
from granian.constants import HTTPModes, Interfaces

from moderation.log import configure
from moderation.settings import Settings

# Of one process. One that waits costs some 20 kB and no thread; those who only open connections need thousands to be
# in anybody's way.
_MOST_CONNECTIONS = 8_192
# What else a process opens: the database, Redis, its own files.
_OTHER_FILES = 512


def main() -> None:
    """Listen until a signal says stop; requests under way are finished first."""
    settings = Settings.from_environment()
    configure(settings.log_level, "api")
    Granian(
        "api.app:serve",
        factory=True,
        address=settings.host,
        port=settings.port,
        # Without the events of a life span, for which `front` has no use.
        interface=Interfaces.ASGINL,
        # In HTTP/2 one connection sends hundreds of requests at once, and their heads have no time limit.
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.api_processes,
        backpressure=_room_for_connections(),
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
    ).serve()


def _room_for_connections() -> int:
    """Let this process and its children open as many files as it takes; return how many may be connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _MOST_CONNECTIONS + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        files = min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - _OTHER_FILES, files // 2)


if __name__ == "__main__":
    main()
