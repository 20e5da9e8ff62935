"""Serve the API on granian: `python -m api`."""

from granian import Granian
from granian.constants import Interfaces

from moderation.log import configure
from moderation.settings import Settings


def main() -> None:
    """Listen until a signal says stop; requests under way are finished first."""
    settings = Settings.from_environment()
    configure(settings.log_level, "api")
    Granian(
        "api.app:serve",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.api_processes,
        blocking_threads=settings.api_threads,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
    ).serve()


if __name__ == "__main__":
    main()
