"""What waits, how old the oldest is, and how the parts stand: asked of the rows at the moment of the scrape.

Any number of processes agree on it. Each query reads an index of what is owed and counts no further than
`MOST_COUNTED`, so a scrape costs the same whatever is stored.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from moderation.clock import seconds_since
from moderation.floods import states_of
from moderation.metrics.families import gauge
from moderation.pausing import paused_sites, read_controls
from moderation.tables import (
    DEAD,
    HELD,
    PENDING,
    RECEIVED,
    Comment,
    DecisionRow,
    DeliveryRow,
    Endpoint,
    Heartbeat,
    RemoteOutcome,
    RemoteQuestion,
    RemoteService,
    Site,
    SiteModelRow,
    TallyRow,
)

# What waits is counted up to here: beyond, the age of the oldest says more.
MOST_COUNTED = 100_000

# No state is told of what another role does.
_CONNECTIONS = text(
    "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1"
)


def ask_rows(session: Session, now: datetime) -> Iterator[Metric]:
    """Ask how things stand."""
    yield from _waiting(session)
    yield from _ages(session, now)
    yield from _sites(session, now)
    yield from _remote(session, now)
    yield from _connections(session)
    yield gauge(
        "moderation_paused",
        "What operators hold back: sites, queues; 1 for workers that are drained.",
        "kind",
        _paused(session),
    )
    yield gauge(
        "moderation_last_consumption_seconds",
        "Time since a worker took a message off the queue.",
        "queue",
        {
            queue: seconds_since(consumed_at, now)
            for queue, consumed_at in session.execute(select(Heartbeat.queue, Heartbeat.consumed_at))
        },
    )


def _connections(session: Session) -> Iterator[Metric]:
    """Ask PostgreSQL who is connected: what all pools hold together, whichever process is asked."""
    counts: dict[str, float] = {}
    most = GaugeMetricFamily("moderation_database_connections_most", "Connections that the server lets in.")
    if session.get_bind().dialect.name == "postgresql":
        counts = {"active": 0, "idle": 0, "idle in transaction": 0}
        counts |= dict(session.execute(_CONNECTIONS).tuples().all())
        most.add_metric([], float(session.scalar(text("SELECT current_setting('max_connections')")) or 0))
    yield gauge("moderation_database_connections", "Connections to the database, by state.", "state", counts)
    yield most


def _paused(session: Session) -> Mapping[str, float]:
    controls = read_controls(session)
    return {
        "site": _count(session, paused_sites()),
        "queue": len(controls.paused_queues),
        "workers": int(controls.drained_at is not None),
    }


def _waiting(session: Session) -> Iterator[Metric]:
    yield gauge(
        "moderation_waiting",
        f"What waits, by kind; counted up to {MOST_COUNTED:,}.",
        "kind",
        {
            "received": _count(session, waiting(Comment.ring_at, Comment.status == RECEIVED)),
            "held": _count(session, waiting(Comment.settled_at, Comment.status == HELD)),
            "delivery": _count(session, waiting(DeliveryRow.ring_at, DeliveryRow.state == PENDING)),
            "dead_letter": _count(session, waiting(DeliveryRow.finished_at, DeliveryRow.state == DEAD)),
            "decision": _count(session, waiting(DecisionRow.site_id, DecisionRow.learned_at.is_(None))),
            "tally": _count(session, select(TallyRow.id)),
        },
    )


def waiting(column: InstrumentedAttribute[Any], which: ColumnElement[bool]) -> Select[Any]:
    """Select what waits in the order of the index of it: SQLite would else go through a larger one from end to end."""
    return select(column).where(which).order_by(column)


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.limit(MOST_COUNTED).subquery())) or 0


def _ages(session: Session, now: datetime) -> Iterator[Metric]:
    for name, what, query in (
        ("received", "comment that waits for its verdict", _oldest(Comment.received_at, Comment.status == RECEIVED)),
        ("held", "comment that waits for a moderator", _oldest(Comment.settled_at, Comment.status == HELD)),
        (
            "delivery_due",
            "delivery that is due",
            _oldest(DeliveryRow.created_at, DeliveryRow.state == PENDING, DeliveryRow.next_attempt_at <= now),
        ),
        (
            "decision",
            "decision that is not learned yet",
            _oldest(DecisionRow.decided_at, DecisionRow.learned_at.is_(None)),
        ),
    ):
        yield GaugeMetricFamily(
            f"moderation_oldest_{name}_seconds",
            f"Age of the oldest {what}; 0 when none is.",
            value=seconds_since(session.scalar(query), now),
        )


def _sites(session: Session, now: datetime) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "moderation_sites_tightened",
        "Sites that are flooded and tightened.",
        value=len(states_of(session, now)),
    )
    yield gauge(
        "moderation_endpoints",
        "Endpoints, by state.",
        "state",
        _by_state(session, now),
    )
    newest = select(func.max(SiteModelRow.version)).where(SiteModelRow.site_id == Site.id).scalar_subquery()
    versions = GaugeMetricFamily(
        "moderation_site_model_version", "Newest version of what a site taught; 0 before the first.", labels=["site"]
    )
    for name, version in session.execute(select(Site.name, func.coalesce(newest, 0)).order_by(Site.id)):
        versions.add_metric([name], version)
    yield versions


def _by_state(session: Session, now: datetime) -> Mapping[str, float]:
    """Count the endpoints: there are few of them."""
    states: dict[str, float] = {"well": 0, "resting": 0, "disabled": 0}
    for enabled, rests_until in session.execute(
        select(Endpoint.enabled, Endpoint.rests_until).where(Endpoint.deleted_at.is_(None))
    ):
        is_resting = rests_until is not None and rests_until > now
        states["disabled" if not enabled else "resting" if is_resting else "well"] += 1
    return states


def _remote(session: Session, now: datetime) -> Iterator[Metric]:
    counted = CounterMetricFamily(
        "moderation_remote_questions",
        "Questions to services outside, by what became of them.",
        labels=["service", "outcome"],
    )
    for service, outcome, questions in session.execute(
        select(RemoteOutcome.service, RemoteOutcome.outcome, RemoteOutcome.questions)
    ):
        counted.add_metric([service, outcome], questions)
    yield counted
    yield gauge(
        "moderation_remote_open",
        "1 while a service outside is left alone because it failed.",
        "service",
        {
            service: int(open_until is not None and open_until > now)
            for service, open_until in session.execute(select(RemoteService.service, RemoteService.open_until))
        },
    )
    yield GaugeMetricFamily(
        "moderation_remote_questions_owed",
        "Questions to services outside without an answer yet.",
        value=_count(session, select(RemoteQuestion.comment_id).where(RemoteQuestion.answered_at.is_(None))),
    )


def _oldest(moment: InstrumentedAttribute[Any], *which: ColumnElement[bool]) -> Select[tuple[datetime | None]]:
    return select(func.min(moment)).where(*which)
