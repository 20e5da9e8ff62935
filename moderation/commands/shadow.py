"""`moderation shadow`: what would change if what is in the shadow had a say."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_json, print_table, set_up
from moderation.sites import find_site

if TYPE_CHECKING:
    from moderation.shadow_report import Agreement, ShadowReport

_DAYS = 30


@click.command()
@click.option("--site", "site", required=True, help="Id or name of the site.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help=f"First moment, in UTC; default: {_DAYS} days."
)
@as_json
def shadow(site: str, since: datetime | None, *, as_json: bool) -> None:
    """Compare verdicts with what they would be if the policy's shadow, or MODERATION_SHADOW_WEIGHTS, had a say.

    \b
    Example:
      moderation shadow --site "Daily News" --since 2026-01-31
    """
    from moderation.shadow_report import shadow_report

    start = since.replace(tzinfo=UTC) if since else utc_now() - timedelta(days=_DAYS)
    with set_up().database.read() as session:
        report = shadow_report(session, find_site(session, site).id, start)
    if as_json:
        print_json({"comments": report.comments, "differing": report.differing, **asdict(report)})
        return
    _show(report, start)


def _show(report: "ShadowReport", start: datetime) -> None:
    if not report.comments:
        click.echo(f"No comment since {start:%Y-%m-%d %H:%M} was judged with anything in the shadow.")
        return
    print_table(
        ("verdict", "would be", "comments", "people approved", "people called spam"),
        [
            (one.action, one.would_be, one.comments, one.approved_by_people, one.spam_by_people)
            for one in report.changes
        ],
    )
    click.echo(f"{report.differing:,} of {report.comments:,} would be judged differently.")
    click.echo(f"Of those that people decided, the verdict was {_in_words(report.verdict)};")
    click.echo(f"with what is in the shadow it would be {_in_words(report.shadow)}.")


def _in_words(one: "Agreement") -> str:
    return f"right about {one.right:,}, wrong about {one.wrong:,}, and held {one.held:,}"
