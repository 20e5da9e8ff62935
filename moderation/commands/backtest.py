"""`moderation backtest`: what another policy, word list or model would have made of what people decided."""

import contextlib
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moderation.clock import utc_now
from moderation.commands.setup import as_json, print_json, print_table, set_up
from moderation.errors import ModerationError
from moderation.sites import find_site, list_sites

if TYPE_CHECKING:
    from moderation.backtesting.comparing import Comparison, NewlyWrong
    from moderation.backtesting.rejudging import Proposal

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DAYS = 90


@click.command()
@click.option("--site", help="Id or name of a site; default: all of them.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help=f"First moment, in UTC; default: {_DAYS} days."
)
@click.option("--policy", type=_FILE, help="A policy (JSON, as PUT /v1/policy takes it) instead of the site's own.")
@click.option("--words-hold", type=_FILE, help="A word list, one a line as in WordPress, instead of the policy's.")
@click.option("--words-spam", type=_FILE, help="Likewise.")
@click.option("--weights", type=_FILE, help="Weights that `moderation train` wrote, instead of the shipped ones.")
@click.option(
    "--show", type=click.IntRange(min=0), default=20, show_default=True, help="Name so many comments at most."
)
@as_json
def backtest(
    *,
    site: str | None,
    since: datetime | None,
    policy: Path | None,
    words_hold: Path | None,
    words_spam: Path | None,
    weights: Path | None,
    show: int,
    as_json: bool,
) -> None:
    """Judge the comments that people decided about once more, by another policy, list or model; change nothing.

    What is not given stays as it was when the comment was judged. Prints how many verdicts would be different, and
    which comments would newly be judged against the moderators' word. Emails and texts are not shown.

    \b
    Example:
      moderation backtest --site "Daily News" --policy policy.json
      moderation backtest --words-hold moderation_keys.txt --since 2026-01-31

    \b
    Exit codes: 0 done, whatever it found; 1 a file or the database is bad; 2 used wrongly.
    """
    from moderation.backtesting.decided import backtest as judge_again
    from moderation.learning.model import TextModel
    from moderation.progress import progress

    if not (policy or words_hold or words_spam or weights):
        raise click.UsageError("Say what to try: --policy, --words-hold, --words-spam or --weights.")
    proposal = _proposal(policy, words_hold, words_spam)
    model = TextModel.load(weights) if weights else None
    start = since.replace(tzinfo=UTC) if since else utc_now() - timedelta(days=_DAYS)
    database = set_up().database
    with contextlib.closing(database), progress() as tell:
        with database.read() as session:
            sites = [find_site(session, site).id] if site else [one.id for one in list_sites(session)]
        found = judge_again(database, sites, proposal, model, since=start, most_shown=show, tell=tell)
    recomputed = _recomputed(proposal, has_weights=weights is not None)
    if as_json:
        print_json(_document(found, start, recomputed))
    else:
        _show(found, start, recomputed)


def _proposal(policy: Path | None, words_hold: Path | None, words_spam: Path | None) -> "Proposal":
    from moderation.backtesting.rejudging import Proposal
    from moderation.policy import read_policy

    given: dict[str, Any] = {}
    path = None
    try:
        if policy:
            path = policy
            given["policy"] = read_policy(json.loads(policy.read_text(encoding="utf-8")))
        for name, path in (("words_hold", words_hold), ("words_spam", words_spam)):
            if path:
                lines = path.read_text(encoding="utf-8-sig").splitlines()
                given[name] = getattr(read_policy({name: [line for line in lines if line.strip()]}), name)
    except (OSError, ValueError, ModerationError) as error:
        raise click.ClickException(f"{path}: {error}") from error
    return Proposal(**given)


def _recomputed(proposal: "Proposal", *, has_weights: bool) -> list[str]:
    said = ["signals as stored with the verdicts, weighed again (their strengths are stored to four digits)"]
    if proposal.policy:
        said.append("where the policy differs in them: rules, languages and word lists, on the stored comments")
        said.append("a first-timer is who had no earlier comment at all; max_lengths refuse nothing here")
    elif proposal.words_hold is not None or proposal.words_spam is not None:
        said.append("word lists, on the stored comments")
    if has_weights:
        said.append(
            "the text model, on the stored texts, together with what the site has taught since: as it learned from "
            "these very decisions, that flatters"
        )
    return said


def _document(found: "Comparison", start: datetime, recomputed: list[str]) -> dict[str, Any]:
    return {
        "since": start.isoformat(),
        "comments": found.comments,
        "changed": found.changed,
        "recomputed": recomputed,
        "counts": [
            {"decision": decision, "action": action, "would_be": would_be, "comments": count}
            for (decision, action, would_be), count in sorted(found.counts.items())
        ],
        "newly_right": {"approve": found.right("approve"), "spam": found.right("spam")},
        "newly_wrong": {
            "approve": {action: found.wrong("approve", action) for action in ("hold", "spam", "discard")},
            "spam": {"approve": found.wrong("spam", "approve")},
            "comments": [asdict(one) | {"because": dict(one.because)} for one in found.newly_wrong],
        },
    }


def _show(found: "Comparison", start: datetime, recomputed: list[str]) -> None:
    if not found.comments:
        click.echo(f"People have decided about no judged comment that came since {start:%Y-%m-%d %H:%M}.")
        return
    print_table(
        ("people said", "verdict", "would be", "comments"),
        [(*key, f"{count:,}") for key, count in sorted(found.counts.items())],
    )
    click.echo(
        f"\n{found.changed:,} of {found.comments:,} decided comments that came since {start:%Y-%m-%d %H:%M} "
        "would be judged differently."
    )
    click.echo("Recomputed: " + "; ".join(recomputed) + ".")
    called_spam, passing = found.wrong("approve", "spam", "discard"), found.wrong("spam", "approve")
    click.echo(
        f"Newly wrong: of what people approved {found.wrong('approve', 'hold'):,} more would be held and "
        f"{called_spam:,} more called spam; of what they called spam {passing:,} more would pass."
    )
    click.echo(
        f"Newly right: {found.right('approve'):,} that people approved would be dealt with less harshly, and "
        f"{found.right('spam'):,} that they called spam would no longer pass."
    )
    if found.newly_wrong:
        click.echo()
        print_table(
            ("comment", "people said", "verdict", "would be", "score", "because of"),
            [_line(one) for one in found.newly_wrong],
        )


def _line(one: "NewlyWrong") -> tuple[str, ...]:
    reasons = ", ".join(name if points is None else f"{name} {points:+g}" for name, points in one.because)
    return (one.comment_id, one.decision, one.action, one.would_be, f"{one.score:g} to {one.would_score:g}", reasons)
