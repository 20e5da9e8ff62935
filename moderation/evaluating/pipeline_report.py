"""Puts what became of labelled comments into words: tables for people, JSON values for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from moderation.evaluating.arrivals import GAP
from moderation.evaluating.outcomes import Blame, Means, Tally, blames, means, tally
from moderation.evaluating.replay import Outcome
from moderation.evaluating.tables import number, table

_MOST_BLAMES = 15

_NOTE = f"""\
Shares of the comments with that label; "called spam" counts what is spam beyond doubt too.
Comments without a date come {GAP.total_seconds() / 60:.0f} minutes after one another."""

_HEADS = (
    *("source", "ham", "approved", "held", "called spam"),
    *("spam", "approved", "held", "called spam", "beyond doubt"),
    *("toxic", "approved", "held", "called spam"),
)


def as_text(outcomes: Sequence[Outcome], what: str) -> str:
    """Return the report; `what` says in a line what was judged, and how."""
    tallies = tally(outcomes)
    refused = sum(one.action == "refused" for one in outcomes)
    parts = [
        what,
        table([_HEADS, *(_line(one) for one in tallies)]),
        _NOTE,
        f"{refused} refused: no comment that the service would take." if refused else "",
        _means(means(tallies)),
        _blames(blames(outcomes)),
    ]
    return "\n\n".join(part for part in parts if part)


def as_values(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the same as JSON values, with counts instead of shares."""
    tallies = tally(outcomes)
    found = means(tallies)
    return {
        "sources": [{"source": one.source, "counts": one.counts} for one in tallies],
        "mean_of_sources_with_spam": asdict(found) if found else None,
        "signals_on_ham": [asdict(one) for one in blames(outcomes)],
        "signals_on_toxic": [asdict(one) for one in blames(outcomes, "toxic")],
    }


def _line(one: Tally) -> list[str]:
    def shares(label: str) -> list[str]:
        approved, held = one.share(label, "approve"), one.share(label, "hold")
        return [str(one.rows(label) or "-"), number(approved), number(held), number(one.called_spam(label), 4)]

    return [one.source, *shares("ham"), *shares("spam"), number(one.share("spam", "discard")), *shares("toxic")]


def _means(found: Means | None) -> str:
    if found is None:
        return ""
    return (
        f"Mean of the {found.sources} sources with spam: spam approved {found.spam_approved:.3f}, "
        f"held {found.spam_held:.3f}, called spam {found.spam_called_spam:.3f}; "
        f"ham held {found.ham_held:.3f}, called spam {found.ham_called_spam:.4f}"
    )


def _blames(found: Sequence[Blame]) -> str:
    if not found:
        return ""
    heads = ("signal", "on ham held", "held for it", "on ham called spam", "spam for it")
    lines = [
        (
            one.signal,
            str(one.held),
            str(one.held_without_it_approved),
            str(one.called_spam),
            str(one.called_spam_without_it_not),
        )
        for one in found[:_MOST_BLAMES]
    ]
    return (
        "What cost honest comments something (held for it: without this signal it would have been approved)\n"
        + table([heads, *lines])
    )
