"""What `moderation evaluate` is given: labelled comments, a policy, weights; and a word where they know each other.

Raises click's errors, which name the file.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from moderation.errors import ModerationError

if TYPE_CHECKING:
    from moderation.learning.model import TextModel
    from moderation.learning.rows import Row
    from moderation.learning.toxic import ToxicModel
    from moderation.policy import Policy


def read(files: Sequence[Path]) -> "list[Row]":
    """Read labelled comments, all files in a row."""
    from moderation.learning.rows import read_rows

    rows = [row for file in files for row in read_rows(file)]
    if files and not rows:
        raise click.ClickException(f"{files[0]}: there are no comments in it")
    return rows


def text_model(weights: Path | None, file: Path) -> "TextModel":
    """Load the text model to measure, the shipped one where no weights are given."""
    from moderation.learning.model import TextModel

    model = TextModel.load(weights)
    _warn_of_known_rows(model.trained_on, file)
    return model


def toxic_model(weights: Path | None, file: Path) -> "ToxicModel":
    """Load the toxic model to measure, the shipped one where no weights are given."""
    from moderation.learning.toxic import ToxicModel

    model = ToxicModel.load(weights)
    _warn_of_known_rows(model.trained_on, file)
    return model


def _warn_of_known_rows(trained_on: Sequence[str], file: Path) -> None:
    from moderation.learning.rows import digest_of

    if digest_of(file) in trained_on:
        click.echo(f"Careful: these weights were trained on {file}; on other comments they are worse.", err=True)


def read_policy_file(path: Path) -> "Policy":
    """Read a policy from a JSON file."""
    from moderation.policy import read_policy

    try:
        return read_policy(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path}: no JSON: {error}") from error
    except ModerationError as error:
        raise click.ClickException(f"{path}: {error}") from error
