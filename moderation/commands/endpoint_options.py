"""Options of `moderation endpoint` that say what an endpoint wants to hear of comments, and when."""

from collections.abc import Callable
from typing import Any

import click

from moderation.quiet import DEFAULT_BURST, MAX_BURST, MAX_SCORE


class _Hours(click.ParamType[Any]):
    """`22:00-07:00 Asia/Tehran`, or `none`."""

    name = "hours"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return them as the API takes them."""
        if not isinstance(value, str) or value == "none":
            return {}
        hours, _, zone = value.strip().partition(" ")
        start, dash, end = hours.partition("-")
        if not (dash and zone.strip()):
            self.fail(f"{value!r} is not such as '22:00-07:00 Asia/Tehran'", param, ctx)
        return {"from": start, "to": end, "zone": zone.strip()}


_OPTIONS = (
    click.option(
        "--min-score",
        type=click.FloatRange(-MAX_SCORE, MAX_SCORE),
        help="Tell of no comment whose score is lower; 0: of all.",
    ),
    click.option("--languages", help="Tell of comments in these languages only, comma separated; '' for all."),
    click.option(
        "--quiet-hours",
        type=_Hours(),
        help="Hold messages about held comments back, such as '22:00-07:00 Asia/Tehran'; 'none'.",
    ),
    click.option(
        "--burst",
        type=click.IntRange(0, MAX_BURST),
        help=f"Tell of so many held comments one by one in ten minutes, of more together; 0: all one by one. "
        f"Default: {DEFAULT_BURST} for messages to people.",
    ),
)


def quiet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take them, as `min_score`, `languages`, `quiet_hours` and `burst`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def as_sent(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options as the API takes them; None is what was not given."""
    languages = given.get("languages")
    return given | {"languages": [one for one in languages.split(",") if one] if languages is not None else None}


def in_words(document: dict[str, Any]) -> dict[str, str]:
    """Return what an endpoint's lists and objects read as."""
    hours = document["quiet_hours"]
    return {
        "languages": ",".join(document["languages"]),
        "quiet_hours": f"{hours['from']}-{hours['to']} {hours['zone']}" if hours else "none",
    }
