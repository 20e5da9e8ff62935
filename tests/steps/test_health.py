"""Health: each part says for itself whether it is well, and metrics tell what waits."""

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from moderation.broker import Backlog, BrokerAwayError, queue_lengths
from moderation.db import Database, make_engine
from moderation.health import check, note_heartbeat
from moderation.metrics.page import render
from moderation.metrics.rows import ask_rows
from moderation.screening import screen
from moderation.settings import Settings
from tests.conftest import ROOT, StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of a set whose Redis was never started."""
    return Settings(data_dir=tmp_path, trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),))


def test_a_queue_that_nobody_consumes_is_named(database: Database, settings: Settings, clock: StoppedClock) -> None:
    def unwell() -> dict[str, str]:
        return {part.name: part.detail for part in check(settings, database, clock()) if not part.is_well}

    assert set(unwell()) == {"redis", "broker", "worker:screen", "worker:deliver"}
    note_heartbeat(database, "screen", "screen-1@host", clock())
    note_heartbeat(database, "screen", "screen-2@host", clock())
    assert set(unwell()) == {"redis", "broker", "worker:deliver"}
    clock.advance(seconds=60)
    assert unwell()["worker:screen"] == "nobody has consumed from this queue for 60 seconds"


def test_a_database_that_is_away_is_named_and_its_password_is_not(settings: Settings) -> None:
    database = Database(make_engine("postgresql://someone:hunter2@127.0.0.1:1/db"))
    parts = check(settings, database)
    unwell = {part.name for part in parts if not part.is_well}
    assert {"database", "migrations", "worker:screen"} <= unwell
    assert "hunter2" not in str(parts)


def test_a_database_without_tables_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    database = Database(make_engine(f"sqlite:///{tmp_path / 'empty.db'}"))
    details = {part.name: part.detail for part in check(settings, database)}
    assert details["migrations"] == "steps are missing: run `moderation migrate`"
    database.close()


def test_metrics_tell_what_waits_and_since_when(
    database: Database, settings: Settings, post: Post, clock: StoppedClock
) -> None:
    screen(database, judge_with(), [post(), post(body="this is spam")], clock)
    post()
    clock.advance(seconds=30)
    note_heartbeat(database, "screen", "screen-1@host", clock())
    text = render(settings, database, clock()).decode()
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert values["moderation_waiting", "received"] == 1
    assert values["moderation_waiting", "held"] == 1
    assert values["moderation_oldest_held_seconds",] == 30
    assert values["moderation_oldest_received_seconds",] == 30
    assert values["moderation_last_consumption_seconds", "screen"] == 0
    assert values["moderation_up", "broker"] == 0
    if not database.is_sqlite:
        # This very scrape is one of them.
        assert values["moderation_database_connections", "active"] == 1
        assert values["moderation_database_connections_most",] > 1


def test_a_broker_that_is_away_is_said_to_be(settings: Settings) -> None:
    with pytest.raises(BrokerAwayError):
        queue_lengths(settings)
    # Whoever rings finds that out by ringing.
    assert not Backlog(settings, "screen").is_there()


def test_every_metric_is_documented(database: Database, settings: Settings, clock: StoppedClock) -> None:
    families = text_string_to_metric_families(render(settings, database, clock()).decode())
    shown = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    text = (ROOT / "docs" / "operations.md").read_text()
    assert shown == set(re.findall(r"^\| `(moderation_\w+)` \|", text, re.MULTILINE))


def test_what_waits_is_counted_by_the_indexes_of_it(database: Database, clock: StoppedClock) -> None:
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"

    def note(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            plans.append(str(cursor.execute(f"{explain} {statement}", parameters).fetchall()))

    with database.read() as session:
        if not database.is_sqlite:
            # There is nothing stored: it would not take the trouble.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(database.engine, "before_cursor_execute", note)
        list(ask_rows(session, clock()))
        event.remove(database.engine, "before_cursor_execute", note)
    for index in ("comments_owed", "comments_held", "deliveries_owed", "deliveries_dead", "decisions_owed"):
        assert any(index in plan for plan in plans), index
    for index in ("comments_by_status", "deliveries_by_endpoint", "decisions_by_action"):
        assert not any(index in plan for plan in plans), index
