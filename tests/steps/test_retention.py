"""Retention: what is no longer needed is forgotten, and nothing else."""

from datetime import timedelta

from sqlalchemy import select

from moderation.db import Database
from moderation.idempotency import KEPT_FOR, Once
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.retention import count_overdue, forget, forget_by, rules
from moderation.sites import NewSite
from moderation.tables import Comment, IdempotencyRow
from tests.conftest import StoppedClock
from tests.steps.conftest import Post


def test_an_address_is_forgotten_after_its_days_and_the_comment_stays(
    database: Database, post: Post, clock: StoppedClock
) -> None:
    old = post(ip="198.51.100.7")
    clock.advance(days=20)
    new = post(ip="198.51.100.8")
    clock.advance(days=11)
    assert forget(database, clock(), ip_retention_days=30) == 1
    with database.read() as session:
        assert session.get_one(Comment, old).ip is None
        assert session.get_one(Comment, old).body == "Well said."
        assert session.get_one(Comment, new).ip == "198.51.100.8"


def test_a_stored_answer_is_kept_for_a_day(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock
) -> None:
    once = Once(site.id, "/v1/comments", "k", b"body")
    accept(database, keyed, site.id, [], clock(), shape=lambda _ids: {}, once=once)
    clock.now += KEPT_FOR - timedelta(seconds=1)
    forget(database, clock(), ip_retention_days=30)
    with database.read() as session:
        assert len(session.scalars(select(IdempotencyRow)).all()) == 1
    clock.advance(seconds=2)
    forget(database, clock(), ip_retention_days=30)
    with database.read() as session:
        assert session.scalars(select(IdempotencyRow)).all() == []


def test_what_is_overdue_can_be_counted_before_it_is_forgotten(
    database: Database, post: Post, clock: StoppedClock
) -> None:
    for number in range(3):
        post(ip=f"198.51.100.{number}")
    kept = rules(ip_retention_days=30, delivery_retention_days=30)

    def overdue() -> dict[str, int]:
        with database.read() as session:
            counts = {rule.what: count_overdue(session, rule, clock()) for rule in kept}
        return {what: count for what, count in counts.items() if count}

    clock.advance(days=29)
    assert overdue() == {}
    clock.advance(days=2)
    assert overdue() == {"visitors' addresses": 3}
    assert [list(forget_by(database, rule, clock())) for rule in kept] == [[3], [], [], [], []]
    assert overdue() == {}
