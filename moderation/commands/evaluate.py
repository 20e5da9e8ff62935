"""`moderation evaluate`: measures a text model on labelled comments it was not trained on."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from moderation.learning.evaluation import Figures

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_THRESHOLDS = (0.2, 0.5, 0.9, 0.98)

_EPILOG = """
\b
r@1%      share of spam caught where 1 % of ham is called spam
ham>.5    share of ham whose probability is 0.5 or more
ham 1%<   the probability that 1 % of ham exceeds
spam 5%>  the probability that 5 % of spam stays under
Brier     mean squared error of the probabilities; 0 is best

\b
Example:
  moderation evaluate dev.jsonl.gz
  moderation evaluate dev.jsonl.gz --weights weights.npz --json

\b
Exit codes: 0 done; 1 a file is bad; 2 used wrongly.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=_FILE)
@click.option("--weights", type=_FILE, help="Weights to measure; default: the ones shipped with the program.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object.")
def evaluate(file: Path, weights: Path | None, *, wants_json: bool) -> None:
    """Measure the text model on labelled comments, per source and over all.

    FILE is .jsonl or .jsonl.gz: one object a line with `source`, `body` and `label` (spam, ham or toxic; toxic counts
    as ham here). Figures mean something only on comments the weights were not trained on.
    """
    from moderation.errors import ModerationError
    from moderation.learning import evaluation
    from moderation.learning.model import TextModel
    from moderation.learning.rows import read_rows

    try:
        model = TextModel.load(weights)
        rows = list(read_rows(file))
    except ModerationError as error:
        raise click.ClickException(str(error)) from error
    if not rows:
        raise click.ClickException(f"{file}: there are no comments in it")
    measured = evaluation.evaluate(model, rows, _THRESHOLDS)
    if wants_json:
        entries = [dataclasses.asdict(figures) for figures in measured]
        click.echo(json.dumps({"model": model.version, "figures": entries}))
    else:
        _print_table(model.version, measured)


def _print_table(version: str, measured: "Sequence[Figures]") -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    heads, lines = _heads(measured[0]), [_line(figures) for figures in measured]
    console = Console()
    if console.is_terminal:
        table = Table(title=f"text model {version}", box=SIMPLE)
        for at, head in enumerate(heads):
            table.add_column(head, justify="left" if at == 0 else "right")
        for line in lines:
            table.add_row(*line)
        console.print(table)
        return
    click.echo(f"text model {version}")
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    for line in [heads, *lines]:
        rest = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        click.echo("  ".join([line[0].ljust(widths[0]), *rest]))


def _heads(figures: "Figures") -> list[str]:
    from moderation.learning.evaluation import SPAM_BELOW

    return [
        *("source", "spam", "ham", "AUC"),
        *(f"r@{share:.1%}".replace(".0%", "%") for share, _ in figures.recalls),
        *(f"{kind}>{above.threshold:g}".replace("0.", ".") for kind in ("ham", "spam") for above in figures.above),
        *(f"ham {share:.1%}<".replace(".0%", "%") for share, _ in figures.ham_bounds),
        f"spam {SPAM_BELOW:.0%}>",
        "Brier",
    ]


def _line(figures: "Figures") -> list[str]:
    return [
        *(figures.source, f"{figures.spam}", f"{figures.ham}", _number(figures.auc)),
        *(_number(recall) for _, recall in figures.recalls),
        *(_number(above.ham) for above in figures.above),
        *(_number(above.spam) for above in figures.above),
        *(_number(bound) for _, bound in figures.ham_bounds),
        _number(figures.spam_bound),
        _number(figures.brier),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
