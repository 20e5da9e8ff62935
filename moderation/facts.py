"""Gather what the filters need to know of a whole batch, in a fixed number of queries.

Comes between `arrivals`, which has read the texts, and the pure `filters`; whatever a filter may ask, it asks of a
`Facts`. What is looked up is put together when the transaction is over.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, bindparam, distinct, func, select

from moderation.arrivals import Arrival, Posted, ReadText
from moderation.campaigns import Candidates, Found, compare
from moderation.campaigns import look_up as look_up_copies
from moderation.columns import Reader, UtcDateTime
from moderation.filters.facts import Facts, Form, Surroundings
from moderation.floods import tightened
from moderation.history import History, known_authors
from moderation.history import look_up as look_up_history
from moderation.link_memory import Histories, number_of
from moderation.link_memory import look_up as look_up_links
from moderation.policy import Policy
from moderation.prepared import Prepared
from moderation.sites import policies_of
from moderation.surroundings import look_up as look_around
from moderation.tables import Comment, DecisionRow, table
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


@dataclass(frozen=True, slots=True)
class Known:
    """What was looked up for a batch: by site, by site and text or author, or by comment."""

    policies: Mapping[str, Policy]
    flooded: Collection[str]
    repeats: Mapping[tuple[str, str], int]
    repeats_of_spam: Mapping[tuple[str, str], int]
    approved_authors: Collection[tuple[str, str]]
    history: Mapping[str, History]
    around: Mapping[str, Surroundings]
    links: Histories
    copies: Candidates


def look_up(session: Reader, arrived: Sequence[Arrival], texts: Mapping[str, ReadText], now: datetime) -> Known:
    """Look up what is known beside the comments; of those whose text was not read, next to nothing."""
    comments = [one.comment for one in arrived]
    policies = policies_of(session, {comment.site_id for comment in comments})
    tried = [comment for comment in comments if comment.id in texts]
    sites = {comment.id: comment.site_id for comment in tried}
    wants_authors = [comment.id for comment in comments if policies[comment.site_id].rules.hold_first_timers]
    return Known(
        policies,
        tightened(session, policies, now),
        _count(session, _REPEATS, comments, since=now - REPEAT_WINDOW),
        _count(session, _REPEATS_OF_SPAM, comments),
        known_authors(session, wants_authors),
        look_up_history(session, tried),
        look_around(session, tried, {one.comment.id: one.post_title for one in arrived}),
        look_up_links(session, {one: texts[one].targets for one in sites}, sites),
        look_up_copies(session, tried, {one: texts[one].sketch for one in sites}, now - REPEAT_WINDOW),
    )


def gather(arrived: Sequence[Arrival], texts: Mapping[str, ReadText], known: Known) -> list[Waiting]:
    """Put together what the filters are told, in the order of arrival. Pure."""
    copies = compare(known.copies)
    return [_waiting(one, texts.get(one.comment.id), known, copies.get(one.comment.id)) for one in arrived]


def _waiting(arrival: Arrival, text: ReadText | None, known: Known, copies: Found | None) -> Waiting:
    comment = arrival.comment
    facts = Facts(
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
        policy=known.policies[comment.site_id],
        own_hosts=arrival.own_hosts,
        # The comment itself is among those counted.
        repeats=max(0, known.repeats.get((comment.site_id, comment.fingerprint), 1) - 1),
        repeats_of_spam=known.repeats_of_spam.get((comment.site_id, comment.fingerprint), 0),
        approved_before=(comment.site_id, comment.email_token) in known.approved_authors,
        form=Form(
            seconds=comment.form_seconds,
            problem=comment.form_problem,
            is_trapped=comment.is_trapped,
            has_worked=comment.has_worked,
        ),
        link_histories=known.links.get(comment.id, {}),
        is_in_flood=comment.site_id in known.flooded,
        surroundings=known.around.get(comment.id, Surroundings()),
        **_found(known.history.get(comment.id), copies),
    )
    return Waiting(
        facts.with_text(text.folded, text.links) if text else facts,
        comment.tries,
        copies.trace if copies else None,
        tuple(number_of(comment.site_id, target) for target in text.targets) if text else (),
    )


def _found(history: History | None, copies: Found | None) -> dict[str, Any]:
    of_author: dict[str, Any] = {"author": history.author, "rates": history.rates} if history else {}
    return of_author | ({"near_copies": copies.copies} if copies else {})


_said, _decision = table(Comment), table(DecisionRow)
_same_text = and_(
    _said.c.site_id.in_(bindparam("sites", expanding=True)), _said.c.fingerprint.in_(bindparam("texts", expanding=True))
)


def _repeats() -> Select[Any]:
    """Count, by site and text, the comments that say the same."""
    return (
        select(_said.c.site_id, _said.c.fingerprint, func.count())
        .where(_same_text, _said.c.received_at > bindparam("since", type_=UtcDateTime))
        .group_by(_said.c.site_id, _said.c.fingerprint)
    )


def _repeats_of_spam() -> Select[Any]:
    """Count those that a moderator's newest decision calls spam."""
    holds = and_(_decision.c.comment_id == _said.c.id, _decision.c.version == _said.c.version)
    return (
        select(_said.c.site_id, _said.c.fingerprint, func.count(distinct(_said.c.id)))
        .join_from(_said, _decision, holds)
        .where(_same_text, _decision.c.action == "spam")
        .group_by(_said.c.site_id, _said.c.fingerprint)
    )


# Made once: to make them anew takes longer than to run them.
_REPEATS, _REPEATS_OF_SPAM = Prepared(_repeats()), Prepared(_repeats_of_spam())


def _count(
    session: Reader, same: Prepared, comments: Sequence[Posted], **given: datetime
) -> Mapping[tuple[str, str], int]:
    """Ask how many comments say the same as these, by site and text."""
    sites, texts = {comment.site_id for comment in comments}, {comment.fingerprint for comment in comments}
    rows = same.rows(session, sites=sites, texts=texts, **given)
    return {(site_id, text): count for site_id, text, count in rows}
