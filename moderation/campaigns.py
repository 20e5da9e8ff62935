"""Find the near-copies of a whole batch, in two queries whatever its size: by any author, on any post of the site.

Called by `facts`, with the sketches that `arrivals` made; what is looked up is compared when the transaction is over.
The filter `near_copies` reads what comes of it, `screening` hands the traces to `text_memory`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Select, and_, bindparam, select

from moderation.arrivals import Posted
from moderation.bands import bands_of
from moderation.columns import Reader
from moderation.filters.facts import Copy, NearCopies
from moderation.prepared import Prepared
from moderation.similarity import similarities
from moderation.tables import Comment, DecisionRow, TextSketch
from moderation.text_memory import FULL, Shared, Trace, sharing

# Of the labelled spam that is known to be a near-copy of earlier spam 95 % is found from here on, and .02 % of the ham
# with it (docs/filters.md); from .6 on it is 83 % and .01 %.
ALIKE = 0.5
# A flood says nothing more after so many of each kind.
_MOST_COMPARED = 50
# Remembered ones with the very same text, of a day. With so many whatever varies them is a campaign (`near_copies`), so
# the next one is found without a band of its own: each band would have it read again for each of its copies.
_ENOUGH_OF_THE_SAME = 6

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

    `bands` and `chosen` (the candidates' ids) are by comment; `mates` (by band) are those of the batch for which there
    is room where several are; `others` are those that are not in the batch; `full` are the bands that take no more
    comments.
    """

    batch: Mapping[str, _Known]
    bands: Mapping[str, tuple[int, ...]]
    mates: Mapping[int, Sequence[str]]
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
        return Candidates({}, {}, {}, {}, {}, frozenset(), since)
    bands = {one.id: bands_of(one.site_id, one.sketch) for one in batch.values()}
    wanted = {band for of_one in bands.values() for band in of_one}
    shared = sharing(session, wanted, apart_from=bands)
    mates = _mates(bands)
    chosen = {id_: _choose(id_, of_one, shared, mates) for id_, of_one in bands.items()}
    stored = {id_ for ids in chosen.values() for id_ in ids} - batch.keys()
    others = {row[0]: _Known(*row) for row in _CANDIDATES.rows(session, ids=stored)} if stored else {}
    return Candidates(batch, bands, mates, chosen, others, shared.full(since), since)


def compare(asked: Candidates) -> Mapping[str, Found]:
    """Return what is found for the comments of the batch that have a sketch, by id. Pure."""
    found: dict[str, Found] = {}
    for id_, near in _compare(asked.batch, asked.others, asked.chosen).items():
        found[id_] = _found(asked.batch[id_], near, _with_room(id_, near, asked), asked.since)
    return _share_campaigns(found, asked.others)


def _with_room(id_: str, near: Sequence[tuple[_Known, float]], asked: Candidates) -> tuple[int, ...]:
    """Return the bands by which a comment is to be found."""
    own = asked.batch[id_].fingerprint
    same = sum(
        known.fingerprint == own and known.received_at > asked.since and known.id in asked.others for known, _ in near
    )
    if same >= _ENOUGH_OF_THE_SAME:
        return ()
    return tuple(
        band
        for band in asked.bands[id_]
        if band not in asked.full and (band not in asked.mates or id_ in asked.mates[band])
    )


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


def _mates(bands: Mapping[str, tuple[int, ...]]) -> Mapping[int, list[str]]:
    """Return by band who of the batch is in it, as far as there is room, where several are."""
    # Most bands are a single comment's.
    sizes = Counter(chain.from_iterable(bands.values()))
    mates: dict[int, list[str]] = {}
    for id_, of_one in sorted(bands.items()):
        for band in of_one:
            if sizes[band] > 1 and len(among := mates.setdefault(band, [])) < FULL:
                among.append(id_)
    return mates


def _choose(id_: str, bands: Sequence[int], shared: Shared, mates: Mapping[int, Sequence[str]]) -> list[str]:
    """Return the comments that share most bands with this one; of each kind some, so that no flood hides the others.

    The kinds: those that a moderator decided about, those that were judged lately, and those of the same batch.
    """
    stored = _counted(bands, shared.members)
    of_batch = _counted(bands, mates)
    if not stored and not of_batch:
        return []
    kept_until = shared.kept_until
    decided: dict[str, int] = {}
    judged: dict[str, int] = {}
    for other, count in stored.items():
        if other in kept_until:
            (decided if kept_until[other] is None else judged)[other] = count
    of_batch.pop(id_, None)
    # The newest of the stored ones still count as recent; the first of the batch are who the others follow.
    return [*_most(decided, is_newest_first=True), *_most(judged, is_newest_first=True), *_most(of_batch)]


def _counted(bands: Sequence[int], members: Mapping[int, Sequence[str]]) -> Counter[str]:
    """Count the bands that each of their members is in."""
    return Counter(chain.from_iterable(members[band] for band in bands if band in members))


def _most(counts: Mapping[str, int], *, is_newest_first: bool = False) -> list[str]:
    ids = sorted(counts, reverse=is_newest_first)
    return sorted(ids, key=counts.__getitem__, reverse=True)[:_MOST_COMPARED]


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


def _found(one: _Known, near: Sequence[tuple[_Known, float]], bands: tuple[int, ...], since: datetime) -> Found:
    if not near:
        return Found(trace=Trace(one.sketch, bands))
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
    return Found(copies, Trace(one.sketch, bands, first))


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
