"""`moderation evaluate`: measures the filter on labelled comments that it was not trained on."""

import dataclasses
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from moderation.errors import ModerationError

if TYPE_CHECKING:
    from moderation.learning.evaluation import Figures
    from moderation.learning.model import TextModel
    from moderation.learning.rows import Row
    from moderation.policy import Policy

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
  moderation evaluate dev.jsonl.gz --pipeline --policy policy.json

\b
Exit codes: 0 done; 1 a file is bad; 2 used wrongly.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=_FILE)
@click.option("--weights", type=_FILE, help="Weights to measure; default: the ones shipped with the program.")
@click.option("--pipeline", is_flag=True, help="Measure all filters together: what is approved, held, called spam.")
@click.option("--policy", type=_FILE, help="With --pipeline: a policy (JSON) instead of the default one.")
@click.option("--disguised", is_flag=True, help="Disguise every comment in every way together first.")
@click.option("--linked", is_flag=True, help="Append a neutral link to every honest comment first.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    file: Path,
    *,
    weights: Path | None,
    pipeline: bool,
    policy: Path | None,
    disguised: bool,
    linked: bool,
    wants_json: bool,
) -> None:
    """Measure the filter on labelled comments, per source and over all.

    FILE is .jsonl or .jsonl.gz: one object a line with `source`, `body` and `label` (spam, ham or toxic; toxic counts
    as ham where only the text model is measured), and maybe `author`, `url`, `thread` and `date`. Figures mean
    something only on comments the weights were not trained on.

    With --pipeline every source is a new site without a single decision, and its comments come in the order of their
    dates, those without one in the order of the file. Nothing is stored.
    """
    from moderation.learning.model import TextModel
    from moderation.learning.rows import read_rows

    if policy and not pipeline:
        raise click.UsageError("--policy is for --pipeline: the text model knows no policy.")
    try:
        model = TextModel.load(weights)
        rows = _changed(list(read_rows(file)), disguised=disguised, linked=linked)
        given = _policy(policy) if policy else None
    except ModerationError as error:
        raise click.ClickException(str(error)) from error
    if not rows:
        raise click.ClickException(f"{file}: there are no comments in it")
    how = " ".join(name for name, is_on in (("disguised", disguised), ("linked", linked)) if is_on)
    if pipeline:
        _measure_pipeline(model, rows, given, how, wants_json=wants_json)
    else:
        _measure_model(model, rows, how, wants_json=wants_json)


def _changed(rows: "list[Row]", *, disguised: bool, linked: bool) -> "list[Row]":
    from moderation.evaluating import disguises

    if linked:
        rows = [disguises.linked(row) if row.label == "ham" else row for row in rows]
    if disguised:
        rows = [disguises.disguised(row, disguises.together) for row in rows]
    return rows


def _policy(path: Path) -> "Policy":
    from moderation.policy import read_policy

    try:
        return read_policy(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path}: no JSON: {error}") from error
    except ModerationError as error:
        raise click.ClickException(f"{path}: {error}") from error


def _measure_pipeline(
    model: "TextModel", rows: "Sequence[Row]", policy: "Policy | None", how: str, *, wants_json: bool
) -> None:
    from moderation.evaluating import pipeline_report
    from moderation.evaluating.replay import replay
    from moderation.filters import BUILT_IN
    from moderation.log import configure
    from moderation.progress import progress

    # Whatever goes wrong with one comment stands in its verdict.
    configure("ERROR", "evaluate")
    logging.getLogger("moderation").setLevel(logging.ERROR)
    with progress() as tell:
        outcomes = replay(rows, BUILT_IN, model, policy, tell=tell)
    name = "a policy of your own" if policy else "the default policy"
    if wants_json:
        content = {"model": model.version, "changed": how or None} | pipeline_report.as_values(outcomes)
        click.echo(json.dumps(content, ensure_ascii=False))
        return
    what = f"All filters with text model {model.version} at {name}, no decisions yet"
    click.echo(pipeline_report.as_text(outcomes, what + (f"; comments {how}" if how else "")))


def _measure_model(model: "TextModel", rows: "Sequence[Row]", how: str, *, wants_json: bool) -> None:
    from moderation.learning import evaluation

    measured = evaluation.evaluate(model, rows, _THRESHOLDS)
    if wants_json:
        entries = [dataclasses.asdict(figures) for figures in measured]
        click.echo(json.dumps({"model": model.version, "changed": how or None, "figures": entries}))
    else:
        _print_table(model.version, measured)


def _print_table(version: str, measured: "Sequence[Figures]") -> None:
    from moderation.evaluating.tables import table

    click.echo(f"text model {version}")
    click.echo(table([_heads(measured[0]), *(_line(figures) for figures in measured)]))


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
    from moderation.evaluating.tables import number

    return [
        *(figures.source, f"{figures.spam}", f"{figures.ham}", number(figures.auc)),
        *(number(recall) for _, recall in figures.recalls),
        *(number(above.ham) for above in figures.above),
        *(number(above.spam) for above in figures.above),
        *(number(bound) for _, bound in figures.ham_bounds),
        number(figures.spam_bound),
        number(figures.brier),
    ]
