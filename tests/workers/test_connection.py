"""A broker that is away is looked for every second, however long it has been away."""

import pytest
from kombu.exceptions import OperationalError

from tests.processes import free_port
from workers.app import app
from workers.connection import PAUSE_SECONDS


def test_the_pause_between_two_tries_does_not_grow() -> None:
    pauses: list[float] = []
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    with app.connection_for_read(nobody) as connection, pytest.raises(OperationalError):
        # As a worker does it.
        connection.ensure_connection(lambda _error, pause: pauses.append(pause), 3)
    assert pauses == [PAUSE_SECONDS] * 3
