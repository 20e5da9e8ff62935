"""How a worker ends when all are drained, and how one that is started meanwhile waits."""

import time
from collections.abc import Callable

from celery import current_app
from sqlalchemy.exc import SQLAlchemyError

from moderation.db import Database
from moderation.log import get_logger
from moderation.pausing import read_controls
from moderation.processes import LOOK_SECONDS
from moderation.settings import Settings

log = get_logger(__name__)


def worker_name(queues: str, number: int) -> str:
    """Return what a worker of these queues (`screen,deliver`) is called; Celery puts the host in place of %h."""
    return f"{queues.replace(',', '-')}-{number}@%h"


def queues_of(worker: str) -> list[str]:
    """Return the queues in a worker's name."""
    return worker.partition("@")[0].split("-")[:-1]


def leave(worker: str) -> None:
    """Have this worker finish what it does and end. Saying it more than once does no harm."""
    try:
        current_app.control.shutdown(destination=[worker])
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the next task says it again
        log.warning("could not leave yet", error=type(error).__name__)


def wait_while_drained(settings: Settings, pause: Callable[[float], None] = time.sleep) -> None:
    """Return once workers may start. Nothing stays open: a pool is forked next."""
    database = Database.of(settings)
    has_said = False
    while _is_drained(database):
        if not has_said:
            log.warning("drained; waiting for `moderation resume workers`")
            has_said = True
        database.close()
        pause(LOOK_SECONDS)
    database.close()


def _is_drained(database: Database) -> bool:
    try:
        with database.read() as session:
            return read_controls(session).drained_at is not None
    except SQLAlchemyError:
        # Away, or not migrated yet: a worker waits for that by itself.
        return False
