"""Signals that ask to stop, sent to the process of the test itself."""

import os
import signal
from collections.abc import Iterator

import pytest

from moderation.stopping import Stop


@pytest.fixture
def handlers() -> Iterator[None]:
    """Let a test ask its own process to stop."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_request_that_make_passes_on_is_no_second_one() -> None:
    with Stop() as stop:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGTERM):
            os.kill(os.getpid(), number)
        assert stop.is_requested
        assert not stop.is_hurried
    # Nor does one that comes late spoil the end.
    os.kill(os.getpid(), signal.SIGTERM)


def test_the_handlers_of_before_are_back_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with Stop():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


@pytest.mark.usefixtures("handlers")
def test_nohup_is_respected() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        assert not stop.is_requested
