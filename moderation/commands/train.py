"""`moderation train`: rebuilds the text model's weights from labelled comments."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from moderation.learning.rows import Row

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

_EPILOG = """
\b
Example:
  moderation train train.jsonl.gz --without blog_en --out weights.npz
  moderation evaluate dev.jsonl.gz --weights weights.npz

\b
Exit codes: 0 done; 1 a file is bad or holds too little; 2 used wrongly.
"""


@click.command(epilog=_EPILOG)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@click.option("--without", "left_out", multiple=True, metavar="SOURCE", help="Leave a source out; may be repeated.")
@click.option(
    "--label",
    type=click.Choice(["spam", "toxic"]),
    default="spam",
    show_default=True,
    help="What to learn to tell: spam from all else, or toxic from ham.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("weights.npz"),
    show_default=True,
    help="Where to write the weights.",
)
def train(files: tuple[Path, ...], left_out: tuple[str, ...], label: str, out: Path) -> None:
    """Learn a text model's weights from labelled comments.

    A FILE is .jsonl or .jsonl.gz: one object a line with `source`, `body` and `label` (spam, ham or toxic; toxic is
    not spam). The weights hold numbers only, no text. The same files and the same program give the same weights.
    """
    from moderation.errors import ModerationError
    from moderation.learning import training
    from moderation.learning.rows import digest_of
    from moderation.learning.toxic_training import train_toxic

    try:
        rows = _rows(files, left_out)
        digests = [digest_of(file) for file in files]
        with _progress() as tell:
            weights = (
                train_toxic(rows, tell=tell, trained_on=digests)
                if label == "toxic"
                else training.train(rows, tell=tell, trained_on=digests)
            )
        weights.save(out)
    except ModerationError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{out}: cannot be written: {error.strerror}") from error
    click.echo(f"Wrote {out} ({out.stat().st_size:,} bytes), version {weights.version}, from {len(rows):,} comments.")


def _rows(files: tuple[Path, ...], left_out: tuple[str, ...]) -> "list[Row]":
    from moderation.learning.rows import read_rows

    rows = [row for file in files for row in read_rows(file)]
    sources = Counter(row.source for row in rows)
    for source in left_out:
        if source not in sources:
            there = ", ".join(sorted(sources)) or "none"
            raise click.BadParameter(f"no comment is from {source!r}; there are: {there}", param_hint="--without")
    for source in sorted(sources):
        note = " (left out)" if source in left_out else ""
        click.echo(f"{source}: {sources[source]:,} comments{note}", err=True)
    return [row for row in rows if row.source not in left_out]


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each step on a terminal, and a line now and then elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _tell_in_lines
        return
    with Progress(console=console, transient=True) as bars:
        tasks = {}

        def tell(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=of)
            bars.update(tasks[step], completed=done, total=of)

        yield tell


def _tell_in_lines(step: str, done: int, of: int) -> None:
    if done in (0, of) or done % 25 == 0:
        click.echo(f"{step}: {done:,} of at most {of:,}", err=True)
