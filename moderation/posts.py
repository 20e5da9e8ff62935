"""What is known of the posts that are commented on: their address and title, as the website says."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.prepared import Prepared
from moderation.submission import Submission
from moderation.tables import Post, Site, table

# A post's address and title.
Said = tuple[str | None, str | None]


# Asked with every comment. Made once, of the bare table: to make it anew takes longer than to run it.
_post = table(Post).c
_KNOWN = Prepared(
    select(_post.id, _post.url, _post.title).where(
        _post.site_id == bindparam("site_id"), _post.id.in_(bindparam("ids", expanding=True))
    )
)


def remember_posts(session: Session, site_id: str, submissions: Sequence[Submission], *, is_public: bool) -> None:
    """Keep what was said of the posts; write only what is new, since a busy post is the same row each time.

    A visitor's browser (`is_public`) may only add what nobody has said yet, and no address elsewhere: moderators will
    be shown it as the website's own.
    """
    said: dict[str, Said] = {}
    for one in submissions:
        url, title = said.get(one.post_id, (None, None))
        said[one.post_id] = (one.post_url or url, one.post_title or title)
    known: dict[str, Said] = {
        post.id: (post.url, post.title) for post in _KNOWN.rows(session, site_id=site_id, ids=said)
    }
    if is_public:
        domain = session.scalar(select(Site.domain).where(Site.id == site_id))
        said = {
            post_id: (known_url or (url if _is_at(domain, url) else None), known_title or title)
            for post_id, (url, title) in said.items()
            for known_url, known_title in [known.get(post_id, (None, None))]
        }
    # Sorted: two transactions that touch the same posts lock them in the same order.
    changed = [
        {"site_id": site_id, "id": post_id, "url": url, "title": title}
        for post_id, (url, title) in sorted(said.items())
        if post_id not in known or (url or known[post_id][0], title or known[post_id][1]) != known[post_id]
    ]
    if changed:
        _write(session, changed)


def _write(session: Session, changed: Sequence[dict[str, str | None]]) -> None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(Post).values(changed)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Post.site_id, Post.id],
            set_={
                "url": func.coalesce(statement.excluded.url, Post.url),
                "title": func.coalesce(statement.excluded.title, Post.title),
            },
        )
    )


def _is_at(domain: str | None, url: str | None) -> bool:
    """Tell whether the address is the website's own."""
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return False
    return bool(domain) and parts.scheme in ("http", "https") and host == str(domain).removeprefix("www.")
