"""Questions to services as rows: owed from the moment `screening` writes them until `asking` writes the answer.

A verdict that waits for an answer waits for PATIENCE at most; whatever died meanwhile, the sweep finds the comment.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.columns import Reader
from moderation.pausing import paused_sites
from moderation.remote.question import Question, failed
from moderation.signals import Evidence, Signal
from moderation.tables import Comment, Post, RemoteQuestion, Site, table

# Longer than a round of calls may take (`calls`), so that only an answer that never comes is given up.
PATIENCE = timedelta(seconds=90)
# How long a claim holds; whoever died over a question has lost it by then.
CLAIM = PATIENCE
# Questions of one round.
MOST_AT_ONCE = 100
# Nobody waits for one that is so old: its comment was decided by a person, or its site asks no more.
FORGET_AFTER = timedelta(days=1)

Answer = tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """What services said of a comment, by service, and who is still being asked."""

    answers: Mapping[str, Answer]
    pending: frozenset[str]


NOTHING_HEARD = Heard({}, frozenset())


def heard_of(session: Reader, comment_ids: Collection[str], now: datetime) -> dict[str, Heard]:
    """Return what is known of these comments; an answer that is overdue counts as one that failed."""
    if not comment_ids:
        return {}
    rows = session.execute(
        select(
            RemoteQuestion.comment_id,
            RemoteQuestion.service,
            RemoteQuestion.asked_at,
            RemoteQuestion.answered_at,
            RemoteQuestion.signals,
        ).where(RemoteQuestion.comment_id.in_(comment_ids))
    )
    answers: dict[str, dict[str, Answer]] = {}
    pending: dict[str, set[str]] = {}
    for row in rows:
        if row.answered_at is not None:
            answers.setdefault(row.comment_id, {})[row.service] = read_signals(row.signals or [])
        elif now - row.asked_at >= PATIENCE:
            answers.setdefault(row.comment_id, {})[row.service] = (failed(row.service, "not asked in time"),)
        else:
            pending.setdefault(row.comment_id, set()).add(row.service)
    return {
        comment_id: Heard(answers.get(comment_id, {}), frozenset(pending.get(comment_id, ())))
        for comment_id in {*answers, *pending}
    }


def put(session: Session, wanted: Mapping[str, Sequence[str]], now: datetime) -> None:
    """Write down the services to ask by comment, once, and have the sweep look when patience is over."""
    if not wanted:
        return
    # Those that somebody else is writing are somebody else's.
    free = session.scalars(
        select(Comment.id)
        .where(Comment.id.in_(wanted), Comment.status == "received")
        .order_by(Comment.id)
        .with_for_update(skip_locked=True)
    ).all()
    rows = [
        {"comment_id": comment_id, "service": service, "asked_at": now, "due_at": now}
        for comment_id in free
        for service in wanted[comment_id]
    ]
    if not rows:
        return
    session.execute(
        update(Comment)
        .where(Comment.id.in_(free))
        # It was not begun in vain.
        .values(ring_at=now + PATIENCE, tries=0)
        .execution_options(synchronize_session=False)
    )
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(table(RemoteQuestion)).on_conflict_do_nothing(), rows)


def drop(session: Session, comment_ids: Collection[str]) -> None:
    """Forget the questions about these comments: their verdicts hold what was answered."""
    if comment_ids:
        session.execute(
            delete(RemoteQuestion)
            .where(RemoteQuestion.comment_id.in_(comment_ids))
            .execution_options(synchronize_session=False)
        )


def services_owing(session: Session, now: datetime) -> list[str]:
    """Return the services that are to be asked about something."""
    return sorted(session.scalars(owing_services(now)))


def owing_services(now: datetime) -> Select[tuple[str]]:
    """Return the query for services to ask."""
    return (
        select(RemoteQuestion.service)
        .join(Comment, Comment.id == RemoteQuestion.comment_id)
        .where(
            RemoteQuestion.answered_at.is_(None),
            RemoteQuestion.due_at <= now,
            Comment.status == "received",
            Comment.site_id.not_in(paused_sites()),
        )
        .distinct()
    )


def due(session: Session, service: str, now: datetime) -> list[Question]:
    """Return what the service is to be asked now, oldest first."""
    return [
        Question(
            comment_id=comment.id,
            site_id=comment.site_id,
            domain=domain,
            post_id=comment.post_id,
            post_url=url,
            post_title=title,
            name=comment.name,
            email=comment.email,
            website=comment.website,
            body=comment.body,
            language=comment.language,
            ip=comment.ip,
            user_agent=comment.user_agent,
            referrer=comment.referrer,
            received_at=comment.received_at,
        )
        for comment, url, title, domain in session.execute(due_questions(service, now))
    ]


def due_questions(service: str, now: datetime) -> Select[tuple[Comment, str | None, str | None, str | None]]:
    """Return the query for comments to ask the service about, with what surrounds them."""
    return (
        select(Comment, Post.url, Post.title, Site.domain)
        .join(RemoteQuestion, RemoteQuestion.comment_id == Comment.id)
        .join(Site, Site.id == Comment.site_id)
        .outerjoin(Post, and_(Post.site_id == Comment.site_id, Post.id == Comment.post_id))
        .where(
            RemoteQuestion.service == service,
            RemoteQuestion.answered_at.is_(None),
            RemoteQuestion.due_at <= now,
            Comment.status == "received",
        )
        .order_by(RemoteQuestion.due_at, Comment.id)
        .limit(MOST_AT_ONCE)
    )


def claim(session: Session, service: str, comment_ids: Collection[str], now: datetime) -> set[str]:
    """Take these questions, if nobody has; return the comments of those taken."""
    # Comments before questions, as everybody locks them.
    free = session.scalars(
        select(Comment.id)
        .where(Comment.id.in_(comment_ids), Comment.status == "received")
        .order_by(Comment.id)
        .with_for_update(skip_locked=True)
    ).all()
    taken = session.scalars(
        update(RemoteQuestion)
        .where(
            RemoteQuestion.service == service,
            RemoteQuestion.comment_id.in_(free),
            RemoteQuestion.answered_at.is_(None),
            RemoteQuestion.due_at <= now,
        )
        .values(due_at=now + CLAIM)
        .returning(RemoteQuestion.comment_id)
        .execution_options(synchronize_session=False)
    )
    return set(taken)


def hand_back(session: Session, service: str, comment_ids: Collection[str], now: datetime) -> None:
    """Undo the claim: these were not asked."""
    if comment_ids:
        session.execute(
            update(RemoteQuestion)
            .where(RemoteQuestion.service == service, RemoteQuestion.comment_id.in_(comment_ids))
            .values(due_at=now)
            .execution_options(synchronize_session=False)
        )


def write_answers(session: Session, service: str, answers: Mapping[str, Answer], now: datetime) -> list[str]:
    """Write down what was answered, by comment; return the comments that wait for no other answer.

    Those are judged next; should their bell be lost, the sweep finds them.
    """
    if not answers:
        return []
    # Comments before questions, as everybody locks them. Of two services that answer at once the second one sees the
    # first one's answer.
    session.execute(select(Comment.id).where(Comment.id.in_(answers)).order_by(Comment.id).with_for_update())
    for comment_id, signals in sorted(answers.items()):
        session.execute(
            update(RemoteQuestion)
            .where(RemoteQuestion.comment_id == comment_id, RemoteQuestion.service == service)
            .values(answered_at=now, signals=[_document(signal) for signal in signals])
            .execution_options(synchronize_session=False)
        )
    waits = select(RemoteQuestion.comment_id).where(
        RemoteQuestion.comment_id.in_(answers), RemoteQuestion.answered_at.is_(None)
    )
    ready = sorted(answers.keys() - set(session.scalars(waits)))
    session.execute(
        update(Comment)
        .where(Comment.id.in_(ready), Comment.status == "received")
        .values(ring_at=now)
        .execution_options(synchronize_session=False)
    )
    return ready


def _document(signal: Signal) -> dict[str, Any]:
    return asdict(signal)


def read_signals(documents: Sequence[Mapping[str, Any]]) -> Answer:
    """Read signals as they are stored."""
    return tuple(
        Signal(one["name"], one["strength"], tuple(Evidence(**evidence) for evidence in one["evidence"]))
        for one in documents
    )
