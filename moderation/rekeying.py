"""Make what stands for authors' addresses anew, after the SECRET_KEY was replaced.

An author's earlier comments are found by a keyed hash of the address. The addresses are there, so the hashes can be
made under the new secret; until then an author's history begins with it.
"""

from collections.abc import Callable

from sqlalchemy import bindparam, select, update

from moderation.db import Database
from moderation.identity import Keyed
from moderation.intake import email_token
from moderation.submission import normalize_email
from moderation.tables import Comment, table

# A transaction of so many takes some milliseconds: nobody waits for it.
_TOGETHER = 500


def rekey(database: Database, keyed: Keyed, tell: Callable[[int], None] = lambda _done: None) -> int:
    """Give every comment its author's token under the present secret; return how many had another. May be repeated."""
    last, changed, seen = "", 0, 0
    comments = table(Comment)
    # Its author may have been erased since it was read.
    is_same = (comments.c.id == bindparam("of"), comments.c.email_token == bindparam("was"))
    write = update(comments).where(*is_same).values(email_token=bindparam("token"))
    while True:
        with database.read() as session:
            rows = session.execute(
                select(Comment.id, Comment.site_id, Comment.email, Comment.email_token)
                .where(Comment.id > last)
                .order_by(Comment.id)
                .limit(_TOGETHER)
            ).all()
        if not rows:
            return changed
        wanted = [(row, _token(keyed, row.site_id, row.email)) for row in rows]
        due = [
            {"of": row.id, "was": row.email_token, "token": token}
            for row, token in wanted
            if token and token != row.email_token
        ]
        if due:
            with database.write() as session:
                session.connection().execute(write, due)
        last, changed, seen = rows[-1].id, changed + len(due), seen + len(rows)
        tell(seen)


def _token(keyed: Keyed, site_id: str, email: str) -> str | None:
    try:
        return email_token(keyed, site_id, normalize_email(email))
    except ValueError:
        # Erased since.
        return None
