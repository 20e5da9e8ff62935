"""Make the page that Prometheus reads: everything counted, what the rows say, and whether the parts answer.

Names end in their unit or `_total`; no label holds an id, an address or a URL. List: docs/operations.md.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from moderation.broker import BrokerAwayError, ping_redis, queue_lengths
from moderation.db import Database
from moderation.metrics.counted import COUNTERS, HISTOGRAMS
from moderation.metrics.families import gauge
from moderation.metrics.rows import ask_rows
from moderation.replica import Replica, ReplicaAwayError
from moderation.settings import Settings
from moderation.tables import Site
from moderation.tallies import Counter, Histogram, Key, read


def render(settings: Settings, database: Database, now: datetime, replica: Replica | None = None) -> bytes:
    """Return all metrics in Prometheus' text format, of a database that is away only that it is."""
    registry = CollectorRegistry()
    registry.register(_Everything(settings, database, now, replica or Replica()))
    return generate_latest(registry)


class _Everything(Collector):
    def __init__(self, settings: Settings, database: Database, now: datetime, replica: Replica) -> None:
        self._settings = settings
        self._database = database
        self._now = now
        self._replica = replica

    def describe(self) -> list[Metric]:
        """Say nothing: asking the database at registration would ask it twice per scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask the database, then the broker and Redis."""
        up: dict[str, float] = {}
        seconds: dict[str, float] = {}
        families: list[Metric] = []
        lengths: dict[str, int] = {}

        def ask_database() -> None:
            with self._database.read() as session:
                families.extend(ask_rows(session, self._now))
                families.extend(_counted(session))

        def ask_broker() -> None:
            lengths.update(queue_lengths(self._settings))

        def ask_replica() -> None:
            with self._database.read() as session:
                self._replica.check(session)

        parts: dict[str, Callable[[], object]] = {
            "database": ask_database,
            "broker": ask_broker,
            "redis": lambda: ping_redis(self._settings),
        }
        if self._replica.is_there:
            parts["replica"] = ask_replica
        for part, ask in parts.items():
            began = time.perf_counter()
            try:
                ask()
                up[part] = 1
            except (SQLAlchemyError, BrokerAwayError, ReplicaAwayError):
                up[part] = 0
            seconds[part] = time.perf_counter() - began
        yield from families
        yield gauge("moderation_up", "1 when the part answers.", "part", up)
        yield gauge("moderation_scrape_seconds", "Time that asking the part took.", "part", seconds)
        yield gauge("moderation_queue_length", "Messages waiting in the broker, by queue.", "queue", lengths)


def _counted(session: Session) -> Iterator[Metric]:
    names = {row.id: row.name for row in session.execute(select(Site.id, Site.name))}
    by_metric: dict[str, dict[Key, float]] = defaultdict(dict)
    for (name, *rest), value in read(session).items():
        by_metric[name][tuple(rest)] = value
    for counter in COUNTERS:
        yield _counter(counter, by_metric[counter.name], names)
    for histogram in HISTOGRAMS:
        yield _histogram(histogram, by_metric[histogram.name], names)


def _named(labels: tuple[str, ...], values: Key, names: Mapping[str, str]) -> Key:
    return tuple(
        names.get(value, "gone") if label == "site" else value for label, value in zip(labels, values, strict=True)
    )


def _counter(counter: Counter, sums: Mapping[Key, float], names: Mapping[str, str]) -> Metric:
    family = CounterMetricFamily(counter.name, counter.help, labels=counter.labels)
    shown: dict[Key, float] = defaultdict(float)
    for values, value in sums.items():
        if len(values) == len(counter.labels):
            shown[_named(counter.labels, values, names)] += value
    if not counter.labels:
        shown.setdefault((), 0)
    for values, value in sorted(shown.items()):
        family.add_metric(values, value)
    return family


def _histogram(histogram: Histogram, sums: Mapping[Key, float], names: Mapping[str, str]) -> Metric:
    family = HistogramMetricFamily(histogram.name, histogram.help, labels=histogram.labels)
    shown: dict[Key, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for key, value in sums.items():
        labels, bucket = key[:-1], key[-1]
        if len(labels) == len(histogram.labels):
            shown[_named(histogram.labels, labels, names)][bucket] += value
    if not histogram.labels:
        shown.setdefault((), {})
    bounds = [*(repr(float(bound)) for bound in histogram.bounds), "+Inf"]
    for values, buckets in sorted(shown.items()):
        below, cumulated = 0.0, []
        for bound in bounds:
            below += buckets.get(bound, 0)
            cumulated.append((bound, below))
        family.add_metric(values, cumulated, sum_value=buckets.get("sum", 0.0))
    return family
