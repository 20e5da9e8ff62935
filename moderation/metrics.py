"""What Prometheus reads: queries over the rows at the moment of the scrape, so any number of processes agree.

Names end in their unit or `_total`; no label holds an id of a comment, an address or a URL. List: docs/operations.md.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from moderation.broker import BrokerAwayError, queue_lengths
from moderation.db import Database
from moderation.floods import states_of
from moderation.settings import Settings
from moderation.sweeping import is_past
from moderation.tables import (
    PENDING,
    RECEIVED,
    Comment,
    DeliveryRow,
    Endpoint,
    Heartbeat,
    RemoteOutcome,
    RemoteQuestion,
    RemoteService,
    VerdictRow,
)

_STATUSES = ("received", "approved", "held", "spam", "rejected")
_STATES = ("pending", "delivered", "dead", "dropped")


def render(settings: Settings, database: Database, now: datetime) -> bytes:
    """Return all metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Rows(settings, database, now))
    return generate_latest(registry)


class _Rows(Collector):
    def __init__(self, settings: Settings, database: Database, now: datetime) -> None:
        self._settings = settings
        self._database = database
        self._now = now

    def describe(self) -> list[Metric]:
        """Say nothing: asking the database at registration would ask it twice per scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask the rows, then the broker."""
        yield from self._from_rows()
        yield from self._from_sites()
        yield from self._from_remote()
        yield from self._from_broker()

    def _from_rows(self) -> Iterator[Metric]:
        with self._database.read() as session:
            statuses = _counts(session, Comment.status)
            states = _counts(session, DeliveryRow.state)
            oldest = session.scalar(select(func.min(Comment.received_at)).where(Comment.status == RECEIVED))
            due = session.scalar(
                select(func.min(DeliveryRow.created_at))
                .join(Endpoint, Endpoint.id == DeliveryRow.endpoint_id)
                .where(
                    DeliveryRow.state == PENDING,
                    DeliveryRow.next_attempt_at <= self._now,
                    is_past(Endpoint.rests_until, self._now),
                )
            )
            failing = session.scalar(
                select(func.count()).where(
                    Endpoint.tripped_at.is_not(None), Endpoint.enabled, Endpoint.deleted_at.is_(None)
                )
            )
            attempts = session.scalar(select(func.sum(Endpoint.attempts_made))) or 0
            shadows = session.execute(shadow_verdicts()).all()
            heartbeats = session.execute(select(Heartbeat.queue, Heartbeat.consumed_at)).all()
        yield _gauge(
            "moderation_comments",
            "Comments stored, by status.",
            "status",
            {status: statuses.get(status, 0) for status in _STATUSES},
        )
        yield _gauge(
            "moderation_deliveries",
            "Webhook deliveries, by state.",
            "state",
            {state: states.get(state, 0) for state in _STATES},
        )
        yield GaugeMetricFamily(
            "moderation_oldest_received_seconds",
            "Age of the oldest comment that waits for its verdict; 0 when none does.",
            value=self._age(oldest),
        )
        yield GaugeMetricFamily(
            "moderation_oldest_delivery_due_seconds",
            "Age of the oldest delivery that is due, at endpoints that are not left alone; 0 when none is.",
            value=self._age(due),
        )
        yield GaugeMetricFamily(
            "moderation_endpoints_failing", "Endpoints whose owner was told that they fail.", value=failing or 0
        )
        yield CounterMetricFamily("moderation_delivery_attempts", "Attempts to deliver a webhook.", value=attempts)
        compared = CounterMetricFamily(
            "moderation_shadow_verdicts",
            "Verdicts given while something was tried out, by what they were and would have been.",
            labels=["action", "would_be"],
        )
        for action, would_be, count in shadows:
            compared.add_metric([action, would_be], count)
        yield compared
        yield _gauge(
            "moderation_last_consumption_seconds",
            "Time since a worker took a message off the queue.",
            "queue",
            {queue: self._age(consumed_at) for queue, consumed_at in heartbeats},
        )

    def _from_sites(self) -> Iterator[Metric]:
        with self._database.read() as session:
            flooded = len(states_of(session, self._now))
        yield GaugeMetricFamily("moderation_sites_tightened", "Sites that are flooded and tightened.", value=flooded)

    def _from_remote(self) -> Iterator[Metric]:
        with self._database.read() as session:
            outcomes = session.execute(
                select(RemoteOutcome.service, RemoteOutcome.outcome, RemoteOutcome.questions)
            ).all()
            services = session.execute(select(RemoteService.service, RemoteService.open_until)).all()
            owed = session.scalar(
                select(func.count()).select_from(RemoteQuestion).where(RemoteQuestion.answered_at.is_(None))
            )
        counted = CounterMetricFamily(
            "moderation_remote_questions",
            "Questions to services outside, by what became of them.",
            labels=["service", "outcome"],
        )
        for service, outcome, questions in outcomes:
            counted.add_metric([service, outcome], questions)
        yield counted
        yield _gauge(
            "moderation_remote_open",
            "1 while a service outside is left alone because it failed.",
            "service",
            {service: int(open_until is not None and open_until > self._now) for service, open_until in services},
        )
        yield GaugeMetricFamily(
            "moderation_remote_questions_owed",
            "Questions to services outside without an answer yet.",
            value=owed or 0,
        )

    def _from_broker(self) -> Iterator[Metric]:
        try:
            lengths = queue_lengths(self._settings)
        except BrokerAwayError:
            lengths = {}
        yield GaugeMetricFamily("moderation_broker_up", "1 when the broker answers.", value=1 if lengths else 0)
        yield _gauge("moderation_queue_length", "Messages waiting in the broker, by queue.", "queue", lengths)

    def _age(self, moment: datetime | None) -> float:
        return max(0.0, (self._now - moment).total_seconds()) if moment else 0.0


def shadow_verdicts() -> Select[tuple[str, str | None, int]]:
    """Select how many verdicts were `action` and would have been `would_be`; none where nothing is tried out."""
    return (
        select(VerdictRow.action, VerdictRow.shadow_action, func.count())
        .where(VerdictRow.shadow_action.is_not(None))
        .group_by(VerdictRow.action, VerdictRow.shadow_action)
    )


def _counts(session: Session, column: InstrumentedAttribute[str]) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).group_by(column))
    return {row[0]: row[1] for row in rows}


def _gauge(name: str, text_help: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text_help, labels=[label])
    for label_value, value in values.items():
        family.add_metric([label_value], value)
    return family
