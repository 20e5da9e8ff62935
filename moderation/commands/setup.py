"""What most commands start with: the settings, the database, the keys, and one way to print a result."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from moderation.db import Database
from moderation.identity import Keyed
from moderation.log import configure
from moderation.settings import Settings

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a command works with."""

    settings: Settings
    database: Database

    @property
    def keyed(self) -> Keyed:
        """The keyed hashes of this installation."""
        return Keyed(self.settings.secret(), self.settings.secret_key_previous)


def set_up() -> Setup:
    """Read the settings and name the database; connects to nothing yet."""
    settings = Settings.from_environment()
    return Setup(settings, Database.of(settings))


def set_up_with_log() -> Setup:
    """Do the same for a command whose doing is to be found in the log, on standard error."""
    setup = set_up()
    configure(setup.settings.log_level, "command")
    return setup


def print_json(document: Any) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print a thing, one `name: value` per line, aligned."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        click.echo(f"{name + ':':<{width + 1}} {value}")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their columns, each as wide as its widest value."""
    texts = [[str(value) for value in row] for row in rows]
    widths = [max(len(line[at]) for line in [list(columns), *texts]) for at in range(len(columns))]
    show: Callable[[Sequence[str]], str] = lambda line: "  ".join(  # noqa: E731 - one line is clearest
        f"{value:<{width}}" for value, width in zip(line, widths, strict=True)
    ).rstrip()
    click.echo(show(columns))
    for line in texts:
        click.echo(show(line))
