"""What a person decides about a comment. It outranks the machine, is never overwritten, and can be undone by another.

Comes after `screening`, or before it: a moderator need not wait for a worker.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from moderation.errors import ConflictError, FieldError, InvalidInputError, NotFoundError
from moderation.events import Happening, Owed, record
from moderation.identity import new_id
from moderation.keys import Caller
from moderation.metrics.counted import DECISIONS
from moderation.tables import Comment, DecisionRow, VerdictRow
from moderation.tallies import Tally
from moderation.text_memory import keep

STATUS_OF = {"approve": "approved", "hold": "held", "reject": "rejected", "spam": "spam"}
MAX_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that may be made: it names the version of the comment that the moderator saw."""

    action: str
    version: int
    reason: str | None = None


def read_decision(sent: Any) -> Decision:
    """Read a decision as a client sent it; raise InvalidInputError with every error at once."""
    if not isinstance(sent, dict):
        raise InvalidInputError([FieldError("", "wrong_type")])
    errors = []
    action, version, reason = sent.get("action"), sent.get("version"), sent.get("reason")
    if action is None:
        errors.append(FieldError("action", "required"))
    elif not isinstance(action, str) or action not in STATUS_OF:
        errors.append(FieldError("action", "invalid"))
    if version is None:
        errors.append(FieldError("version", "required"))
    elif not isinstance(version, int) or isinstance(version, bool) or not 0 < version < 2**31:
        errors.append(FieldError("version", "invalid"))
    if reason is not None and not isinstance(reason, str):
        errors.append(FieldError("reason", "wrong_type"))
    elif reason and len(reason) > MAX_REASON:
        errors.append(FieldError("reason", "too_long", {"max": MAX_REASON}))
    elif reason and ("\0" in reason or (not reason.isprintable() and _has_surrogate(reason))):
        errors.append(FieldError("reason", "invalid_characters"))
    if errors:
        raise InvalidInputError(errors)
    return Decision(str(action), int(version or 0), (reason or "").strip() or None)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True, slots=True)
class Hand:
    """By whose hand a decision is made: a key's, with its moderator if it has one, or a link's in a message."""

    key_id: str | None = None
    moderator_id: str | None = None
    # The endpoint that the message was sent to.
    endpoint_id: str | None = None


def decide(session: Session, caller: Caller, comment_id: str, decision: Decision, now: datetime) -> list[Owed]:
    """Make a caller's decision; raise as `decide_by_hand` does, and NotFoundError for a comment of others."""
    site_id = session.scalar(select(Comment.site_id).where(Comment.id == comment_id))
    if site_id is None or not caller.may_touch(site_id):
        raise NotFoundError(f"no comment {comment_id}")
    return decide_by_hand(session, Hand(caller.key_id, caller.moderator_id), comment_id, decision, now)


def decide_by_hand(session: Session, hand: Hand, comment_id: str, decision: Decision, now: datetime) -> list[Owed]:
    """Make the decision, if the comment is still as whoever decides saw it; return the deliveries owed.

    Whether they may is for the caller to know. Raises ConflictError (`changed`) when it has changed meanwhile, or was
    erased.
    """
    comment = session.execute(select(Comment.site_id, Comment.erased_at).where(Comment.id == comment_id)).one()
    if comment.erased_at is not None:
        raise ConflictError("changed", "The comment was erased: there is nothing to decide about.")
    status = STATUS_OF[decision.action]
    version = session.scalar(
        update(Comment)
        .where(Comment.id == comment_id, Comment.version == decision.version)
        .values(status=status, version=Comment.version + 1, settled_at=now)
        .returning(Comment.version)
        .execution_options(synchronize_session=False)
    )
    if version is None:
        current = session.execute(select(Comment.status, Comment.version).where(Comment.id == comment_id)).one()
        raise ConflictError(
            "changed", f"The comment has changed: it is {current.status}, version {current.version}, now."
        )
    decision_id = new_id("dc")
    session.execute(
        insert(DecisionRow).values(
            id=decision_id,
            comment_id=comment_id,
            site_id=comment.site_id,
            action=decision.action,
            reason=decision.reason,
            version=version,
            moderator_id=hand.moderator_id,
            key_id=hand.key_id,
            endpoint_id=hand.endpoint_id,
            decided_at=now,
        )
    )
    said = session.scalar(select(VerdictRow.action).where(VerdictRow.comment_id == comment_id))
    tally = Tally()
    tally.count(DECISIONS, comment.site_id, decision.action, said or "none")
    tally.write(session)
    if decision.action in ("spam", "approve"):
        keep(session, comment_id, comment.site_id)
    return record(
        session,
        [
            Happening(
                site_id=comment.site_id,
                comment_id=comment_id,
                status=status,
                version=version,
                decision_id=decision_id,
            )
        ],
        now,
    )
