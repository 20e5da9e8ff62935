"""The comments of a batch that still wait, and what their texts say by themselves: before anything else is looked up.

Read in a transaction of its own; none is open while texts are folded, searched for links and sketched. `facts` looks
up with what was found, and nobody works it out again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import and_, bindparam, select

from moderation.columns import Reader
from moderation.link_memory import MOST_LINKS
from moderation.links import Link, find_links, is_own
from moderation.prepared import Prepared
from moderation.similarity import sketch_all
from moderation.tables import Comment, Post, Site, table
from moderation.text import fold


class Posted(NamedTuple):
    """A comment as it was posted, and how often it was rung for and tried.

    A plain value, made of a row without a detour: an object of the session's takes three times as long to make, and
    every look at one of its fields some more.
    """

    id: str
    site_id: str
    post_id: str
    parent_id: str | None
    name: str
    email: str
    email_token: str
    website: str | None
    body: str
    fingerprint: str
    language: str | None
    ip: str | None
    user_agent: str | None
    submitted_at: datetime | None
    received_at: datetime
    form_seconds: float | None
    form_problem: str | None
    is_trapped: bool
    has_worked: bool | None
    rings: int
    tries: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A comment that waits for its verdict, the title of its post, and the hosts that are the website's own."""

    comment: Posted
    post_title: str | None
    own_hosts: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReadText:
    """What a comment says: its body folded, the links in it, where all of its links lead, and a sketch of the body.

    `targets` are different places elsewhere, no more than are looked up; no sketch of a text too short for one.
    """

    folded: str
    links: tuple[Link, ...]
    targets: tuple[str, ...]
    sketch: bytes | None


# Made once: to make it anew takes longer than to run it.
_comment, _site, _post = table(Comment), table(Site), table(Post)
_WAITING = Prepared(
    select(_post.c.url, _post.c.title, _site.c.domain, *(_comment.c[name] for name in Posted._fields))
    .select_from(_comment)
    .join(_site, _site.c.id == _comment.c.site_id)
    .outerjoin(_post, and_(_post.c.site_id == _comment.c.site_id, _post.c.id == _comment.c.post_id))
    .where(
        _comment.c.id.in_(bindparam("ids", expanding=True)),
        _comment.c.status == "received",
        _site.c.paused_at.is_(None),
    )
    .order_by(_comment.c.id)
)


def arrivals(session: Reader, ids: Sequence[str]) -> list[Arrival]:
    """Return the comments among `ids` that still wait, in the order in which they came."""
    rows = _WAITING.rows(session, ids=ids)
    return [
        Arrival(Posted._make(posted), title, _own_hosts(domain, post_url)) for post_url, title, domain, *posted in rows
    ]


def read_texts(arrived: Sequence[Arrival]) -> Mapping[str, ReadText]:
    """Return what each comment says, by its id. Pure."""
    folded = [fold(one.comment.body) for one in arrived]
    links = [tuple(find_links(one.comment.body)) for one in arrived]
    return {
        one.comment.id: ReadText(text, found, _targets(one, found), sketch)
        for one, text, found, sketch in zip(arrived, folded, links, sketch_all(folded), strict=True)
    }


def _targets(arrival: Arrival, in_body: Sequence[Link]) -> tuple[str, ...]:
    elsewhere = (arrival.comment.website, arrival.comment.name)
    found = [*in_body, *(link for text in elsewhere if text for link in find_links(text))]
    targets = [link.target for link in found if not is_own(link.host, arrival.own_hosts)]
    return tuple(dict.fromkeys(target for target in targets if target))[:MOST_LINKS]


def _own_hosts(domain: str | None, post_url: str | None) -> frozenset[str]:
    hosts = {domain} if domain else set()
    try:
        host = urlsplit(post_url or "").hostname
    except ValueError:
        host = None
    if host:
        hosts.add(host)
    return frozenset(host.removeprefix("www.") for host in hosts)
