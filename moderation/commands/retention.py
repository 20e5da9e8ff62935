"""`moderation retention`: what is kept how long, and forgetting the rest now."""

from collections.abc import Sequence
from datetime import datetime

import click

from moderation.clock import utc_now
from moderation.commands.setup import Setup, as_json, print_json, print_table, set_up
from moderation.retention import MOST_COUNTED, Rule, count_overdue, forget_by, rules


@click.command()
@click.option("--now", "is_now", is_flag=True, help="Forget now what is overdue, some rows in each transaction.")
@as_json
def retention(*, is_now: bool, as_json: bool) -> None:
    """Print what is kept how long and how much is overdue; the workers forget it every ten minutes.

    Comments, verdicts and decisions stay until somebody erases them: `moderation privacy erase`.

    \b
    Example:
      moderation retention --now
    """
    setup = set_up()
    kept = rules(
        ip_retention_days=setup.settings.ip_retention_days,
        delivery_retention_days=setup.settings.delivery_retention_days,
    )
    now = utc_now()
    forgotten = [_forget(setup, rule, now) for rule in kept] if is_now else None
    _print(setup, kept, forgotten, now, as_json=as_json)


def _forget(setup: Setup, rule: Rule, now: datetime) -> int:
    forgotten = 0
    for rows in forget_by(setup.database, rule, now):
        forgotten += rows
        click.echo(f"{rule.what}: {forgotten:,} forgotten", err=True)
    return forgotten


def _print(
    setup: Setup, kept: Sequence[Rule], forgotten: Sequence[int] | None, now: datetime, *, as_json: bool
) -> None:
    with setup.database.read() as session:
        overdue = [count_overdue(session, rule, now) for rule in kept]
    if as_json:
        documents = [
            {"what": rule.what, "kept_days": rule.kept_for.days, "setting": rule.setting or None, "overdue": count}
            for rule, count in zip(kept, overdue, strict=True)
        ]
        for document, rows in zip(documents, forgotten or (), strict=False):
            document["forgotten"] = rows
        print_json(documents)
        return
    print_table(
        ("what", "kept for", "overdue", "setting"),
        [
            (
                rule.what,
                f"{rule.kept_for.days} day{'' if rule.kept_for.days == 1 else 's'}",
                f"{count:,}{' or more' if count == MOST_COUNTED else ''}",
                rule.setting or "fixed",
            )
            for rule, count in zip(kept, overdue, strict=True)
        ],
    )
    click.echo("comments, verdicts and decisions are kept until they are erased: `moderation privacy erase`")
