"""Sites, their moderators and their policies: what an operator sets up before the first comment comes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, tuple_
from sqlalchemy.orm import Session

from moderation.columns import Reader
from moderation.errors import NotFoundError
from moderation.identity import Keyed, new_id
from moderation.keys import Kind, add_key
from moderation.log import get_logger
from moderation.policy import Policy, read_policy
from moderation.prepared import Prepared
from moderation.tables import Moderator, ModeratorSite, PolicyVersion, Site, table

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewSite:
    """A site just made, with the keys that are shown this once."""

    id: str
    name: str
    domain: str | None
    secret_key: str
    public_key: str
    akismet_key: str


@dataclass(frozen=True, slots=True)
class NewModerator:
    """A moderator just made, with the token that is shown this once."""

    id: str
    name: str
    sites: tuple[str, ...]
    token: str


def add_site(session: Session, keyed: Keyed, name: str, domain: str | None, now: datetime) -> NewSite:
    """Make a site and its three keys."""
    site = Site(id=new_id("st"), name=name, domain=domain.lower() if domain else None, created_at=now)
    session.add(site)
    session.flush()
    tokens = {
        kind: add_key(session, keyed, kind, now, name=name, site_id=site.id).token
        for kind in (Kind.SITE, Kind.PUBLIC, Kind.AKISMET)
    }
    return NewSite(site.id, name, site.domain, tokens[Kind.SITE], tokens[Kind.PUBLIC], tokens[Kind.AKISMET])


def find_site(session: Session, id_or_name: str) -> Site:
    """Return a site by its id, or by its name where only one has it; raise NotFoundError otherwise."""
    site = session.get(Site, id_or_name)
    if site is not None:
        return site
    found = session.scalars(select(Site).where(Site.name == id_or_name).limit(2)).all()
    if len(found) != 1:
        raise NotFoundError(
            f"{len(found) or 'no'} sites are named {id_or_name!r}; `moderation site list` shows their ids"
        )
    return found[0]


def share_learning(session: Session, site_id: str, *, shares: bool) -> None:
    """Let a site share what its decisions teach (`common_model`), or no more."""
    session.get_one(Site, site_id).shares_learning = shares
    log.info("site shares learning" if shares else "site shares no learning", site=site_id)


def list_sites(session: Session) -> Sequence[Site]:
    """Return all sites, oldest first."""
    return session.scalars(select(Site).order_by(Site.id)).all()


def add_moderator(session: Session, keyed: Keyed, name: str, site_ids: Sequence[str], now: datetime) -> NewModerator:
    """Make a moderator of these sites, and a token."""
    moderator = Moderator(id=new_id("md"), name=name, created_at=now)
    session.add(moderator)
    session.flush()
    session.add_all(ModeratorSite(moderator_id=moderator.id, site_id=site_id) for site_id in site_ids)
    session.flush()
    key = add_key(session, keyed, Kind.MODERATOR, now, name=name, moderator_id=moderator.id)
    return NewModerator(moderator.id, name, tuple(site_ids), key.token)


def list_moderators(session: Session) -> list[tuple[Moderator, list[str]]]:
    """Return all moderators, oldest first, each with the ids of their sites."""
    sites: dict[str, list[str]] = {}
    for row in session.scalars(select(ModeratorSite).order_by(ModeratorSite.site_id)):
        sites.setdefault(row.moderator_id, []).append(row.site_id)
    return [(one, sites.get(one.id, [])) for one in session.scalars(select(Moderator).order_by(Moderator.id))]


# Every request asks this. Made once, of the bare table: to make it anew takes longer than to run it.
_policy = table(PolicyVersion).c
_NEWEST = Prepared(
    select(_policy.site_id, func.max(_policy.version).label("version"))
    .where(_policy.site_id.in_(bindparam("sites", expanding=True)))
    .group_by(_policy.site_id)
)


def policies_of(session: Reader, site_ids: Iterable[str]) -> Mapping[str, Policy]:
    """Return the newest policy of each site; the default where a site has none.

    One small query; documents, which may list thousands of words, are read and understood once per version.
    """
    wanted = set(site_ids)
    newest = _NEWEST.rows(session, sites=wanted)
    versions = {row.site_id: (row.site_id, row.version) for row in newest}
    policies = {version: known for version in versions.values() if (known := _understood.get(version))}
    policies |= _understand(session, [version for version in versions.values() if version not in policies])
    return {site_id: policies[versions[site_id]] if site_id in versions else Policy() for site_id in wanted}


# By site and version. A version never changes once it is stored.
_understood: dict[tuple[str, int], Policy] = {}
_MOST_UNDERSTOOD = 1_000


def _understand(session: Reader, missing: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Policy]:
    if not missing:
        return {}
    rows = session.execute(
        select(PolicyVersion.site_id, PolicyVersion.version, PolicyVersion.document).where(
            tuple_(PolicyVersion.site_id, PolicyVersion.version).in_(missing)
        )
    )
    found = {(row.site_id, row.version): read_policy(row.document, row.version) for row in rows}
    if len(_understood) < _MOST_UNDERSTOOD:
        _understood.update(found)
    return found


def set_policy(session: Session, site_id: str, policy: Policy, now: datetime) -> Policy:
    """Store the policy as the site's next version; earlier ones stay, so that old verdicts can be explained."""
    newest = session.scalar(select(func.max(PolicyVersion.version)).where(PolicyVersion.site_id == site_id)) or 0
    session.add(PolicyVersion(site_id=site_id, version=newest + 1, document=policy.document(), created_at=now))
    session.flush()
    return read_policy(policy.document(), newest + 1)
