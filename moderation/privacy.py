"""What is kept of one author, and erasing it: their data, their words, and what was learned from them.

Called by `moderation privacy`. What is erased is no longer found by the author's address, so erasing twice, at once or
half does no harm: whoever comes next goes on with the rest. What stays and why: docs/privacy.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from moderation.clock import Clock, utc_now
from moderation.common_model import unlearn_common
from moderation.db import Database
from moderation.events import Happening, record
from moderation.identity import Keyed
from moderation.intake import email_tokens
from moderation.log import get_logger
from moderation.model_history import unlearn
from moderation.reading import list_comments
from moderation.remote.questions import drop
from moderation.submission import normalize_email
from moderation.tables import (
    AttemptRow,
    Comment,
    DecisionRow,
    DeliveryRow,
    EventRow,
    LinkDomain,
    TextBand,
    TextSketch,
    VerdictRow,
    table,
)

log = get_logger(__name__)

# Comments per transaction: short enough that nobody waits for it.
_AT_ONCE = 100
# Not to be shown already; the website need not hear of it again.
_NOT_SHOWN = frozenset(["spam", "rejected"])
_BLANK: Mapping[str, Any] = {
    "name": "",
    "email": "",
    "email_token": "",
    "website": None,
    "body": "",
    "fingerprint": "",
    "language": None,
    "ip": None,
    "user_agent": None,
    "referrer": None,
    "form_seconds": None,
    "form_problem": None,
    "campaign_id": None,
}


@dataclass(frozen=True, slots=True)
class Author:
    """A person, as sites know them: tokens by site id, of an address one, two while the secret is being replaced."""

    tokens: Mapping[str, Sequence[str]]


def author_of(keyed: Keyed, email: str, site_ids: Sequence[str]) -> Author:
    """Return who has this address on these sites; raise ValueError for what is no address."""
    normalized = normalize_email(email)
    return Author({site_id: email_tokens(keyed, site_id, normalized) for site_id in site_ids})


def count_comments(session: Session, author: Author) -> dict[str, int]:
    """Count the author's comments by site id; sites without any are left out."""
    counts = {
        site_id: session.scalar(
            select(func.count()).select_from(Comment).where(Comment.site_id == site_id, Comment.email_token.in_(tokens))
        )
        for site_id, tokens in author.tokens.items()
    }
    return {site_id: count for site_id, count in counts.items() if count}


def export(session: Session, author: Author) -> Iterator[dict[str, Any]]:
    """Yield all that is kept of the author's comments, newest first; who decided is not the author's business."""
    for site_id, tokens in author.tokens.items():
        cursor = None
        while True:
            page = list_comments(session, site_id, email_tokens=tokens, cursor=cursor, limit=_AT_ONCE)
            for comment in page.comments:
                decision = comment["decision"]
                yield comment | {"decision": {**decision, "by": None} if decision else None}
            cursor = page.cursor
            if cursor is None:
                break


def erase(database: Database, author: Author, clock: Clock = utc_now) -> dict[str, int]:
    """Erase the author's comments, some at a time; return how many by site id."""
    erased: dict[str, int] = {}
    for site_id, tokens in author.tokens.items():
        while True:
            with database.write() as session:
                count = _erase_some(session, site_id, tokens, clock())
            if not count:
                break
            erased[site_id] = erased.get(site_id, 0) + count
            log.info("author erased", site=site_id, comments=count)
    return erased


def _erase_some(session: Session, site_id: str, tokens: Sequence[str], now: datetime) -> int:
    rows = session.execute(
        select(Comment.id, Comment.status)
        .where(Comment.site_id == site_id, Comment.email_token.in_(tokens))
        .order_by(Comment.id)
        .limit(_AT_ONCE)
        .with_for_update()
    ).all()
    ids = [row.id for row in rows]
    if not ids:
        return 0
    shown = [row.id for row in rows if row.status not in _NOT_SHOWN]
    taught_at = session.scalar(
        select(func.min(DecisionRow.decided_at)).where(
            DecisionRow.comment_id.in_(ids), DecisionRow.action.in_(("spam", "approve"))
        )
    )
    _blank(session, ids, shown, site_id, now)
    _blank_what_quotes(session, ids)
    if taught_at is not None:
        unlearn(session, site_id, taught_at, now)
        unlearn_common(session, site_id, now)
    return len(ids)


def _blank(session: Session, ids: Sequence[str], shown: Sequence[str], site_id: str, now: datetime) -> None:
    """Empty the comments. A new version takes their decisions out of force: they teach no more."""
    values = {**_BLANK, "erased_at": now, "version": Comment.version + 1}
    hidden = [comment_id for comment_id in ids if comment_id not in set(shown)]
    for some, change in ((shown, {"status": "rejected", "settled_at": now}), (hidden, {})):
        versions = session.execute(
            update(Comment)
            .where(Comment.id.in_(some))
            .values(**values, **change)
            .returning(Comment.id, Comment.version)
            .execution_options(synchronize_session=False)
        ).all()
        if change:
            # The website is told to take them down.
            record(
                session,
                [
                    Happening(site_id=site_id, comment_id=row.id, status="rejected", version=row.version)
                    for row in sorted(versions)
                ],
                now,
            )


def _blank_what_quotes(session: Session, ids: Sequence[str]) -> None:
    """Erase evidence, sketches, moderators' reasons, and what services outside and receivers answered."""
    drop(session, ids)
    session.execute(delete(TextBand).where(TextBand.comment_id.in_(ids)))
    session.execute(delete(LinkDomain).where(LinkDomain.comment_id.in_(ids)))
    session.execute(delete(TextSketch).where(TextSketch.comment_id.in_(ids)))
    session.execute(
        update(DecisionRow)
        .where(DecisionRow.comment_id.in_(ids), DecisionRow.reason.is_not(None))
        .values(reason=None)
        .execution_options(synchronize_session=False)
    )
    deliveries = (
        select(DeliveryRow.id).join(EventRow, EventRow.id == DeliveryRow.event_id).where(EventRow.comment_id.in_(ids))
    )
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.delivery_id.in_(deliveries), AttemptRow.answer.is_not(None))
        .values(answer=None)
        .execution_options(synchronize_session=False)
    )
    verdicts = table(VerdictRow)
    found = session.execute(select(verdicts.c.comment_id, verdicts.c.signals).where(verdicts.c.comment_id.in_(ids)))
    emptied = [
        {"comment": row.comment_id, "emptied": [signal | {"evidence": []} for signal in row.signals]} for row in found
    ]
    if emptied:
        session.connection().execute(
            update(verdicts).where(verdicts.c.comment_id == bindparam("comment")).values(signals=bindparam("emptied")),
            emptied,
        )
