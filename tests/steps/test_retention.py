"""Retention: what is no longer needed is forgotten, and nothing else."""

from datetime import timedelta

from sqlalchemy import select

from moderation.db import Database
from moderation.idempotency import KEPT_FOR, Once
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.retention import forget
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
