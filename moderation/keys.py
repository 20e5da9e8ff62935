"""Who is calling, and what they may touch: keys and tokens are random, shown once, and kept as keyed hashes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from moderation.columns import Reader
from moderation.errors import FieldError, InvalidInputError, NotFoundError
from moderation.identity import Keyed, new_akismet_key, new_id, new_token
from moderation.prepared import Prepared
from moderation.tables import Key, Moderator, ModeratorSite, table

PURPOSE = "key"
# Longer than any of ours: no stranger makes us hash a megabyte.
_MAX_LENGTH = 100


class Kind(StrEnum):
    """What a key opens."""

    SITE = "site"
    PUBLIC = "public"
    MODERATOR = "moderator"
    ADMIN = "admin"
    AKISMET = "akismet"


PREFIX_OF = {Kind.SITE: "sk", Kind.PUBLIC: "pk", Kind.MODERATOR: "mt", Kind.ADMIN: "at"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone with a valid key. `site_ids` None means every site (admins)."""

    kind: Kind
    key_id: str
    name: str
    site_ids: frozenset[str] | None
    moderator_id: str | None = None

    def may_touch(self, site_id: str) -> bool:
        """Tell whether the site is among those of the caller."""
        return self.site_ids is None or site_id in self.site_ids

    def site(self, wanted: str | None = None) -> str:
        """Return the one site that a call is about: the wanted one, or the only one the caller has.

        Raises NotFoundError for a site of others, InvalidInputError when the call has to name one.
        """
        if wanted is not None:
            if not self.may_touch(wanted):
                raise NotFoundError(f"no site {wanted}")
            return wanted
        if self.site_ids is None or len(self.site_ids) != 1:
            raise InvalidInputError([FieldError("site", "required")])
        return next(iter(self.site_ids))


# Every request asks this. Made once, of the bare table: to make it anew takes longer than to run it.
_key = table(Key).c
_HOLDER = Prepared(
    select(_key.id, _key.kind, _key.name, _key.site_id, _key.moderator_id, _key.digest).where(
        _key.digest.in_(bindparam("digests", expanding=True)),
        or_(_key.expires_at.is_(None), _key.expires_at > bindparam("now", type_=_key.expires_at.type)),
    )
)


def authenticate(session: Session, keyed: Keyed, token: str, now: datetime) -> Caller | None:
    """Return who holds this token, or None when nobody does (any more)."""
    return find_callers(session, keyed, [token], now).get(token)


def find_callers(session: Reader, keyed: Keyed, tokens: Iterable[str], now: datetime) -> dict[str, Caller]:
    """Return who holds each of the tokens, in one statement; tokens that nobody holds (any more) are left out."""
    by_digest = {
        digest: token
        for token in set(tokens)
        if 0 < len(token) <= _MAX_LENGTH
        for digest in keyed.digests(PURPOSE, token)
    }
    if not by_digest:
        return {}
    found = _HOLDER.rows(session, digests=by_digest, now=now)
    return {by_digest[key.digest]: _caller(session, key) for key in found}


def _caller(session: Reader, key: Any) -> Caller:
    kind = Kind(key.kind)
    if kind is Kind.ADMIN:
        return Caller(kind, key.id, key.name, None)
    if kind is Kind.MODERATOR:
        sites = session.scalars(select(ModeratorSite.site_id).where(ModeratorSite.moderator_id == key.moderator_id))
        name = session.scalar(select(Moderator.name).where(Moderator.id == key.moderator_id))
        return Caller(kind, key.id, name or key.name, frozenset(sites), key.moderator_id)
    return Caller(kind, key.id, key.name, frozenset([key.site_id or ""]))


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the only time its token is known."""

    id: str
    kind: Kind
    token: str


def add_key(
    session: Session,
    keyed: Keyed,
    kind: Kind,
    now: datetime,
    *,
    name: str,
    site_id: str | None = None,
    moderator_id: str | None = None,
) -> NewKey:
    """Make a key and keep its hash."""
    token = new_akismet_key() if kind is Kind.AKISMET else new_token(PREFIX_OF[kind])
    key_id = new_id("ky")
    session.add(
        Key(
            id=key_id,
            kind=kind.value,
            digest=keyed.digest(PURPOSE, token),
            name=name,
            site_id=site_id,
            moderator_id=moderator_id,
            created_at=now,
        )
    )
    session.flush()
    return NewKey(key_id, kind, token)


def rotate_key(session: Session, keyed: Keyed, key_id: str, now: datetime, *, overlap: timedelta) -> NewKey:
    """Make a key that opens the same, and let the old one work for the overlap still."""
    old = _live_key(session, key_id, now)
    old.expires_at = now + overlap
    return add_key(
        session, keyed, Kind(old.kind), now, name=old.name, site_id=old.site_id, moderator_id=old.moderator_id
    )


def revoke_key(session: Session, key_id: str, now: datetime) -> None:
    """Let the key work no more, from now on."""
    _live_key(session, key_id, now).expires_at = now
    session.flush()


def list_keys(session: Session) -> Sequence[Key]:
    """Return all keys, oldest first; their tokens are not known."""
    return session.scalars(select(Key).order_by(Key.id)).all()


def _live_key(session: Session, key_id: str, now: datetime) -> Key:
    key = session.get(Key, key_id)
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        raise NotFoundError(f"no key {key_id} that still works; `moderation token list` shows them")
    return key
