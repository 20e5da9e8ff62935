"""What steps stand on: a site with its people, and ways to put comments in."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from moderation.db import Database
from moderation.decisions import Decision, decide
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.keys import Caller, Kind
from moderation.sites import NewModerator, NewSite, add_moderator, add_site
from moderation.submission import read_submission
from moderation.tables import Comment, Key
from tests.conftest import StoppedClock
from tests.unit.learning_data import row

Post = Callable[..., str]
Teach = Callable[..., list[str]]


@pytest.fixture
def site(database: Database, keyed: Keyed, clock: StoppedClock) -> NewSite:
    """Return a site."""
    with database.write() as session:
        return add_site(session, keyed, "News", "news.example.com", clock())


@pytest.fixture
def moderator(database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock) -> NewModerator:
    """Return a moderator of the site."""
    with database.write() as session:
        return add_moderator(session, keyed, "Night shift", [site.id], clock())


@pytest.fixture
def post(database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock) -> Post:
    """Return what posts a comment to the site and returns its id; fields may be given."""

    def post(**fields: object) -> str:
        sent = {"name": "A reader", "email": "reader@example.com", "body": "Well said.", "post_id": "8344"} | fields
        accepted = accept(database, keyed, site.id, [read_submission(sent)], clock(), shape=lambda ids: {"id": ids[0]})
        return accepted.ids[0]

    return post


@pytest.fixture
def caller(database: Database, site: NewSite, moderator: NewModerator) -> Caller:
    """Return the moderator as a caller."""
    with database.read() as session:
        key = session.scalars(select(Key).where(Key.moderator_id == moderator.id)).one()
    return Caller(Kind.MODERATOR, key.id, moderator.name, frozenset([site.id]), moderator.id)


@pytest.fixture
def teach(database: Database, post: Post, caller: Caller, clock: StoppedClock) -> Teach:
    """Return what posts comments whose words the shipped model takes for nothing, and decides about them."""

    def teach(each: int = 30, spam: str = "spam", ham: str = "approve", *, first: int = 0) -> list[str]:
        ids = []
        for number in range(first, first + each):
            for label, action in (("spam", spam), ("ham", ham)):
                ids.append(post(body=row(number, label).body))
                decide_on(database, caller, ids[-1], action, clock)
        return ids

    return teach


def decide_on(database: Database, caller: Caller, comment_id: str, action: str, clock: StoppedClock) -> None:
    """Decide about a comment as it is."""
    with database.write() as session:
        version = session.get_one(Comment, comment_id).version
        decide(session, caller, comment_id, Decision(action, version), clock())
