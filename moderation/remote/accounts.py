"""What a service's rows say of it: how it is doing, what a site may still ask today, what became of questions."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.remote.breaker import Breaker
from moderation.tables import RemoteBudget, RemoteOutcome, RemoteService


def load_breaker(session: Session, service: str) -> Breaker:
    """Return how the service is doing, as all processes know it."""
    row = session.get(RemoteService, service, with_for_update=True)
    return Breaker(row.failures, timedelta(seconds=row.pause_seconds), row.open_until) if row else Breaker()


def save_breaker(session: Session, service: str, breaker: Breaker) -> None:
    """Tell all processes how the service is doing. Of two that tell at once the last one counts."""
    values = {
        "failures": breaker.failures,
        "pause_seconds": breaker.pause.total_seconds(),
        "open_until": breaker.open_until,
    }
    row = _insert(session, RemoteService).values(service=service, **values)
    session.execute(row.on_conflict_do_update(index_elements=[RemoteService.service], set_=values))


def reserve(session: Session, service: str, wanted: Mapping[str, int], now: datetime, most: int) -> dict[str, int]:
    """Take calls for sites off today's budget before they are made; return how many each one gets."""
    granted = {}
    for site_id, calls in sorted(wanted.items()):
        empty = {"site_id": site_id, "service": service, "day": now.date(), "calls": 0}
        session.execute(_insert(session, RemoteBudget).values(**empty).on_conflict_do_nothing())
        row = session.get_one(RemoteBudget, (site_id, service), with_for_update=True, populate_existing=True)
        if row.day != now.date():
            row.day, row.calls = now.date(), 0
        granted[site_id] = max(0, min(calls, most - row.calls))
        row.calls += granted[site_id]
    return granted


def give_back(session: Session, service: str, unpaid: Mapping[str, int]) -> None:
    """Put calls that were not made back on the budget."""
    for site_id, calls in sorted(unpaid.items()):
        of_site = (RemoteBudget.site_id == site_id, RemoteBudget.service == service, RemoteBudget.calls >= calls)
        session.execute(update(RemoteBudget).where(*of_site).values(calls=RemoteBudget.calls - calls))


def count(session: Session, service: str, outcomes: Counter[str]) -> None:
    """Add to what became of questions."""
    for outcome, number in sorted((+outcomes).items()):
        row = _insert(session, RemoteOutcome).values(service=service, outcome=outcome, questions=number)
        more = {"questions": RemoteOutcome.questions + number}
        session.execute(
            row.on_conflict_do_update(index_elements=[RemoteOutcome.service, RemoteOutcome.outcome], set_=more)
        )


def _insert(session: Session, row: type[RemoteService | RemoteBudget | RemoteOutcome]) -> sqlite.Insert:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    # Both have the same methods.
    return cast("sqlite.Insert", dialect.insert(row))
