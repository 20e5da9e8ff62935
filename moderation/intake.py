"""Commit comments: the moment from which the service answers for them.

Comes after `submission`; whoever calls rings for `screening` afterwards, and the sweep does where that is lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import idempotency
from moderation.columns import NewRows
from moderation.db import Database
from moderation.form_work import is_done
from moderation.forms import read_form
from moderation.idempotency import Once
from moderation.identity import Keyed, new_id
from moderation.posts import remember_posts
from moderation.submission import Submission
from moderation.tables import Comment
from moderation.text import fingerprint
from moderation.together import leave

# A comment that was not judged by then is rung for again: long enough for a busy worker, short enough for a reader.
RING_AFTER = timedelta(seconds=10)

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was committed, or what an earlier request with the same Idempotency-Key had been answered."""

    ids: tuple[str, ...]
    answer: Answer
    is_replay: bool = False


def accept(
    database: Database,
    keyed: Keyed,
    site_id: str,
    submissions: Sequence[Submission],
    now: datetime,
    *,
    shape: Callable[[Sequence[str]], Answer],
    once: Once | None = None,
    busy_for: timedelta | None = None,
    is_public: bool = False,
    asks_for_work: bool = False,
) -> Accepted:
    """Commit the submissions in one transaction and return their ids, in order.

    `shape` makes the answer from the ids; with `once` it is stored in the same transaction, and marked as not yet
    given for `busy_for`. `is_public` says that a visitor's browser sent them, `asks_for_work` that it was to show
    work for it. Raises KeyReusedError and ConflictError as `idempotency` does.
    """
    ids = [new_id("cm") for _ in submissions]
    rows = [
        _row(comment_id, site_id, one, keyed, now)
        | _form_columns(site_id, one, keyed, now, is_public=is_public, asks_for_work=asks_for_work)
        for comment_id, one in zip(ids, submissions, strict=True)
    ]
    answer = shape(ids)

    def commit(session: Session) -> Accepted:
        stored = idempotency.find_answer(session, once, now) if once else None
        if stored is not None:
            return Accepted((), stored, is_replay=True)
        if once is not None:
            idempotency.store_answer(session, once, answer, now, now + busy_for if busy_for else None)
        if rows:
            leave(session, _write, _Arrived(site_id, submissions, rows, is_public))
        return Accepted(tuple(ids), answer)

    try:
        return database.write_together(commit)
    except IntegrityError:
        if once is None:
            raise
    # Another request with this key committed between our look and our insert; its answer is there now.
    return database.write_together(commit)


@dataclass(frozen=True, slots=True)
class _Arrived:
    """What one request brings to a shared transaction."""

    site_id: str
    submissions: Sequence[Submission]
    rows: Sequence[dict[str, Any]]
    is_public: bool


def _write(session: Session, arrived: Sequence[_Arrived]) -> None:
    """Write the comments of several requests in one statement, and their posts in few."""
    told: dict[str, list[Submission]] = {}
    # Sorted: two transactions that touch the same posts lock them in the same order.
    for one in sorted(arrived, key=lambda one: one.site_id):
        if one.is_public:
            # The first visitor to name a post is believed, so each is read by itself.
            remember_posts(session, one.site_id, one.submissions, is_public=True)
        else:
            told.setdefault(one.site_id, []).extend(one.submissions)
    for site_id, submissions in told.items():
        remember_posts(session, site_id, submissions, is_public=False)
    _NEW.write(session, [row for one in arrived for row in one.rows])


_NEW = NewRows(Comment)


def _row(comment_id: str, site_id: str, one: Submission, keyed: Keyed, now: datetime) -> dict[str, Any]:
    return {
        "id": comment_id,
        "site_id": site_id,
        "post_id": one.post_id,
        "parent_id": one.parent_id,
        "external_id": one.external_id,
        "name": one.name,
        "email": one.email,
        "email_token": email_token(keyed, site_id, one.email_normalized),
        "website": one.website,
        "body": one.body,
        "fingerprint": fingerprint(one.body),
        "language": one.language,
        "ip": one.ip,
        "user_agent": one.user_agent,
        "referrer": one.referrer,
        "submitted_at": one.submitted_at,
        "received_at": now,
        "status": "received",
        "version": 1,
        "settled_at": None,
        "ring_at": now + RING_AFTER,
        "rings": 0,
        "tries": 0,
    }


def _form_columns(
    site_id: str, one: Submission, keyed: Keyed, now: datetime, *, is_public: bool, asks_for_work: bool
) -> dict[str, Any]:
    # A visitor's browser is not asked when it was sent.
    read = read_form(keyed, site_id, one.form_token, now, None if is_public else one.submitted_at)
    # Work for a token that is none, or too old, could have been done for many.
    has_worked = read.seconds is not None and is_done(one.form_token or "", one.form_work or "")
    return {
        "form_seconds": read.seconds,
        "form_problem": read.problem,
        "is_trapped": one.is_trapped,
        "has_worked": has_worked if asks_for_work else None,
    }


def email_token(keyed: Keyed, site_id: str, email_normalized: str) -> str:
    """Return what stands for an address on one site; another site's token of the same address differs."""
    return email_tokens(keyed, site_id, email_normalized)[0]


def email_tokens(keyed: Keyed, site_id: str, email_normalized: str) -> list[str]:
    """Return the token, and the one from before the secret was replaced: comments may still have that."""
    return keyed.tokens("email", f"{site_id}:{email_normalized}")
