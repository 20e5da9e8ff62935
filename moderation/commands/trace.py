"""`moderation trace`: a comment's whole way."""

from datetime import datetime
from typing import Any

import click

from moderation.commands.setup import as_json, print_json, print_table, set_up
from moderation.comment_trace import Step
from moderation.comment_trace import trace as trace_comment


@click.command()
@click.argument("comment_id")
@as_json
def trace(comment_id: str, *, as_json: bool) -> None:
    """Print a comment's whole way in the order of time: accepted, judged and why, told to whom, decided, learned.

    It holds ids, signals and times, and nothing of what somebody wrote. Times are UTC.

    \b
    Example:
      moderation trace cm_01kb…
    """
    with set_up().database.read() as session:
        steps = trace_comment(session, comment_id)
    if as_json:
        print_json({"comment": comment_id, "steps": [step.document() for step in steps]})
        return
    print_table(("time", "after", "what", "details"), [_row(step, steps[0].at) for step in steps])


def _row(step: Step, began: datetime) -> tuple[str, str, str, str]:
    at = step.at.isoformat(sep=" ", timespec="milliseconds").partition("+")[0]
    what = f"{step.what} (to come)" if step.is_to_come else step.what
    return at, _span((step.at - began).total_seconds()), what, "  ".join(_words(step.details))


def _words(details: dict[str, Any]) -> list[str]:
    return [f"{name}={_value(value)}" for name, value in details.items()]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{points:+g}" for name, points in value.items()) or "none"
    text = ",".join(value) if isinstance(value, list) else str(value)
    return f'"{text}"' if " " in text else text


def _span(seconds: float) -> str:
    """Return a span in the largest unit that leaves it readable."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.3f} s"
