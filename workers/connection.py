"""Connections that look for a lost broker every second.

Celery's own looks ever less often, up to once in half a minute: after an outage of a minute all work would wait for
another quarter of one, and longer after a longer one.
"""

from typing import Any

from celery.app.amqp import AMQP
from kombu.connection import Connection

PAUSE_SECONDS = 1


class SteadyConnection(Connection):
    """Tries again after the same short pause, however often it has tried."""

    def _ensure_connection(self, *arguments: Any, **options: Any) -> Any:
        pauses = {"interval_start": PAUSE_SECONDS, "interval_step": 0, "interval_max": PAUSE_SECONDS}
        return super()._ensure_connection(*arguments, **(pauses | options))  # type: ignore[no-untyped-call]


class SteadyAMQP(AMQP):  # type: ignore[misc]
    """Makes such connections for a Celery application."""

    Connection = SteadyConnection
