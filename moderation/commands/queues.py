"""`moderation queues`: how much waits, since when, and how fast it comes and goes."""

import contextlib
import sys
import time
from typing import Any

import click

from moderation.clock import utc_now
from moderation.commands.setup import Setup, as_json, print_json, print_table, set_up
from moderation.flow import Meter, QueueState, look
from moderation.payload import moment

# Between two tables of `--watch`, where nothing is to be measured.
_WATCH_SECONDS = 2.0

Rates = dict[str, tuple[float, float]]


@click.command()
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "--over",
    type=click.FloatRange(min=0),
    default=1,
    show_default=True,
    metavar="SECONDS",
    help="How long to measure what comes in and goes out; 0: not at all.",
)
@as_json
def queues(*, watch: bool, over: float, as_json: bool) -> None:
    """Print per queue: workers, what is owed by the database, its oldest, messages in the broker, and the rates.

    \b
    Example:
      moderation queues --watch
    """
    setup = set_up()
    if not watch:
        _show(setup, over, as_json=as_json)
        return
    # Ctrl-C is how it is meant to end.
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            _show(setup, over or _WATCH_SECONDS, as_json=as_json, is_in_place=sys.stdout.isatty())


def _show(setup: Setup, over: float, *, as_json: bool, is_in_place: bool = False) -> None:
    rates = _measure(setup, over)
    states = look(setup.settings, setup.database, utc_now())
    if as_json:
        print_json([_document(state, rates) for state in states])
        return
    if is_in_place:
        click.clear()
    _print(states, rates)


def _measure(setup: Setup, seconds: float) -> Rates:
    if not seconds:
        return {}
    with setup.database.read() as session:
        meter = Meter(session)
    time.sleep(seconds)
    with setup.database.read() as session:
        return meter.rates(session)


def _document(state: QueueState, rates: Rates) -> dict[str, Any]:
    came, went = rates.get(state.queue, (None, None))
    return {
        "queue": state.queue,
        "workers": state.workers,
        "owed": state.owed,
        "oldest_seconds": state.oldest_seconds,
        "messages": state.messages,
        "in_per_second": None if came is None else round(came, 2),
        "out_per_second": None if went is None else round(went, 2),
        "last_consumption_seconds": state.last_consumption_seconds,
        "paused_since": moment(state.paused_since),
    }


def _print(states: list[QueueState], rates: Rates) -> None:
    print_table(
        ("queue", "workers", "owed", "oldest", "messages", "in/s", "out/s", "last consumed", ""),
        [
            (
                state.queue,
                state.workers,
                f"{state.owed:,}",
                _seconds(state.oldest_seconds, "-"),
                "broker away" if state.messages is None else f"{state.messages:,}",
                *(f"{rate:.1f}" for rate in rates.get(state.queue, ())),
                *(["-", "-"] if state.queue not in rates else []),
                _seconds(state.last_consumption_seconds, "never", " ago"),
                "paused" if state.paused_since else "",
            )
            for state in states
        ],
    )


def _seconds(value: float | None, absent: str, after: str = "") -> str:
    return absent if value is None else f"{value:.0f} s{after}"
