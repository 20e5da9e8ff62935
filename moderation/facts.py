"""Gather what the filters need to know of a whole batch, in a fixed number of queries.

Comes between `intake` and the pure `filters`; whatever a filter may ask, it asks of a `Facts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from moderation.campaigns import Found, find
from moderation.filters.facts import Facts, Form, Surroundings
from moderation.floods import tightened
from moderation.history import History, known_authors, look_up
from moderation.link_memory import MOST_LINKS, number_of
from moderation.link_memory import look_up as look_up_links
from moderation.links import find_links, is_own
from moderation.sites import policies_of
from moderation.surroundings import look_up as look_around
from moderation.tables import Comment, DecisionRow, Post, Site
from moderation.text_memory import Trace

# How long the same text counts as a repeat: a flood is over by then, and a yearly greeting is none.
REPEAT_WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A comment that waits for its verdict, with what decides how it is judged."""

    facts: Facts
    tries: int
    # What is remembered of its text once it is judged.
    trace: Trace | None = None
    # The places that it links to (`link_memory`).
    links: tuple[int, ...] = ()


def gather(session: Session, ids: Sequence[str], now: datetime, *, most_tries: int) -> list[Waiting]:
    """Return the comments among `ids` that still wait, in the order in which they came.

    Nothing is looked up for those that were begun more than `most_tries` times: looking may be what ends the worker.
    """
    rows = session.execute(
        select(Comment, Post.url, Post.title, Site.domain)
        .join(Site, Site.id == Comment.site_id)
        .outerjoin(Post, and_(Post.site_id == Comment.site_id, Post.id == Comment.post_id))
        .where(Comment.id.in_(ids), Comment.status == "received")
        .order_by(Comment.id)
    ).all()
    comments = [row[0] for row in rows]
    policies = policies_of(session, {comment.site_id for comment in comments})
    repeats = _count_repeats(session, comments, now)
    spam = _count_repeats_of_spam(session, comments)
    known = known_authors(
        session, [comment.id for comment in comments if policies[comment.site_id].rules.hold_first_timers]
    )
    tried = [comment for comment in comments if comment.tries <= most_tries]
    history = look_up(session, tried)
    around = look_around(session, tried, {comment.id: title for comment, _, title, _ in rows})
    flooded = tightened(session, policies, now)
    own = {comment.id: _own_hosts(domain, post_url) for comment, post_url, _, domain in rows}
    targets = {comment.id: _targets(comment, own[comment.id]) for comment in tried}
    link_histories = look_up_links(session, targets, {comment.id: comment.site_id for comment in tried})
    copies = find(session, tried, now - REPEAT_WINDOW) if tried else {}
    return [
        Waiting(
            Facts(
                comment_id=comment.id,
                site_id=comment.site_id,
                post_id=comment.post_id,
                name=comment.name,
                email=comment.email,
                website=comment.website,
                body=comment.body,
                language=comment.language,
                ip=comment.ip,
                user_agent=comment.user_agent,
                policy=policies[comment.site_id],
                own_hosts=own[comment.id],
                # The comment itself is among those counted.
                repeats=max(0, repeats.get((comment.site_id, comment.fingerprint), 1) - 1),
                repeats_of_spam=spam.get((comment.site_id, comment.fingerprint), 0),
                approved_before=(comment.site_id, comment.email_token) in known,
                form=Form(
                    seconds=comment.form_seconds,
                    problem=comment.form_problem,
                    is_trapped=comment.is_trapped,
                    has_worked=comment.has_worked,
                ),
                link_histories=link_histories.get(comment.id, {}),
                is_in_flood=comment.site_id in flooded,
                surroundings=around.get(comment.id, Surroundings()),
                **_found(history.get(comment.id), copies.get(comment.id)),
            ),
            comment.tries,
            copies[comment.id].trace if comment.id in copies else None,
            tuple(number_of(comment.site_id, target) for target in targets.get(comment.id, ())),
        )
        for comment in comments
    ]


def _found(history: History | None, copies: Found | None) -> dict[str, Any]:
    of_author: dict[str, Any] = {"author": history.author, "rates": history.rates} if history else {}
    return of_author | ({"near_copies": copies.copies} if copies else {})


def _targets(comment: Comment, own_hosts: frozenset[str]) -> tuple[str, ...]:
    """Return the different places elsewhere that a comment links to, no more of them than are looked up."""
    found = [link for text in (comment.body, comment.website, comment.name) if text for link in find_links(text)]
    elsewhere = [link.target for link in found if not is_own(link.host, own_hosts)]
    return tuple(dict.fromkeys(target for target in elsewhere if target))[:MOST_LINKS]


def _own_hosts(domain: str | None, post_url: str | None) -> frozenset[str]:
    hosts = {domain} if domain else set()
    try:
        host = urlsplit(post_url or "").hostname
    except ValueError:
        host = None
    if host:
        hosts.add(host)
    return frozenset(host.removeprefix("www.") for host in hosts)


def _count_repeats(session: Session, comments: Sequence[Comment], now: datetime) -> Mapping[tuple[str, str], int]:
    rows = session.execute(
        select(Comment.site_id, Comment.fingerprint, func.count())
        .where(
            Comment.site_id.in_({comment.site_id for comment in comments}),
            Comment.fingerprint.in_({comment.fingerprint for comment in comments}),
            Comment.received_at > now - REPEAT_WINDOW,
        )
        .group_by(Comment.site_id, Comment.fingerprint)
    )
    return {(site_id, text): count for site_id, text, count in rows}


def _count_repeats_of_spam(session: Session, comments: Sequence[Comment]) -> Mapping[tuple[str, str], int]:
    rows = session.execute(
        select(Comment.site_id, Comment.fingerprint, func.count(func.distinct(Comment.id)))
        .join(DecisionRow, and_(DecisionRow.comment_id == Comment.id, DecisionRow.version == Comment.version))
        .where(
            Comment.site_id.in_({comment.site_id for comment in comments}),
            Comment.fingerprint.in_({comment.fingerprint for comment in comments}),
            DecisionRow.action == "spam",
        )
        .group_by(Comment.site_id, Comment.fingerprint)
    )
    return {(site_id, text): count for site_id, text, count in rows}
