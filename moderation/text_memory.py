"""Which texts a site has seen lately, and which a moderator has decided about: what near-copies are found by.

`campaigns` looks up here, `screening` adds what it judged, `decisions` keeps what a person spoke about for ever, and
`retention` forgets the rest. Every band holds a bounded number of comments, so a flood can make no lookup slow.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Select, any_, bindparam, delete, func, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from moderation.bands import bands_of
from moderation.columns import Reader
from moderation.prepared import Prepared
from moderation.tables import Comment, TextBand, TextSketch, insert_new, table

# A judged comment that nobody decided about is forgotten then; a decision after that teaches no near-copies.
KEPT_FOR = timedelta(days=14)
# Comments of one band within a day: what a flood adds beyond them says nothing new, since six make it certain; the rest
# is room for strangers who happen to be in the band. For each comment of a flood all are read, from twelve bands.
FULL = 24
# So many decided ones come on top. They stay for ever, and each may be the one that tells.
FULL_OF_DECIDED = 64

# Twelve rows per comment: they go to SQLite as they are, to PostgreSQL as arrays in one statement: that is ten times
# as fast as one by one.
_ADD_TO_SQLITE = "INSERT INTO text_bands (band, comment_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
_ADD_TO_POSTGRESQL = text(
    "INSERT INTO text_bands (band, comment_id) SELECT * FROM unnest(CAST(:bands AS bigint[]), "
    "CAST(:comments AS varchar[])) ON CONFLICT DO NOTHING"
)

_BIGINTS = postgresql.ARRAY(BigInteger)


@dataclass(frozen=True, slots=True)
class Trace:
    """What is to be remembered of a comment: its sketch, the bands with room for it, the campaign it belongs to."""

    sketch: bytes
    bands: tuple[int, ...]
    campaign_id: str | None = None
    # The first of the campaign, where it was alone until now.
    first_id: str | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """Who is in bands: the comments of each band, and by comment until when it is remembered (None: for ever).

    One without a time does not count.
    """

    members: Mapping[int, Sequence[str]] = field(default_factory=dict)
    kept_until: Mapping[str, datetime | None] = field(default_factory=dict)

    def full(self, since: datetime) -> set[int]:
        """Return the bands that take no more comments; only those that came after `since` take room."""
        until = since + KEPT_FOR
        recent = {id_ for id_, kept_until in self.kept_until.items() if kept_until is not None and kept_until > until}
        return {
            band
            for band, ids in self.members.items()
            if len(ids) >= FULL and sum(map(recent.__contains__, ids)) >= FULL
        }


def _of_bands(*, is_sqlite: bool) -> tuple[Select[Any], Select[Any]]:
    """Select who is in the `bands` (band and comment), and until when those are remembered.

    A flood's comments are in many bands each: joined, each was looked up as often.
    """
    band, sketch = table(TextBand).c, table(TextSketch).c
    # A thousand parameters cost PostgreSQL five times what one array does; SQLite has no arrays.
    among = (
        band.band.in_(bindparam("bands", expanding=True))
        if is_sqlite
        else band.band == any_(bindparam("bands", type_=_BIGINTS))
    )
    return (
        select(band.band, band.comment_id).where(among),
        select(sketch.comment_id, sketch.kept_until).where(sketch.comment_id.in_(select(band.comment_id).where(among))),
    )


# By dialect. Made once, like those that write: to make them anew takes longer than to run them.
SHARING = {"sqlite": _of_bands(is_sqlite=True), "postgresql": _of_bands(is_sqlite=False)}
_MEMBERS, _KEPT_UNTIL = (Prepared({name: both[at] for name, both in SHARING.items()}) for at in (0, 1))
_NEW_SKETCHES = Prepared(insert_new(TextSketch))
_comments = table(Comment)
_NAME = Prepared(
    update(_comments).where(_comments.c.id == bindparam("comment")).values(campaign_id=bindparam("campaign"))
)


def sharing(session: Reader, bands: Collection[int], apart_from: Collection[str] = ()) -> Shared:
    """Return who is in these bands, apart from some comments; whoever is forgotten between two looks has no time."""
    asked = list(bands)
    members: defaultdict[int, list[str]] = defaultdict(list)
    for band, comment_id in _MEMBERS.bare_rows(session, bands=asked):
        members[band].append(comment_id)
    if not members:
        return Shared()
    kept_until = dict(_KEPT_UNTIL.bare_rows(session, bands=asked))
    for comment_id in apart_from:
        kept_until.pop(comment_id, None)
    return Shared(members, kept_until)


def remember(session: Session, traces: Mapping[str, Trace], now: datetime) -> None:
    """Write down the traces of comments that were just judged, by comment id, in a fixed number of statements."""
    if not traces:
        return
    # A comment may be judged again by then; what is known of its text stays.
    _NEW_SKETCHES.run_for_all(
        session,
        [
            {"comment_id": comment_id, "sketch": trace.sketch, "kept_until": now + KEPT_FOR}
            for comment_id, trace in traces.items()
        ],
    )
    _add(session, [(band, comment_id) for comment_id, trace in traces.items() for band in trace.bands])
    _name_campaigns(session, traces)


def _name_campaigns(session: Session, traces: Mapping[str, Trace]) -> None:
    firsts = {trace.first_id for trace in traces.values() if trace.first_id}
    # One that somebody is writing right now is named when the next of its campaign comes.
    free = (
        session.scalars(
            select(Comment.id)
            .where(Comment.id.in_(firsts), Comment.campaign_id.is_(None))
            .with_for_update(skip_locked=True)
        ).all()
        if firsts
        else []
    )
    named = [
        {"comment": comment_id, "campaign": trace.campaign_id}
        for comment_id, trace in traces.items()
        if trace.campaign_id
    ] + [{"comment": comment_id, "campaign": comment_id} for comment_id in free]
    if named:
        _NAME.run_for_all(session, named)


def keep(session: Session, comment_id: str, site_id: str) -> None:
    """Remember a comment for ever, because a person decided about it."""
    sketch = session.scalar(
        update(TextSketch)
        .where(TextSketch.comment_id == comment_id)
        .values(kept_until=None)
        .returning(TextSketch.sketch)
        .execution_options(synchronize_session=False)
    )
    if sketch is None:
        return
    bands = bands_of(site_id, sketch)
    crowds = session.execute(
        select(TextBand.band, func.count())
        .join(TextSketch, TextSketch.comment_id == TextBand.comment_id)
        .where(TextBand.band.in_(bands), TextSketch.kept_until.is_(None))
        .group_by(TextBand.band)
    ).all()
    crowded = {band for band, count in crowds if count > FULL_OF_DECIDED}
    _add(session, [(band, comment_id) for band in bands if band not in crowded])


def _add(session: Session, pairs: Sequence[tuple[int, str]]) -> None:
    if not pairs:
        return
    # Sorted: two transactions that touch the same bands lock them in the same order.
    rows = sorted(set(pairs))
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql(_ADD_TO_SQLITE, rows)
    else:
        columns = {"bands": [band for band, _ in rows], "comments": [comment_id for _, comment_id in rows]}
        session.connection().execute(_ADD_TO_POSTGRESQL, columns)


def overdue(now: datetime) -> Select[tuple[str]]:
    """Select comments whose text need not be remembered any longer."""
    return select(TextSketch.comment_id).where(TextSketch.kept_until < now)


def forget_texts(session: Session, comment_ids: Sequence[str]) -> None:
    """Forget the texts of these comments; that of one that a moderator decided about since it was selected stays."""
    gone = session.scalars(
        delete(TextSketch)
        .where(TextSketch.comment_id.in_(comment_ids), TextSketch.kept_until.is_not(None))
        .returning(TextSketch.comment_id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(delete(TextBand).where(TextBand.comment_id.in_(gone)))
