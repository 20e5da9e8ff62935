"""Keys: what they open, until when, and that nobody can read them back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from moderation.db import Database
from moderation.errors import InvalidInputError, NotFoundError
from moderation.identity import Keyed
from moderation.keys import Kind, add_key, authenticate, revoke_key, rotate_key
from moderation.sites import NewModerator, NewSite, add_moderator, add_site
from moderation.tables import Key
from tests.conftest import StoppedClock


def test_each_key_opens_its_own_site_only(
    database: Database, keyed: Keyed, site: NewSite, moderator: NewModerator, clock: StoppedClock
) -> None:
    with database.write() as session:
        admin = add_key(session, keyed, Kind.ADMIN, clock(), name="on call")
        for token, kind in (
            (site.secret_key, Kind.SITE),
            (site.public_key, Kind.PUBLIC),
            (site.akismet_key, Kind.AKISMET),
            (moderator.token, Kind.MODERATOR),
        ):
            caller = authenticate(session, keyed, token, clock())
            assert caller is not None
            assert (caller.kind, caller.site_ids) == (kind, frozenset([site.id]))
            with pytest.raises(NotFoundError):
                caller.site("st_other")
        everywhere = authenticate(session, keyed, admin.token, clock())
    assert everywhere is not None
    assert everywhere.may_touch("st_other")


def test_a_moderator_of_two_sites_says_which(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock
) -> None:
    with database.write() as session:
        other = add_site(session, keyed, "Other", None, clock())
        both = add_moderator(session, keyed, "Both", [site.id, other.id], clock())
        caller = authenticate(session, keyed, both.token, clock())
    assert caller is not None
    assert caller.site(other.id) == other.id
    with pytest.raises(InvalidInputError):
        caller.site()


@pytest.mark.parametrize("token", ["", "sk_wrong", "x" * 1000, "sk_\ud800", "پارسی"])
def test_nobody_has_a_wrong_key(database: Database, keyed: Keyed, clock: StoppedClock, token: str) -> None:
    with database.read() as session:
        assert authenticate(session, keyed, token, clock()) is None


def test_a_rotated_key_works_for_the_overlap_still(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock
) -> None:
    with database.write() as session:
        old = session.scalars(select(Key.id).where(Key.kind == "site")).one()
        new = rotate_key(session, keyed, old, clock(), overlap=timedelta(hours=1))
    clock.advance(minutes=59)
    with database.read() as session:
        assert authenticate(session, keyed, site.secret_key, clock()) is not None
    clock.advance(minutes=2)
    with database.write() as session:
        assert authenticate(session, keyed, site.secret_key, clock()) is None
        caller = authenticate(session, keyed, new.token, clock())
        assert caller is not None
        assert caller.site() == site.id
        revoke_key(session, new.id, clock())
        assert authenticate(session, keyed, new.token, clock()) is None
        with pytest.raises(NotFoundError):
            revoke_key(session, new.id, clock())


def test_the_database_holds_no_key_and_another_installation_opens_nothing_with_it(
    database: Database, site: NewSite, clock: StoppedClock
) -> None:
    with database.read() as session:
        digests = session.scalars(select(Key.digest)).all()
        assert all(site.secret_key.encode() not in digest and len(digest) == 32 for digest in digests)
        assert authenticate(session, Keyed("another secret of another installation"), site.secret_key, clock()) is None
