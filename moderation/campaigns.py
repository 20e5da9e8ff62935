"""Find the near-copies of a whole batch, in two queries whatever its size: by any author, on any post of the site.

Called by `facts`, with the sketches that `arrivals` made; what is looked up is compared when the transaction is over.
The filter `near_copies` reads what comes of it, `screening` hands the traces to `text_memory`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Literal

from sqlalchemy import Select, and_, bindparam, select

from moderation.arrivals import Posted
from moderation.bands import bands_of
from moderation.columns import Reader
from moderation.filters.facts import Copy, NearCopies
from moderation.prepared import Prepared
from moderation.similarity import similarities
from moderation.tables import Comment, DecisionRow, TextSketch
from moderation.text_memory import FULL, Trace, full_bands, sharing

# Of the labelled spam that is known to be a near-copy of earlier spam 95 % is found from here on, and .02 % of the ham
# with it (docs/filters.md); from .6 on it is 83 % and .01 %.
ALIKE = 0.5
# A flood says nothing more after so many of each kind.
_MOST_COMPARED = 50
# Remembered because a moderator decided about it, remembered as judged lately, or in the same batch.
_Kind = Literal["decided", "judged", "mate"]
_KINDS: tuple[_Kind, ...] = ("decided", "judged", "mate")

_NONE = NearCopies()


@dataclass(frozen=True, slots=True)
class Found:
    """What a comment is a near-copy of, and what is to be remembered of it; no trace for a text too short."""

    copies: NearCopies = _NONE
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """A comment that others may be near-copies of."""

    id: str
    site_id: str
    post_id: str
    email_token: str
    fingerprint: str
    received_at: datetime
    campaign_id: str | None
    sketch: bytes
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Whom to compare the comments of a batch with; copies count as recent from `since` on.

    `bands` and `chosen` (the candidates' ids) are by comment; `others` are those that are not in the batch; `full` are
    the bands that take no more comments.
    """

    batch: Mapping[str, _Known]
    bands: Mapping[str, tuple[int, ...]]
    chosen: Mapping[str, Sequence[str]]
    others: Mapping[str, _Known]
    full: AbstractSet[int]
    since: datetime


def look_up(
    session: Reader, comments: Sequence[Posted], sketches: Mapping[str, bytes | None], since: datetime
) -> Candidates:
    """Return whom each comment of the batch may be a near-copy of; `sketches` are by comment."""
    batch = {
        comment.id: _known(comment, sketch) for comment in comments if (sketch := sketches[comment.id]) is not None
    }
    if not batch:
        return Candidates({}, {}, {}, {}, frozenset(), since)
    bands = {one.id: bands_of(one.site_id, one.sketch) for one in batch.values()}
    wanted = {band for of_one in bands.values() for band in of_one}
    rows = sharing(session, wanted)
    members = _members(rows, bands)
    chosen = {id_: _choose(id_, of_one, members) for id_, of_one in bands.items()}
    stored = {id_ for ids in chosen.values() for id_ in ids} - batch.keys()
    others = {row[0]: _Known(*row) for row in _CANDIDATES.rows(session, ids=stored)} if stored else {}
    return Candidates(batch, bands, chosen, others, full_bands(rows, since), since)


def compare(asked: Candidates) -> Mapping[str, Found]:
    """Return what is found for the comments of the batch that have a sketch, by id. Pure."""
    found: dict[str, Found] = {}
    for id_, near in _compare(asked.batch, asked.others, asked.chosen).items():
        bands = asked.bands[id_]
        free = [band for band in bands if band not in asked.full] if asked.full else bands
        found[id_] = _found(asked.batch[id_], near, free, asked.since)
    return _share_campaigns(found, asked.others)


# What is to be known of comments that share a band, with a person's newest word on each. Made once: to make it anew
# takes longer than to run it.
CANDIDATES: Select[Any] = (
    select(
        Comment.id,
        Comment.site_id,
        Comment.post_id,
        Comment.email_token,
        Comment.fingerprint,
        Comment.received_at,
        Comment.campaign_id,
        TextSketch.sketch,
        DecisionRow.action,
    )
    .join(TextSketch, TextSketch.comment_id == Comment.id)
    .outerjoin(DecisionRow, and_(DecisionRow.comment_id == Comment.id, DecisionRow.version == Comment.version))
    .where(Comment.id.in_(bindparam("ids", expanding=True)))
)
_CANDIDATES = Prepared(CANDIDATES)


def _known(comment: Posted, sketch: bytes) -> _Known:
    return _Known(
        comment.id,
        comment.site_id,
        comment.post_id,
        comment.email_token,
        comment.fingerprint,
        comment.received_at,
        None,
        sketch,
    )


def _members(
    rows: Iterable[tuple[int, str, datetime | None]], bands: Mapping[str, tuple[int, ...]]
) -> Mapping[int, list[tuple[str, _Kind]]]:
    """Return who is in bands that several share: stored ones and, as far as there is room, those of the batch."""
    members: dict[int, list[tuple[str, _Kind]]] = {}
    # Most bands are a single comment's.
    sizes = Counter(chain.from_iterable(bands.values()))
    for band, id_, kept_until in rows:
        if id_ not in bands:
            members.setdefault(band, []).append((id_, "decided" if kept_until is None else "judged"))
    mates: Counter[int] = Counter()
    for id_, of_one in sorted(bands.items()):
        for band in of_one:
            if sizes[band] == 1:
                continue
            mates[band] += 1
            if mates[band] <= FULL:
                members.setdefault(band, []).append((id_, "mate"))
    return members


def _choose(id_: str, bands: Iterable[int], members: Mapping[int, list[tuple[str, _Kind]]]) -> list[str]:
    """Return the comments that share most bands with this one; of each kind some, so that no flood hides the others."""
    shared = Counter(member for band in bands if band in members for member in members[band] if member[0] != id_)
    if not shared:
        return []
    chosen: list[str] = []
    for kind in _KINDS:
        # The newest of the stored ones still count as recent; the first of the batch are who the others follow.
        shares = {other: count for (other, its_kind), count in shared.items() if its_kind == kind}
        ids = sorted(shares, reverse=kind != "mate")
        chosen += sorted(ids, key=shares.__getitem__, reverse=True)[:_MOST_COMPARED]
    return chosen


def _compare(
    batch: Mapping[str, _Known], others: Mapping[str, _Known], chosen: Mapping[str, Sequence[str]]
) -> Mapping[str, list[tuple[_Known, float]]]:
    """Return the true near-copies of each comment of the batch: sharing a band alone proves nothing."""
    near: dict[str, list[tuple[_Known, float]]] = {}
    for id_, one in batch.items():
        if not chosen[id_]:
            near[id_] = []
            continue
        compared = [known for other in chosen[id_] if (known := others.get(other) or batch.get(other))]
        alike = similarities(one.sketch, [known.sketch for known in compared])
        near[id_] = [
            (known, share)
            for known, share in zip(compared, alike, strict=True)
            if share >= ALIKE and known.site_id == one.site_id
        ]
    return near


def _found(one: _Known, near: Sequence[tuple[_Known, float]], bands: Iterable[int], since: datetime) -> Found:
    if not near:
        return Found(trace=Trace(one.sketch, tuple(bands)))
    # The same text is REPEATED or REPEATED_SPAM already; what people approved speaks for it either way.
    varied = [(known, share) for known, share in near if known.fingerprint != one.fingerprint]
    recent = [(known, share) for known, share in varied if known.received_at > since]
    spam = [(known, share) for known, share in varied if known.action == "spam"]
    copies = NearCopies(
        count=len(recent),
        authors=len({known.email_token for known, _ in recent} - {one.email_token}),
        posts=len({known.post_id for known, _ in recent}),
        of_spam=len(spam),
        of_ham=sum(known.action == "approve" for known, _ in near),
        nearest=_nearest(recent),
        nearest_spam=_nearest(spam),
    )
    first = min((known.campaign_id or known.id for known, _ in near), default=None)
    return Found(copies, Trace(one.sketch, tuple(bands), first))


def _nearest(near: Sequence[tuple[_Known, float]]) -> Copy | None:
    if not near:
        return None
    known, share = max(near, key=lambda pair: (pair[1], pair[0].id))
    return Copy(known.id, share)


def _share_campaigns(found: Mapping[str, Found], others: Mapping[str, _Known]) -> Mapping[str, Found]:
    """Let copies within the batch take over the campaign of the one they copy, and name firsts that were alone."""
    campaign_of: dict[str, str] = {}
    shared: dict[str, Found] = {}
    for id_ in sorted(found):
        trace = found[id_].trace
        if trace is None or trace.campaign_id is None:
            shared[id_] = found[id_]
            continue
        # In order of arrival: who came before has its campaign already, and the first of all is its own.
        campaign_id = min(trace.campaign_id, id_)
        campaign_id = campaign_of.get(campaign_id, campaign_id)
        campaign_of[id_] = campaign_id
        first = others.get(campaign_id)
        first_id = campaign_id if first is not None and first.campaign_id is None else None
        shared[id_] = replace(found[id_], trace=replace(trace, campaign_id=campaign_id, first_id=first_id))
    return shared
