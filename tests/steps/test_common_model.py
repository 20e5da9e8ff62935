"""Learning together: sites that share teach each other, and nobody else hears of it."""

from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import select

from moderation.common_teaching import LEARN_TOGETHER_AFTER, is_owed, learn_together
from moderation.db import Database
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.keys import Caller, Kind
from moderation.learning.features import extract
from moderation.learning.site_model import load_site_model
from moderation.privacy import author_of, erase
from moderation.screening import screen
from moderation.sites import NewSite, add_moderator, add_site, share_learning
from moderation.submission import read_submission
from moderation.tables import CommonModelRow, Key, VerdictRow
from moderation.teaching import LEARN_AGAIN_AFTER, learn, sites_owing
from tests.conftest import StoppedClock
from tests.steps.conftest import decide_on
from tests.steps.judges import WordModel, judge_with
from tests.unit.learning_data import row

UNIQUE = "xylograph quixotry jabberwock brillig slithy toves gyre wabe borogoves outgrabe"
PostTo = Callable[..., str]


@pytest.fixture
def sites(database: Database, keyed: Keyed, clock: StoppedClock) -> list[NewSite]:
    """Return three sites, of which the first two share."""
    with database.write() as session:
        made = [add_site(session, keyed, name, None, clock()) for name in ("One", "Two", "Three")]
        for site in made[:2]:
            share_learning(session, site.id, shares=True)
    return made


@pytest.fixture
def post_to(database: Database, keyed: Keyed, clock: StoppedClock) -> PostTo:
    """Return what posts a comment to a site."""

    def post_to(site: NewSite, body: str, email: str = "a@example.com") -> str:
        sent = {"name": "A reader", "email": email, "body": body, "post_id": "1"}
        accepted = accept(database, keyed, site.id, [read_submission(sent)], clock(), shape=lambda ids: {"id": ids[0]})
        return accepted.ids[0]

    return post_to


@pytest.fixture
def teach_at(database: Database, keyed: Keyed, post_to: PostTo, clock: StoppedClock) -> Callable[..., None]:
    """Return what lets a moderator of a site decide."""

    def teach_at(site: NewSite, each: int = 20, first: int = 0, extra: str = "") -> None:
        with database.write() as session:
            moderator = add_moderator(session, keyed, "M", [site.id], clock())
            key = session.scalars(select(Key).where(Key.moderator_id == moderator.id)).one()
        caller = Caller(Kind.MODERATOR, key.id, "M", frozenset([site.id]), moderator.id)
        for number in range(first, first + each):
            for label, action in (("spam", "spam"), ("ham", "approve")):
                decide_on(database, caller, post_to(site, row(number, label).body), action, clock)
        if extra:
            decide_on(database, caller, post_to(site, extra, "zoe@example.com"), "spam", clock)

    return teach_at


def _learn_together(database: Database, clock: StoppedClock) -> None:
    clock.now += LEARN_TOGETHER_AFTER
    learn_together(database, WordModel, clock)


def _learn(database: Database, clock: StoppedClock, *sites: NewSite) -> None:
    clock.now += LEARN_AGAIN_AFTER
    learn(database, WordModel, [site.id for site in sites], clock)


def _verdict(database: Database, comment_id: str, clock: StoppedClock) -> VerdictRow:
    screen(database, judge_with(), [comment_id], clock)
    with database.read() as session:
        return session.get_one(VerdictRow, comment_id)


def _strength(verdict: VerdictRow) -> float:
    """Return how strongly the model speaks, whether it counts in full or only holds: six points are all of it."""
    return float(sum(one["points"] for one in verdict.signals if one["name"].startswith("MODEL_"))) / 6


def _versions(database: Database) -> list[tuple[int, int, int]]:
    with database.read() as session:
        rows = session.scalars(select(CommonModelRow).order_by(CommonModelRow.version))
        return [(one.version, len(one.sites), one.examples) for one in rows]


def _is_owed(database: Database, clock: StoppedClock) -> bool:
    with database.read() as session:
        return is_owed(session, WordModel.version, clock())


def _knows_unique(database: Database) -> bool:
    with database.read() as session:
        layer = load_site_model(session.scalars(select(CommonModelRow.weights)).one())
    known = {
        place
        for number in range(100)
        for place in extract([row(number, label).body for label in ("spam", "ham")]).places.tolist()
    }
    unique = [place for place in extract([UNIQUE]).places.tolist() if place not in known]
    return bool(np.any(layer.table[unique]))


def test_a_site_that_shares_is_helped_and_one_that_does_not_is_untouched(
    database: Database, sites: list[NewSite], post_to: PostTo, teach_at: Callable[..., None], clock: StoppedClock
) -> None:
    one = sites[0]
    teach_at(one)
    _learn_together(database, clock)
    assert _versions(database) == [(1, 2, 40)]
    ids = [post_to(site, row(500, "spam").body) for site in sites]
    # In one batch: nobody is judged by another's layer.
    screen(database, judge_with(), ids, clock)
    with database.read() as session:
        verdicts = [session.get_one(VerdictRow, comment_id) for comment_id in ids]
    assert [verdict.model for verdict in verdicts] == ["words-1+common1", "words-1+common1", "words-1"]
    assert [_strength(verdict) > 0.5 for verdict in verdicts] == [True, True, False]
    # What others decided holds and does not condemn.
    assert _strength(verdicts[1]) <= 0.75
    _learn(database, clock, one)
    assert _verdict(database, post_to(one, "Hello."), clock).model == "words-1+common1+site1"


def test_who_does_not_share_gives_nothing(
    database: Database, sites: list[NewSite], teach_at: Callable[..., None], clock: StoppedClock
) -> None:
    teach_at(sites[0], 5)
    teach_at(sites[2], 20, first=100, extra=UNIQUE)
    _learn_together(database, clock)
    assert _versions(database) == [(1, 2, 10)]
    assert not _knows_unique(database)


def test_one_site_alone_shares_with_nobody(
    database: Database, sites: list[NewSite], teach_at: Callable[..., None], clock: StoppedClock
) -> None:
    with database.write() as session:
        share_learning(session, sites[1].id, shares=False)
    teach_at(sites[0], 5)
    assert not _is_owed(database, clock)
    _learn_together(database, clock)
    assert _versions(database) == []


def test_who_leaves_takes_its_texts_along(
    database: Database, sites: list[NewSite], post_to: PostTo, teach_at: Callable[..., None], clock: StoppedClock
) -> None:
    teach_at(sites[0], 10, extra=UNIQUE)
    teach_at(sites[1], 10, first=50)
    with database.write() as session:
        share_learning(session, sites[2].id, shares=True)
    _learn_together(database, clock)
    assert _knows_unique(database)
    _learn(database, clock, *sites)
    with database.write() as session:
        share_learning(session, sites[0].id, shares=False)
    # At once its own comments are judged without the others, and within seconds theirs without it.
    assert _verdict(database, post_to(sites[0], "Hello."), clock).model == "words-1+site1"
    assert _is_owed(database, clock)
    learn_together(database, WordModel, clock)
    assert _versions(database) == [(2, 2, 20)]
    assert not _knows_unique(database)
    with database.read() as session:
        assert sites_owing(session, WordModel.version) == [sites[0].id, sites[1].id]
    _learn(database, clock, *sites)
    with database.read() as session:
        assert sites_owing(session, WordModel.version) == []


def test_an_erased_author_is_forgotten_together(
    database: Database,
    keyed: Keyed,
    sites: list[NewSite],
    post_to: PostTo,
    teach_at: Callable[..., None],
    clock: StoppedClock,
) -> None:
    teach_at(sites[0], 10, extra=UNIQUE)
    _learn_together(database, clock)
    assert _knows_unique(database)
    erase(database, author_of(keyed, "zoe@example.com", [sites[0].id]), clock)
    assert _versions(database) == [(2, 0, 0)]
    assert _verdict(database, post_to(sites[1], "Hello."), clock).model == "words-1"
    assert _is_owed(database, clock)
    learn_together(database, WordModel, clock)
    assert _versions(database) == [(3, 2, 20)]
    assert not _knows_unique(database)


def test_new_decisions_are_learned_together_once_in_a_while(
    database: Database, sites: list[NewSite], teach_at: Callable[..., None], clock: StoppedClock
) -> None:
    teach_at(sites[0], 5)
    _learn_together(database, clock)
    assert not _is_owed(database, clock)
    teach_at(sites[1], 5, first=50)
    assert not _is_owed(database, clock)
    clock.now += LEARN_TOGETHER_AFTER
    assert _is_owed(database, clock)
    learn_together(database, WordModel, clock)
    learn_together(database, WordModel, clock)
    assert _versions(database) == [(2, 2, 20)]
    clock.now += LEARN_TOGETHER_AFTER
    assert not _is_owed(database, clock)
