"""The stored versions of each site's own model: `teaching` writes them, `screening` reads the newest of its batch."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.columns import Reader
from moderation.learning.site_model import SiteModel, load_site_model
from moderation.learning.weights import BadWeightsError
from moderation.log import get_logger
from moderation.prepared import Prepared
from moderation.tables import Site, SiteModelRow

log = get_logger(__name__)

# The newest, and some to look back at: at most 800 kB each.
VERSIONS_KEPT = 5

# The newest versions that this process was asked for; a version never changes once it is stored. None is one that this
# release can't read. 850 kB each.
_held: dict[tuple[str, int], SiteModel | None] = {}
_MOST_HELD = 16


def store(session: Session, site_id: str, version: int, model: SiteModel, *, base: str, now: datetime) -> bool:
    """Store the next version and forget the oldest; False when somebody else has stored it before.

    `base` names the shipped model whose logits it was fitted to.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(SiteModelRow).values(
        site_id=site_id,
        version=version,
        base=base,
        examples=model.examples,
        weights=model.dump(),
        created_at=now,
        learned_until=now,
    )
    stored = session.scalar(row.on_conflict_do_nothing().returning(SiteModelRow.version))
    if stored is None:
        return False
    forget_oldest(session, site_id, version)
    return True


def forget_oldest(session: Session, site_id: str, newest: int) -> None:
    """Keep the newest VERSIONS_KEPT versions."""
    session.execute(
        delete(SiteModelRow).where(SiteModelRow.site_id == site_id, SiteModelRow.version <= newest - VERSIONS_KEPT)
    )


def newest_row(session: Session, site_id: str) -> Row[Any] | None:
    """Return version, base and created_at of a site's newest model."""
    return session.execute(
        select(SiteModelRow.version, SiteModelRow.base, SiteModelRow.created_at)
        .where(SiteModelRow.site_id == site_id)
        .order_by(SiteModelRow.version.desc())
        .limit(1)
    ).one_or_none()


def outdated_sites(session: Session, base: str, most: int, *, shares: bool = False) -> list[str]:
    """Return sites that learn, and do (not) share, and whose newest model was fitted to another than `base`."""
    newest = _newest_versions().subquery()
    is_newest = and_(newest.c.site_id == SiteModelRow.site_id, newest.c.version == SiteModelRow.version)
    outdated = (
        select(SiteModelRow.site_id)
        .join(newest, is_newest)
        .join(Site, Site.id == SiteModelRow.site_id)
        .where(SiteModelRow.base != base, Site.is_learning, Site.shares_learning.is_(shares))
        .limit(most)
    )
    return list(session.scalars(outdated))


def models_of(session: Reader, site_ids: Iterable[str]) -> Mapping[str, tuple[int, SiteModel]]:
    """Return each site's newest model with its version; a site that never taught has none.

    One small query; weights are read once per version and process.
    """
    newest = _NEWEST_OF.rows(session, sites=set(site_ids))
    versions: list[tuple[str, int]] = [(row.site_id, row.version) for row in newest]
    missing = [one for one in versions if one not in _held]
    if missing and len(_held) + len(missing) > _MOST_HELD:
        _held.clear()
        missing = versions
    _hold(session, missing)
    found = {site_id: (version, _held.get((site_id, version))) for site_id, version in versions}
    return {site_id: (version, model) for site_id, (version, model) in found.items() if model is not None}


def _hold(session: Reader, missing: list[tuple[str, int]]) -> None:
    if not missing:
        return
    wanted = [and_(SiteModelRow.site_id == site_id, SiteModelRow.version == version) for site_id, version in missing]
    for row in session.execute(
        select(SiteModelRow.site_id, SiteModelRow.version, SiteModelRow.weights).where(or_(*wanted))
    ):
        # The versions before it are asked for no more.
        for old in [one for one in _held if one[0] == row.site_id]:
            del _held[old]
        try:
            _held[row.site_id, row.version] = load_site_model(row.weights)
        except BadWeightsError as error:
            _held[row.site_id, row.version] = None
            # The shipped model judges alone until the site is refitted, which the sweep sees to.
            log.warning("site model not used", site=row.site_id, version=row.version, why=str(error))


def _newest_versions() -> Select[Any]:
    return select(SiteModelRow.site_id, func.max(SiteModelRow.version).label("version")).group_by(SiteModelRow.site_id)


# Asked with every batch. Made once: to make it anew takes longer than to run it.
_NEWEST_OF = Prepared(_newest_versions().where(SiteModelRow.site_id.in_(bindparam("sites", expanding=True))))
