"""What readers are shown of a post: its approved comments, each under the one that it answers.

Oldest first, page by page: a comment is always there before its answers. Every query reads a bounded number of index
entries, however many comments the post has. Kept by `list_cache`; nothing in it is not for everybody to see.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, union_all
from sqlalchemy.orm import Session

from moderation.payload import moment
from moderation.tables import APPROVED, Comment

# Counted up to here: beyond, nobody minds how many it is.
MOST_COUNTED = 10_000
# Answers to deeper ones stand beside them: few pages show more, and a parser of JSON has an end.
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of a post's list: `limit` comments after the one that `cursor` names, or the first."""

    site_id: str
    post_id: str
    cursor: str | None
    limit: int


def read_list(session: Session, wanted: Wanted) -> dict[str, Any]:
    """Return a page as it is answered; a post that nobody heard of has no comments."""
    found = session.execute(comments(wanted)).all()
    shown = found[: wanted.limit]
    return {
        "post_id": wanted.post_id,
        "count": session.scalar(count(wanted)) or 0,
        "comments": _tree(shown, _parents(session, wanted, shown)),
        "next_cursor": shown[-1].id if len(found) > wanted.limit else None,
    }


def comments(wanted: Wanted) -> Select[Any]:
    """Select the page's comments and one more, where there is one."""
    columns = (Comment.id, Comment.parent_id, Comment.name, Comment.website, Comment.body, Comment.language)
    query = select(*columns, Comment.submitted_at, Comment.received_at).where(_is_shown(wanted))
    if wanted.cursor is not None:
        query = query.where(Comment.id > wanted.cursor)
    return query.order_by(Comment.id).limit(wanted.limit + 1)


def count(wanted: Wanted) -> Select[tuple[int]]:
    """Select how many comments of the post are shown, up to `MOST_COUNTED`."""
    some = select(Comment.id).where(_is_shown(wanted)).limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(some)


def parents(wanted: Wanted, named: Collection[str]) -> Select[Any]:
    """Select which of the post's shown comments these ids name, ours or the website's; the first, if it named two."""
    # Not as plain columns: SQLite would go through all that is shown of the post to find the few that are named.
    is_shown = and_(func.coalesce(Comment.post_id, "") == wanted.post_id, func.coalesce(Comment.status, "") == APPROVED)
    found = [
        select(func.min(Comment.id).label("id"), by.label("named"))
        .where(Comment.site_id == wanted.site_id, by.in_(named), is_shown)
        .group_by(by)
        for by in (Comment.external_id, Comment.id)
    ]
    return select(union_all(*found).subquery("named_comments"))


def _is_shown(wanted: Wanted) -> ColumnElement[bool]:
    return and_(Comment.site_id == wanted.site_id, Comment.post_id == wanted.post_id, Comment.status == APPROVED)


def _parents(session: Session, wanted: Wanted, shown: Sequence[Row[Any]]) -> Mapping[str, str]:
    """Return the id of the comment that each answers, by its own; one whose parent is not shown answers nobody.

    A parent came before its answers: so nobody's ids, however they are made up, lead in a circle.
    """
    named = sorted({row.parent_id for row in shown if row.parent_id})
    if not named:
        return {}
    known: dict[str, str] = {}
    for row in session.execute(parents(wanted, named)):
        # Ours may be what the website calls another one.
        known[row.named] = min(row.id, known.get(row.named, row.id))
    pairs = ((row.id, known.get(row.parent_id or "")) for row in shown)
    return {id_: parent for id_, parent in pairs if parent is not None and parent < id_}


def _tree(shown: Sequence[Row[Any]], parent_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """Put the comments under those they answer; what answers one of a page before stands at the top."""
    top: list[dict[str, Any]] = []
    # Where answers to a comment go, and how deep they are there.
    places: dict[str, tuple[list[dict[str, Any]], int]] = {}
    for row in shown:
        parent = parent_of.get(row.id)
        place, depth = places.get(parent or "", (top, 1))
        document = _document(row, parent)
        place.append(document)
        places[row.id] = (document["replies"], depth + 1) if depth < DEEPEST else (place, depth)
    return top


def _document(row: Row[Any], parent: str | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "parent_id": parent,
        "name": row.name,
        "website": row.website if _is_web(row.website) else None,
        "body": row.body,
        "language": row.language,
        "submitted_at": moment(row.submitted_at),
        "received_at": moment(row.received_at),
        "replies": [],
    }


def _is_web(website: str | None) -> bool:
    """Tell whether it may become a link: whoever wrote it may have meant a script to run."""
    return bool(website) and str(website).lower().startswith(("http://", "https://"))
