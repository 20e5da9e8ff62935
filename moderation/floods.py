"""Tighten a site that is flooded from many hands, and relax it when that is over.

The beat looks every few seconds (`watch`). While a site is tightened, `facts` tells the filter `rules`, which holds
what would be approved, and public forms get a quarter of their limits. Whoever wants to hear of it is told once each
way: the UPDATE that changes the state claims the telling.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Row, ScalarSelect, Select, and_, bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.columns import Reader, UtcDateTime
from moderation.db import Database
from moderation.events import Notice, Owed, record
from moderation.log import get_logger
from moderation.payload import moment
from moderation.prepared import Prepared
from moderation.sites import policies_of
from moderation.tables import Comment, Site, SiteState, table

log = get_logger(__name__)

WINDOW = timedelta(minutes=10)
# A site is compared with its own day, so one that is younger than that is not: nobody knows what is usual there.
_DAY = timedelta(hours=24)
_WINDOWS_BEFORE = _DAY / WINDOW - 1
# A good day of a small site brings as many; and as many hands are no family, class or office.
_LEAST = 60
_LEAST_HANDS = 20
# A hot post brings three or four times the usual. Less is needed where half of it is held or spam.
_TIMES_USUAL = 8
_TIMES_USUAL_OF_BAD = 4
_SHARE_OF_BAD = 0.5
# It is over when less than twice the usual came in ten minutes, for ten minutes.
_TIMES_USUAL_WHEN_OVER = 2
_LEAST_WHEN_OVER = 20
STAYS = timedelta(minutes=10)
# What goes on for a day is the site's new usual.
_USUAL_HOLDS = timedelta(hours=24)
# Enough to tell; a flood must not make looking at it slow. More than 2,500 in ten minutes are nobody's usual.
_MOST_OF_WINDOW = 20_000
_MOST_OF_DAY = 360_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What came to a site in the last WINDOW, and how many are usual in one (mean of the day before)."""

    comments: int
    # Visitors' addresses, as far as the website tells them, and authors (emails).
    addresses: int
    authors: int
    # Judged ones, and those of them that are held or spam.
    judged: int
    bad: int
    usual: float

    @property
    def hands(self) -> int:
        """From how many hands they came."""
        return self.addresses or self.authors

    def is_flood(self) -> bool:
        """Tell whether it is far beyond the usual, from many hands."""
        is_bad = self.judged >= _LEAST and self.bad >= _SHARE_OF_BAD * self.judged
        times = _TIMES_USUAL_OF_BAD if is_bad else _TIMES_USUAL
        return self.comments > max(_LEAST, times * self.usual) and self.hands >= _LEAST_HANDS

    def is_over(self, usual: float) -> bool:
        """Tell whether a flood is over on a site where so many were usual before it."""
        return self.comments <= max(_LEAST_WHEN_OVER, _TIMES_USUAL_WHEN_OVER * usual)


_state = table(SiteState).c
_TIGHTENED = Prepared(
    select(_state.site_id).where(
        _state.site_id.in_(bindparam("sites", expanding=True)),
        _state.tightened_until > bindparam("now", type_=UtcDateTime),
    )
)


def tightened(session: Reader, site_ids: Iterable[str], now: datetime) -> AbstractSet[str]:
    """Return those of the sites that are tightened now. Whether their policy wants it is for the caller to ask."""
    wanted = set(site_ids)
    return {row.site_id for row in _TIGHTENED.rows(session, sites=wanted, now=now)} if wanted else frozenset()


def states_of(session: Session, now: datetime) -> Mapping[str, SiteState]:
    """Return the state of every site that is tightened now."""
    return {one.site_id: one for one in session.scalars(select(SiteState).where(SiteState.tightened_until > now))}


def watch(database: Database, now: datetime) -> list[Owed]:
    """Look at the arrivals of all sites; tighten those that are flooded, relax those where it is over.

    Returns what is owed to those who want to hear of it. Running it twice, or twice at once, is harmless.
    """
    with database.read() as session:
        looked_at = _look(session, now)
    if not any(one.is_flooded or one.state_at is not None for one in looked_at):
        return []
    owed: list[Owed] = []
    with database.write() as session:
        for one in looked_at:
            owed += _settle(session, one, now)
    return owed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What was seen of one site. `state_at` is since when it is tightened, None where it is not."""

    site_id: str
    arrivals: Arrivals
    state_at: datetime | None
    usual_before: float | None
    is_wanted: bool

    @property
    def is_flooded(self) -> bool:
        return self.is_wanted and self.arrivals.is_flood()

    def goes_on(self, now: datetime) -> bool:
        """Tell whether the flood for which the site is tightened goes on."""
        is_old = self.state_at is None or self.usual_before is None or now - self.state_at > _USUAL_HOLDS
        usual = self.arrivals.usual if is_old or self.usual_before is None else self.usual_before
        return self.is_wanted and not self.arrivals.is_over(usual)


def _look(session: Session, now: datetime) -> list[_Look]:
    """Ask in three small statements (and one per policy not read before), however many sites and comments there are."""
    given: dict[str, Any] = {"now": now, "window_since": now - WINDOW, "day_since": now - _DAY}
    given["written_since"] = now - 2 * WINDOW
    found = session.execute(BUSY, given).all()
    if not found:
        return []
    ids = [row.id for row in found]
    arrivals = {row.id: row for row in session.execute(ARRIVALS, given | {"ids": ids})}
    policies = policies_of(session, ids)
    return [
        _Look(
            site_id=row.id,
            arrivals=_arrivals(arrivals[row.id]),
            state_at=row.tightened_at,
            usual_before=row.usual,
            is_wanted=policies[row.id].rules.tighten_in_floods,
        )
        for row in found
    ]


def _arrivals(row: Row[Any]) -> Arrivals:
    return Arrivals(
        comments=row.comments,
        addresses=row.addresses,
        authors=row.authors,
        judged=row.judged,
        bad=row.bad,
        usual=row.day_before / _WINDOWS_BEFORE,
    )


def _settle(session: Session, one: _Look, now: datetime) -> Sequence[Owed]:
    if one.state_at is None:
        return _tighten(session, one, now) if one.is_flooded else ()
    if one.goes_on(now):
        _extend(session, one, now)
        return ()
    return _relax(session, one, now)


def _tighten(session: Session, one: _Look, now: datetime) -> Sequence[Owed]:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    empty = {"site_id": one.site_id, "tightened_at": None, "tightened_until": None, "usual": None}
    session.execute(dialect.insert(table(SiteState)).values(**empty).on_conflict_do_nothing())
    until = now + STAYS
    claimed = session.scalar(
        update(SiteState)
        .where(SiteState.site_id == one.site_id, SiteState.tightened_at.is_(None))
        .values(tightened_at=now, tightened_until=until, usual=one.arrivals.usual)
        .returning(SiteState.site_id)
        .execution_options(synchronize_session=False)
    )
    if claimed is None:
        return ()
    arrivals = one.arrivals
    log.warning("tightened", site=one.site_id, comments=arrivals.comments, usual=round(arrivals.usual, 1))
    data = {
        "comments": arrivals.comments,
        "minutes": int(WINDOW.total_seconds() // 60),
        "usual": round(arrivals.usual, 1),
        "addresses": arrivals.addresses,
        "authors": arrivals.authors,
        "until": moment(until),
    }
    return record(session, [Notice(site_id=one.site_id, type="site.tightened", data=data)], now)


def _extend(session: Session, one: _Look, now: datetime) -> None:
    session.execute(
        update(SiteState)
        .where(SiteState.site_id == one.site_id, SiteState.tightened_at == one.state_at)
        .values(tightened_until=now + STAYS)
        .execution_options(synchronize_session=False)
    )


def _relax(session: Session, one: _Look, now: datetime) -> Sequence[Owed]:
    """Relax it if its time is over; at once where the site no longer wants to be tightened."""
    is_over = () if not one.is_wanted else (SiteState.tightened_until <= now,)
    claimed = session.scalar(
        update(SiteState)
        .where(SiteState.site_id == one.site_id, SiteState.tightened_at == one.state_at, *is_over)
        .values(tightened_at=None, tightened_until=None, usual=None)
        .returning(SiteState.site_id)
        .execution_options(synchronize_session=False)
    )
    if claimed is None:
        return ()
    log.warning("relaxed", site=one.site_id)
    data = {
        "comments": one.arrivals.comments,
        "minutes": int(WINDOW.total_seconds() // 60),
        "usual": round(one.usual_before or 0.0, 1),
        "tightened_at": moment(one.state_at),
    }
    return record(session, [Notice(site_id=one.site_id, type="site.relaxed", data=data)], now)


_sites, _states = table(Site), table(SiteState)
_came, _nth = (table(Comment).alias(name) for name in ("came", "nth"))


def _moment(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=UtcDateTime)


def _count(since: str, until: str, most: int) -> ScalarSelect[int]:
    """Count a site's comments of that time, up to so many: entries of an index and no rows."""
    some = (
        select(_came.c.site_id)
        .where(
            _came.c.site_id == _sites.c.id, _came.c.received_at > _moment(since), _came.c.received_at <= _moment(until)
        )
        .correlate(_sites)
        # In the order of the index: PostgreSQL would else look for the first few from end to end of the table.
        .order_by(_came.c.received_at.desc())
        .limit(most)
    )
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _busy() -> Select[Any]:
    """One row per site that is tightened, or that got enough in a window to ask whether it should be."""
    is_old = _sites.c.created_at <= _moment("day_since")
    is_busy = _count("window_since", "now", _LEAST + 1) > _LEAST
    return (
        select(_sites.c.id, _states.c.tightened_at, _states.c.usual)
        .select_from(_sites.outerjoin(_states, _states.c.site_id == _sites.c.id))
        .where(or_(_states.c.tightened_at.is_not(None), and_(is_old, is_busy)))
    )


def _arrivals_of() -> Select[Any]:
    """One row per site asked for: what came in the window, the latest of it where it is very much."""
    latest = (
        select(_nth.c.received_at)
        .where(
            _nth.c.site_id == _sites.c.id,
            _nth.c.received_at > _moment("window_since"),
            _nth.c.received_at <= _moment("now"),
        )
        .order_by(_nth.c.received_at.desc())
        .offset(_MOST_OF_WINDOW)
        .limit(1)
        .scalar_subquery()
    )
    since = func.coalesce(latest, _moment("window_since"))
    # Worked out once per site, before the join: as conditions of it, both databases would ask per comment.
    asked = (
        select(_sites.c.id, since.label("since"), _count("day_since", "window_since", _MOST_OF_DAY).label("day_before"))
        .where(_sites.c.id.in_(bindparam("ids", expanding=True)))
        .cte("asked")
        .prefix_with("MATERIALIZED")
    )
    # What says that it was written long before comes as fast as the network lets it: an import is no flood.
    is_fresh = or_(_came.c.submitted_at.is_(None), _came.c.submitted_at > _moment("written_since"))
    theirs = and_(
        _came.c.site_id == asked.c.id,
        _came.c.received_at > asked.c.since,
        # Says no more than the line above, but PostgreSQL knows how few that are.
        _came.c.received_at > _moment("window_since"),
        _came.c.received_at <= _moment("now"),
        is_fresh,
    )
    status = _came.c.status
    return (
        select(
            asked.c.id,
            asked.c.day_before,
            func.count(_came.c.id).label("comments"),
            func.count(func.distinct(_came.c.ip)).label("addresses"),
            func.count(func.distinct(_came.c.email_token)).label("authors"),
            func.count(case((status != "received", 1))).label("judged"),
            func.count(case((status.in_(("held", "spam")), 1))).label("bad"),
        )
        .select_from(asked.outerjoin(_came, theirs))
        .group_by(asked.c.id, asked.c.day_before)
    )


# Made once: the same text for every look.
BUSY, ARRIVALS = _busy(), _arrivals_of()
