"""Keys: what they open, until when, and that nobody can read them back."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from moderation.db import Database
from moderation.errors import InvalidInputError, NotFoundError
from moderation.identity import Keyed
from moderation.intake import accept, email_token
from moderation.key_use import KeyUse
from moderation.keys import Kind, add_key, authenticate, revoke_key, rotate_key
from moderation.rekeying import rekey
from moderation.sites import NewModerator, NewSite, add_moderator, add_site
from moderation.submission import read_submission
from moderation.tables import Comment, Key
from tests.conftest import SECRET, StoppedClock


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


def test_under_a_new_secret_what_was_made_with_the_one_before_still_holds(
    database: Database, site: NewSite, clock: StoppedClock
) -> None:
    between, after = Keyed("the second secret", SECRET), Keyed("the second secret")
    with database.read() as session:
        assert authenticate(session, after, site.secret_key, clock()) is None
        caller = authenticate(session, between, site.secret_key, clock())
    assert caller is not None
    KeyUse().note(database, between, caller.key_id, site.secret_key, clock())
    # A key that was used meanwhile needs the old secret no more; one that was not does.
    with database.read() as session:
        assert authenticate(session, after, site.secret_key, clock()) is not None
        assert authenticate(session, after, site.public_key, clock()) is None
        assert session.scalars(select(Key.last_used_at).where(Key.kind == "site")).one() == clock()
        assert session.scalars(select(Key.last_used_at).where(Key.kind == "public")).one() is None


def test_a_key_that_is_used_all_the_time_is_noted_now_and_then(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock
) -> None:
    with database.read() as session:
        key_id = session.scalars(select(Key.id).where(Key.kind == "site")).one()
    use, first = KeyUse(), clock()
    for _ in range(5):
        use.note(database, keyed, key_id, site.secret_key, clock())
        clock.advance(minutes=1)
    with database.read() as session:
        assert session.get_one(Key, key_id).last_used_at == first


def test_authors_are_known_again_once_their_hashes_are_made_anew(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock
) -> None:
    submission = read_submission({"name": "S", "email": "Sara@Example.com", "body": "Hi", "post_id": "1"})
    accept(database, keyed, site.id, [submission] * 3, clock(), shape=lambda ids: {"ids": list(ids)})
    new = Keyed("the second secret", SECRET)
    seen: list[int] = []
    assert rekey(database, new, seen.append) == 3
    assert seen == [3]
    assert rekey(database, new) == 0
    with database.read() as session:
        assert set(session.scalars(select(Comment.email_token))) == {email_token(new, site.id, "sara@example.com")}


def test_a_note_that_can_not_be_written_harms_no_request(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = KeyUse()

    @contextlib.contextmanager
    def away() -> Iterator[Session]:
        # Meanwhile another thread has forgotten all keys, since there were too many.
        use._noted_at.clear()
        raise OperationalError("UPDATE", None, Exception("gone"))
        yield

    with database.read() as session:
        key_id = session.scalars(select(Key.id).where(Key.kind == "site")).one()
    with monkeypatch.context() as patch:
        patch.setattr(database, "write", away)
        use.note(database, keyed, key_id, site.secret_key, clock())
    use.note(database, keyed, key_id, site.secret_key, clock())
    with database.read() as session:
        assert session.get_one(Key, key_id).last_used_at == clock()
