"""What steps stand on: a site with its people, and ways to put comments in."""

from collections.abc import Callable

import pytest

from moderation.db import Database
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.sites import NewModerator, NewSite, add_moderator, add_site
from moderation.submission import read_submission
from tests.conftest import StoppedClock

Post = Callable[..., str]


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
