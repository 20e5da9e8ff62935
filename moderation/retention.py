"""Forget what is no longer needed, a little at a time: what is kept how long is the list that `rules` returns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from moderation import idempotency, text_memory
from moderation.db import Database
from moderation.remote import questions
from moderation.tables import AttemptRow, Comment, DeliveryRow, IdempotencyRow, RemoteQuestion

# Rows per transaction: short enough that nobody waits for it.
_AT_ONCE = 1_000
# What waits to be forgotten is counted up to here.
MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that is kept for so long. `setting` changes it; none where it is fixed.

    `old` selects the keys of what is older than a moment, by an index; `erase` forgets those.
    """

    what: str
    kept_for: timedelta
    setting: str
    old: Callable[[datetime], Select[Any]]
    erase: Callable[[Session, Sequence[Any]], object]

    def overdue(self, now: datetime) -> Select[Any]:
        """Select the keys of what is to be forgotten."""
        return self.old(now - self.kept_for)


def rules(*, ip_retention_days: int, delivery_retention_days: int) -> list[Rule]:
    """Return what is kept how long. Comments, verdicts and decisions are not in it: they stay until they are erased."""
    return [
        Rule(
            "visitors' addresses",
            timedelta(days=ip_retention_days),
            "MODERATION_IP_RETENTION_DAYS",
            lambda before: select(Comment.id).where(Comment.ip.is_not(None), Comment.received_at < before),
            _forget_addresses,
        ),
        Rule(
            "finished deliveries and their attempts",
            timedelta(days=delivery_retention_days),
            "MODERATION_DELIVERY_RETENTION_DAYS",
            lambda before: select(DeliveryRow.id).where(
                DeliveryRow.finished_at.is_not(None), DeliveryRow.finished_at < before
            ),
            _forget_deliveries,
        ),
        Rule(
            "sketches of texts that nobody decided about",
            text_memory.KEPT_FOR,
            "",
            lambda before: text_memory.overdue(before + text_memory.KEPT_FOR),
            lambda session, keys: text_memory.forget_texts(session, [key for (key,) in keys]),
        ),
        Rule(
            "answers under an Idempotency-Key",
            idempotency.KEPT_FOR,
            "",
            lambda before: select(IdempotencyRow.site_id, IdempotencyRow.route, IdempotencyRow.key).where(
                IdempotencyRow.created_at < before
            ),
            _forget_answers,
        ),
        Rule(
            "questions to services outside",
            questions.FORGET_AFTER,
            "",
            lambda before: select(RemoteQuestion.comment_id, RemoteQuestion.service).where(
                RemoteQuestion.asked_at < before
            ),
            _forget_questions,
        ),
    ]


def forget(database: Database, now: datetime, *, ip_retention_days: int, delivery_retention_days: int = 30) -> int:
    """Forget what is overdue by every rule; return how many rows."""
    kept = rules(ip_retention_days=ip_retention_days, delivery_retention_days=delivery_retention_days)
    return sum(rows for rule in kept for rows in forget_by(database, rule, now))


def forget_by(database: Database, rule: Rule, now: datetime) -> Iterator[int]:
    """Forget what is overdue, some in each transaction; yield how many after each."""
    while True:
        with database.write() as session:
            keys = session.execute(rule.overdue(now).limit(_AT_ONCE)).all()
            if not keys:
                return
            rule.erase(session, keys)
        yield len(keys)


def count_overdue(session: Session, rule: Rule, now: datetime) -> int:
    """Return how many rows are to be forgotten, MOST_COUNTED at most."""
    overdue = rule.overdue(now).limit(MOST_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(overdue)) or 0


def _forget_addresses(session: Session, keys: Sequence[Any]) -> None:
    session.execute(
        update(Comment)
        .where(Comment.id.in_([key for (key,) in keys]))
        .values(ip=None)
        .execution_options(synchronize_session=False)
    )


def _forget_deliveries(session: Session, keys: Sequence[Any]) -> None:
    ids = [key for (key,) in keys]
    session.execute(delete(AttemptRow).where(AttemptRow.delivery_id.in_(ids)))
    session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(ids)))


def _forget_answers(session: Session, keys: Sequence[Any]) -> None:
    key = tuple_(IdempotencyRow.site_id, IdempotencyRow.route, IdempotencyRow.key)
    session.execute(delete(IdempotencyRow).where(key.in_([tuple(one) for one in keys])))


def _forget_questions(session: Session, keys: Sequence[Any]) -> None:
    key = tuple_(RemoteQuestion.comment_id, RemoteQuestion.service)
    session.execute(delete(RemoteQuestion).where(key.in_([tuple(one) for one in keys])))
