"""`moderation status`: one screen that says what runs, what waits and what is wrong."""

import dataclasses
import sys
from collections import Counter
from typing import Any

import click

from moderation import __version__
from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_json, set_up
from moderation.flow import QueueState
from moderation.payload import moment
from moderation.standing import Standing, look_at_all


@click.command()
@as_json
def status(*, as_json: bool) -> None:
    """Print what runs, what waits, what is held back and what is wrong. Exits 1 when something is wrong.

    \b
    Example:
      moderation status
    """
    setup = set_up()
    found = look_at_all(setup.settings, setup.database, utc_now())
    if as_json:
        print_json(_document(found))
    else:
        click.echo(f"comment-moderation {__version__}, {setup.settings.effective_base_url}")
        _section("runs", _runs(found))
        _section("waits", _waits(found))
        _section("held back", found.held_back)
        _section("wrong", found.wrong or ["nothing"])
    sys.exit(1 if found.wrong else 0)


def _section(name: str, lines: Any) -> None:
    for number, line in enumerate(lines):
        click.echo(f"{'' if number else name:<10} {line}")


def _runs(found: Standing) -> list[str]:
    counts = Counter(f"{one.kind} {' '.join(one.queues)}".strip() for one in found.processes)
    lines = [f"{count} × {name}" for name, count in counts.items()]
    well = [f"{part.name} ({part.seconds * 1000:.1f} ms)" for part in found.parts if part.is_well]
    return [*lines, ", ".join(well)]


def _waits(found: Standing) -> list[str]:
    lines = [_queue_line(state) for state in found.queues]
    return lines + [_line(one.count, one.what, one.oldest_seconds) for one in found.waiting]


def _queue_line(state: QueueState) -> str:
    what = "comments for their verdict" if state.queue == "screen" else "messages to be sent"
    return _line(state.owed, what, state.oldest_seconds)


def _line(count: int, what: str, oldest_seconds: float | None) -> str:
    return f"{count:,} {what}{'' if oldest_seconds is None else f', the oldest for {_span(oldest_seconds)}'}"


def _span(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _document(found: Standing) -> dict[str, Any]:
    document = dataclasses.asdict(found)
    for process in document["processes"]:
        process["seen_at"] = moment(process["seen_at"])
    for queue in document["queues"]:
        queue["paused_since"] = moment(queue["paused_since"])
    return document
