"""`moderation evaluate`: measures the filter on labelled comments that it was not trained on."""

import dataclasses
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from moderation.commands.measured_files import read, read_policy_file, text_model, toxic_model
from moderation.errors import ModerationError

if TYPE_CHECKING:
    from moderation.evaluating.text_model import Scored
    from moderation.learning.model import TextModel
    from moderation.learning.rows import Row
    from moderation.learning.toxic import ToxicModel
    from moderation.policy import Policy

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

_EPILOG = """
\b
AUC        area under the ROC curve, with its 95 % interval
r@1%       share of spam caught where 1 % of ham is called spam, with its interval
precision  share of spam among what is called spam there
PR AUC     area under the curve of precision over recall
Brier      mean squared error of the probabilities; 0 is best
ham>.5     share of ham whose probability is 0.5 or more (--details)
ham 1%<    the probability that 1 % of ham exceeds
spam 5%>   the probability that 5 % of spam stays under

\b
Example:
  moderation evaluate dev.jsonl.gz
  moderation evaluate dev.jsonl.gz --weights weights.npz --details --mistakes 10
  moderation evaluate dev.jsonl.gz --label toxic
  moderation evaluate dev.jsonl.gz --pipeline --policy policy.json
  moderation evaluate dev.jsonl.gz --train train.jsonl.gz --each-left-out
  moderation evaluate dev.jsonl.gz --train train.jsonl.gz --subsets youtube_en
  moderation evaluate dev.jsonl.gz --train train.jsonl.gz --decisions

\b
Exit codes: 0 done; 1 a file is bad; 2 used wrongly.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=_FILE)
@click.option("--weights", type=_FILE, help="Weights to measure; default: the ones shipped with the program.")
@click.option("--label", type=click.Choice(["spam", "toxic"]), default="spam", help="What is to be told from ham.")
@click.option("--details", is_flag=True, help="Also by language and time, bounds for a policy, and calibration.")
@click.option("--mistakes", type=click.IntRange(min=0), default=0, metavar="N", help="Show the N worst of each kind.")
@click.option("--plots", type=click.Path(file_okay=False, path_type=Path), help="Draw PNG files into this folder.")
@click.option("--pipeline", is_flag=True, help="Measure all filters together: what is approved, held, called spam.")
@click.option("--toxic-weights", type=_FILE, help="With --pipeline: the toxic model's weights.")
@click.option("--policy", type=_FILE, help="With --pipeline: a policy (JSON) instead of the default one.")
@click.option("--disguised", is_flag=True, help="Measure disguised comments; with --pipeline in every way together.")
@click.option("--linked", is_flag=True, help="Measure honest comments with a neutral link appended.")
@click.option("--train", type=_FILE, multiple=True, help="Labelled comments to train on, for the next three.")
@click.option("--each-left-out", is_flag=True, help="Measure each source by weights trained without it.")
@click.option("--subsets", metavar="SOURCE", help="Measure each subset of a source by weights trained without it.")
@click.option("--decisions", is_flag=True, help="Measure each source so left out again as its comments are decided.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object, with everything.")
def evaluate(
    file: Path,
    *,
    weights: Path | None,
    label: str,
    details: bool,
    mistakes: int,
    plots: Path | None,
    pipeline: bool,
    toxic_weights: Path | None,
    policy: Path | None,
    disguised: bool,
    linked: bool,
    train: tuple[Path, ...],
    each_left_out: bool,
    subsets: str | None,
    decisions: bool,
    wants_json: bool,
) -> None:
    """Measure the filter on labelled comments, per source and over all.

    FILE is .jsonl or .jsonl.gz: one object a line with `source`, `body` and `label` (spam, ham or toxic; toxic counts
    as ham where only the text model is measured), and maybe `author`, `url`, `thread`, `lang`, `subset` and `date`.
    Figures mean something only on comments the weights were not trained on.

    With --pipeline every source is a new site without a single decision, and its comments come in the order of their
    dates, those without one in the order of the file. Nothing is stored.
    """
    is_left_out = each_left_out or decisions or subsets is not None
    _check_use(
        has_lost_policy=bool((policy or toxic_weights) and not pipeline),
        has_lost_train=bool(train) != is_left_out,
        has_toxic_more=label == "toxic"
        and bool(pipeline or train or disguised or linked or details or mistakes or plots),
    )
    try:
        rows = read([file])
        if label == "toxic":
            _measure_toxic(rows, toxic_model(weights, file), wants_json=wants_json)
        elif subsets is not None:
            _measure_subsets([*read(train), *rows], subsets, wants_json=wants_json)
        elif decisions:
            _measure_adaptation(read(train), rows, wants_json=wants_json)
        elif pipeline:
            given = read_policy_file(policy) if policy else None
            changed = _changed(rows, disguised=disguised, linked=linked)
            how = " ".join(name for name, is_on in (("disguised", disguised), ("linked", linked)) if is_on)
            models = text_model(weights, file), toxic_model(toxic_weights, file)
            _measure_pipeline(changed, read(train), *models, given, how, wants_json=wants_json)
        elif each_left_out:
            _measure_left_out(read(train), rows, plots, mistakes, details=details, wants_json=wants_json)
        else:
            model = text_model(weights, file)
            if disguised or linked:
                _measure_robustness(model, rows, wants_json=wants_json)
            else:
                _measure_model(model, rows, plots, mistakes, details=details, wants_json=wants_json)
    except ModerationError as error:
        raise click.ClickException(str(error)) from error


def _measure_toxic(rows: "list[Row]", model: "ToxicModel", *, wants_json: bool) -> None:
    from moderation.evaluating import toxicity

    measured = toxicity.measure(model, rows)
    if wants_json:
        click.echo(json.dumps({"model": model.version, "figures": [dataclasses.asdict(one) for one in measured]}))
    else:
        click.echo(f"toxic model {model.version}\n{toxicity.as_text(measured)}")


def _check_use(*, has_lost_policy: bool, has_lost_train: bool, has_toxic_more: bool) -> None:
    if has_lost_policy:
        raise click.UsageError("--policy and --toxic-weights are for --pipeline: the text model knows neither.")
    if has_lost_train:
        raise click.UsageError("--train goes with --each-left-out, --subsets or --decisions, and they with it.")
    if has_toxic_more:
        raise click.UsageError("--label toxic goes with --weights and --json alone.")


def _changed(rows: "list[Row]", *, disguised: bool, linked: bool) -> "list[Row]":
    from moderation.evaluating import disguises

    if linked:
        rows = [disguises.linked(row) if row.label == "ham" else row for row in rows]
    if disguised:
        rows = [disguises.disguised(row, disguises.together) for row in rows]
    return rows


def _measure_pipeline(
    rows: "list[Row]",
    train_rows: "list[Row]",
    shipped: "TextModel",
    toxic: "ToxicModel",
    policy: "Policy | None",
    how: str,
    *,
    wants_json: bool,
) -> None:
    from moderation.evaluating import pipeline_report
    from moderation.evaluating.leaving_out import each_left_out
    from moderation.evaluating.replay import replay
    from moderation.evaluating.toxicity import without
    from moderation.filters import BUILT_IN
    from moderation.log import configure
    from moderation.progress import progress

    # Whatever goes wrong with one comment stands in its verdict.
    configure("ERROR", "evaluate")
    logging.getLogger("moderation").setLevel(logging.ERROR)
    with progress() as tell:
        if train_rows:
            name = "weights trained without the source"
            outcomes = [
                outcome
                for source, model, own in each_left_out(train_rows, rows, tell)
                for outcome in replay(own, BUILT_IN, model, policy, toxic=without(train_rows, source), tell=tell)
            ]
        else:
            name = f"text model {shipped.version}"
            outcomes = replay(rows, BUILT_IN, shipped, policy, toxic=toxic, tell=tell)
    if wants_json:
        content = {"model": name, "changed": how or None} | pipeline_report.as_values(outcomes)
        click.echo(json.dumps(content, ensure_ascii=False))
        return
    of_policy = "a policy of your own" if policy else "the default policy"
    what = f"All filters with {name} at {of_policy}, no decisions yet"
    click.echo(pipeline_report.as_text(outcomes, what + (f"; comments {how}" if how else "")))


def _measure_model(
    model: "TextModel", rows: "Sequence[Row]", plots: Path | None, mistakes: int, *, details: bool, wants_json: bool
) -> None:
    from moderation.evaluating.text_model import score

    _report(f"text model {model.version}", score(model, rows), plots, mistakes, details=details, wants_json=wants_json)


def _measure_left_out(
    train_rows: "list[Row]",
    rows: "list[Row]",
    plots: Path | None,
    mistakes: int,
    *,
    details: bool,
    wants_json: bool,
) -> None:
    from moderation.evaluating.leaving_out import scored_left_out
    from moderation.progress import progress

    with progress() as tell:
        scored = scored_left_out(train_rows, rows, tell)
    _report(
        "each source by weights trained without it", scored, plots, mistakes, details=details, wants_json=wants_json
    )


def _report(what: str, scored: "Scored", plots: Path | None, mistakes: int, *, details: bool, wants_json: bool) -> None:
    from moderation.evaluating import text_model_report
    from moderation.evaluating.plots import draw

    if wants_json:
        content = {"model": what.removeprefix("text model ")} | text_model_report.as_values(scored, mistakes)
        click.echo(json.dumps(content, ensure_ascii=False))
    else:
        click.echo(what)
        click.echo(text_model_report.as_text(scored, has_details=details, most_mistakes=mistakes))
    if plots:
        for path in draw(scored, plots):
            click.echo(f"Wrote {path}", err=True)


def _measure_robustness(model: "TextModel", rows: "list[Row]", *, wants_json: bool) -> None:
    from moderation.evaluating import robustness
    from moderation.progress import progress

    if len({row.is_spam for row in rows}) == 1:
        raise click.ClickException("There must be spam and other comments to set a bound between.")
    with progress() as tell:
        measured = robustness.robustness(model, rows, tell)
    if wants_json:
        click.echo(json.dumps({"model": model.version, "disguises": [dataclasses.asdict(one) for one in measured]}))
        return
    click.echo(f"text model {model.version}")
    click.echo(robustness.as_text(measured))


def _measure_adaptation(train_rows: "list[Row]", rows: "list[Row]", *, wants_json: bool) -> None:
    from moderation.learning.adaptation import adaptation, table
    from moderation.progress import progress

    in_both = {row.source for row in rows if row.is_spam} & {row.source for row in train_rows}
    sources = sorted(in_both & {row.source for row in rows if not row.is_spam})
    if not sources:
        raise click.ClickException("No source has spam and ham in FILE, and comments to decide in --train.")
    found = []
    with progress() as tell:
        for done, source in enumerate(sources, start=1):
            found += adaptation(train_rows, rows, source)
            tell("adapting", done, len(sources))
    if wants_json:
        click.echo(json.dumps({"decisions": [dataclasses.asdict(one) for one in found]}))
        return
    click.echo("each source by weights trained without it, then taught by so many decisions; means of eight draws")
    click.echo("\n".join(table(found)))


def _measure_subsets(rows: "list[Row]", source: str, *, wants_json: bool) -> None:
    from moderation.evaluating.leaving_out import subsets_as_text, subsets_left_out
    from moderation.progress import progress

    if source not in {row.source for row in rows}:
        there = ", ".join(sorted({row.source for row in rows if row.subset}))
        raise click.BadParameter(f"no comment is from {source!r}; with subsets there are: {there}")
    with progress() as tell:
        measured = subsets_left_out(rows, source, tell)
    if wants_json:
        click.echo(json.dumps({"source": source, "subsets": [dataclasses.asdict(one) for one in measured]}))
        return
    click.echo(f"{source}, each subset by weights trained on all other comments; spam from probability .5 on")
    click.echo(subsets_as_text(measured))
