"""Privacy: what is kept of an author can be handed out, and erased so that nothing knows it any more."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from moderation.db import Database
from moderation.decisions import Decision, decide
from moderation.errors import ConflictError
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.keys import Caller
from moderation.learning import site_features
from moderation.learning.site_features import who
from moderation.learning.site_model import load_site_model
from moderation.model_history import history_of, stop_learning
from moderation.privacy import author_of, count_comments, erase, export
from moderation.reading import list_comments, read_comment
from moderation.rekeying import rekey
from moderation.screening import screen
from moderation.sites import NewSite, add_site
from moderation.submission import read_submission
from moderation.tables import (
    AttemptRow,
    Comment,
    DecisionRow,
    DeliveryRow,
    Endpoint,
    EventRow,
    LinkDomain,
    RemoteQuestion,
    Site,
    SiteModelRow,
    TextBand,
    TextSketch,
    VerdictRow,
)
from moderation.teaching import LEARN_AGAIN_AFTER, learn, sites_owing
from tests.conftest import SECRET, StoppedClock
from tests.steps.conftest import Post, Teach, decide_on
from tests.steps.judges import WordModel, judge_with

AUTHOR = "Zoë.Quux@Example.com"
NAME = "Zoë Quux"
# Words that nobody else uses.
UNIQUE = "xylograph quixotry http://zq.example/~zoe jabberwock brillig slithy"
PERSONAL = {
    "email": AUTHOR,
    "name": NAME,
    "website": "https://quux.example",
    "ip": "198.51.100.7",
    "user_agent": "Quuxzilla",
    "referrer": "https://news.example.com/?q=quux",
    "external_id": "w-17",
}
TRACES = ("quux", "zoe", "zoë", "xylograph", "slithy", "198.51.100.7")


def _erase(database: Database, keyed: Keyed, clock: StoppedClock, *sites: NewSite) -> dict[str, int]:
    return erase(database, author_of(keyed, AUTHOR, [site.id for site in sites]), clock)


def _learn(database: Database, site: NewSite, clock: StoppedClock) -> None:
    clock.now += LEARN_AGAIN_AFTER
    learn(database, WordModel, [site.id], clock)


def _everything(database: Database) -> str:
    """Return every value of every row, but for hashes and weights."""
    with database.read() as session:
        rows = [
            str(value)
            for table in reversed(Site.metadata.sorted_tables)
            for row in session.execute(select(table))
            for value in row
            if not isinstance(value, bytes)
        ]
    return "\n".join(rows).casefold()


@pytest.fixture
def decided(database: Database, site: NewSite, post: Post, caller: Caller, clock: StoppedClock) -> list[str]:
    """Return comments of the author: received, approved by the machine, approved and called spam by a person."""
    with database.write() as session:
        session.add(
            Endpoint(
                id="ep_1",
                site_id=site.id,
                url="https://example.com",
                events=["comment.approved", "comment.spam", "comment.rejected"],
                format="standard",
                enabled=True,
                created_at=clock(),
            )
        )
    ids = [post(body=f"{UNIQUE} number {number}", post_id=str(number), **PERSONAL) for number in range(4)]
    screen(database, judge_with(), ids[1:], clock)
    for comment_id, action in ((ids[2], "approve"), (ids[3], "spam")):
        with database.write() as session:
            decide(session, caller, comment_id, Decision(action, 2, f"{NAME} again"), clock())
    with database.write() as session:
        session.add(
            RemoteQuestion(
                comment_id=ids[0],
                service="check",
                asked_at=clock(),
                due_at=clock(),
                answered_at=clock(),
                signals=[{"name": "A", "strength": 1.0, "evidence": [{"text": "slithy"}]}],
            )
        )
        delivery_id = session.scalars(select(DeliveryRow.id).order_by(DeliveryRow.id)).first()
        session.add(
            AttemptRow(delivery_id=delivery_id, number=1, started_at=clock(), seconds=0.1, answer=f"thanks, {NAME}")
        )
    return ids


def test_nothing_of_the_author_is_left(
    database: Database, keyed: Keyed, site: NewSite, decided: list[str], clock: StoppedClock
) -> None:
    before = _everything(database)
    with database.read() as session:
        assert session.scalars(select(LinkDomain)).all() != []
    assert all(trace in before for trace in TRACES)
    assert _erase(database, keyed, clock, site) == {site.id: 4}
    after = _everything(database)
    assert [trace for trace in TRACES if trace in after] == []
    with database.read() as session:
        assert session.scalars(select(LinkDomain)).all() == []
        assert session.scalars(select(TextSketch)).all() == session.scalars(select(TextBand)).all() == []
        assert {comment.fingerprint for comment in session.scalars(select(Comment))} == {""}
        assert {comment.email_token for comment in session.scalars(select(Comment))} == {""}
        # Counts stay: who decided what, and what the machine had thought.
        assert len(session.scalars(select(DecisionRow)).all()) == 2
        assert len(session.scalars(select(VerdictRow)).all()) == 3


def test_what_was_to_be_shown_is_taken_down(
    database: Database, keyed: Keyed, site: NewSite, decided: list[str], caller: Caller, clock: StoppedClock
) -> None:
    with database.read() as session:
        told = len(session.scalars(select(DeliveryRow.id)).all())
    clock.advance(seconds=1)
    _erase(database, keyed, clock, site)
    with database.read() as session:
        assert [session.get_one(Comment, one).status for one in decided] == ["rejected"] * 3 + ["spam"]
        assert list_comments(session, site.id, status="approved").comments == []
        events = session.execute(
            select(EventRow.comment_id, EventRow.version).where(EventRow.type == "comment.rejected")
        ).all()
        assert sorted(row.comment_id for row in events) == sorted(decided[:3])
        assert all(row.version == session.get_one(Comment, row.comment_id).version for row in events)
        assert len(session.scalars(select(DeliveryRow.id)).all()) == told + 3
        document = read_comment(session, caller, decided[2])
    assert (document["body"], document["external_id"]) == ("", "w-17")
    assert (document["decision"]["action"], document["decision"]["reason"]) == ("approve", None)
    assert document["erased_at"] is not None


def test_an_erased_comment_can_be_neither_judged_nor_decided(
    database: Database, keyed: Keyed, site: NewSite, decided: list[str], caller: Caller, clock: StoppedClock
) -> None:
    _erase(database, keyed, clock, site)
    assert screen(database, judge_with(), decided, clock) == []
    with database.read() as session:
        version = session.get_one(Comment, decided[2]).version
    with pytest.raises(ConflictError, match="erased"), database.write() as session:
        decide(session, caller, decided[2], Decision("approve", version), clock())


def test_erasing_again_or_whom_nobody_knows_changes_nothing(
    database: Database, keyed: Keyed, site: NewSite, post: Post, decided: list[str], clock: StoppedClock
) -> None:
    other = post(body="Somebody else said something else.", email="other@example.com")
    _erase(database, keyed, clock, site)
    before = _everything(database)
    clock.advance(hours=1)
    assert _erase(database, keyed, clock, site) == {}
    assert _everything(database) == before
    with database.read() as session:
        assert session.get_one(Comment, other).body == "Somebody else said something else."


def test_only_the_sites_that_were_named_are_touched(
    database: Database, keyed: Keyed, site: NewSite, decided: list[str], clock: StoppedClock
) -> None:
    with database.write() as session:
        other = add_site(session, keyed, "Other", None, clock())
    sent = {"name": NAME, "email": AUTHOR, "body": UNIQUE, "post_id": "1"}
    accept(database, keyed, other.id, [read_submission(sent)], clock(), shape=lambda ids: {"id": ids[0]})
    author = author_of(keyed, AUTHOR.casefold(), [site.id, other.id])
    with database.read() as session:
        assert count_comments(session, author) == {site.id: 4, other.id: 1}
    assert _erase(database, keyed, clock, site) == {site.id: 4}
    with database.read() as session:
        assert count_comments(session, author) == {other.id: 1}


def test_comments_from_before_the_secret_was_replaced_are_found(
    database: Database, site: NewSite, decided: list[str], clock: StoppedClock
) -> None:
    replaced = Keyed("another secret for tests, long enough as well", SECRET)
    with database.read() as session:
        assert len(list(export(session, author_of(replaced, AUTHOR, [site.id])))) == 4
    assert _erase(database, replaced, clock, site) == {site.id: 4}
    assert rekey(database, replaced) == 0


def test_more_than_one_step_is_taken(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.privacy._AT_ONCE", 2)
    for number in range(5):
        post(body=f"{UNIQUE} {number}", **PERSONAL)
    author = author_of(keyed, AUTHOR, [site.id])
    with database.read() as session:
        assert len(list(export(session, author))) == 5
    assert erase(database, author, clock) == {site.id: 5}


def test_all_that_is_kept_is_handed_out(
    database: Database, keyed: Keyed, site: NewSite, decided: list[str], clock: StoppedClock
) -> None:
    with database.read() as session:
        exported = list(export(session, author_of(keyed, AUTHOR, [site.id])))
    assert [one["id"] for one in exported] == decided[::-1]
    assert PERSONAL.items() <= exported[0].items()
    assert exported[0]["verdict"]["signals"]
    assert exported[0]["decision"]["action"] == "spam"
    assert exported[0]["decision"]["by"] is None


def _weight_of_unique(weights: bytes) -> float:
    """Sum what the layer knows of the author's words: their pieces that no other comment has."""
    layer = load_site_model(weights)
    known = {place for number in range(200) for place in _places(number)}
    zoe = who(NAME, AUTHOR, PERSONAL["website"])
    unique = [place for place in site_features.extract([UNIQUE], [zoe]).places.tolist() if place not in known]
    assert len(unique) > 100
    return float(np.sum(np.abs(layer.table[unique].astype(float))))


def _places(number: int) -> list[int]:
    from tests.unit.learning_data import row

    texts = [row(number, label).body for label in ("spam", "ham")]
    reader = who("A reader", "reader@example.com")
    places: list[int] = site_features.extract(texts, [reader] * len(texts)).places.tolist()
    return places


def test_the_model_knows_nothing_of_it_any_more(
    database: Database, keyed: Keyed, site: NewSite, post: Post, teach: Teach, caller: Caller, clock: StoppedClock
) -> None:
    teach(4)
    _learn(database, site, clock)
    clock.advance(hours=1)
    decide_on(database, caller, post(body=UNIQUE, **PERSONAL), "spam", clock)
    _learn(database, site, clock)
    clock.advance(hours=1)
    teach(4, first=50)
    _learn(database, site, clock)
    with database.read() as session:
        weights = session.scalars(select(SiteModelRow.weights).order_by(SiteModelRow.version)).all()
    assert [_weight_of_unique(one) > 0 for one in weights] == [False, True, True]
    _erase(database, keyed, clock, site)
    # At once: the newest version that never knew it is in use until the next one is made.
    with database.read() as session:
        history = history_of(session, site.id)
        assert [(one.version, one.copy_of) for one in history.versions] == [(4, 1), (1, None)]
        assert sites_owing(session, WordModel.version) == [site.id]
    _learn(database, site, clock)
    with database.read() as session:
        weights = session.scalars(select(SiteModelRow.weights).order_by(SiteModelRow.version)).all()
        assert history_of(session, site.id).versions[0].examples == 16
        assert sites_owing(session, WordModel.version) == []
    assert [_weight_of_unique(one) for one in weights] == [0, 0, 0]


def test_a_model_that_was_told_to_stay_forgets_as_well(
    database: Database, keyed: Keyed, site: NewSite, post: Post, teach: Teach, caller: Caller, clock: StoppedClock
) -> None:
    teach(4)
    decide_on(database, caller, post(body=UNIQUE, **PERSONAL), "spam", clock)
    _learn(database, site, clock)
    with database.write() as session:
        stop_learning(session, site.id)
    clock.now += timedelta(days=1)
    _erase(database, keyed, clock, site)
    _learn(database, site, clock)
    with database.read() as session:
        history = history_of(session, site.id)
        [weights] = session.scalars(select(SiteModelRow.weights))
    assert [(one.version, one.examples, history.is_learning) for one in history.versions] == [(2, 0, False)]
    assert _weight_of_unique(weights) == 0


def test_no_version_is_lost_for_an_author_who_never_taught(
    database: Database, keyed: Keyed, site: NewSite, post: Post, teach: Teach, clock: StoppedClock
) -> None:
    teach(4)
    post(body=UNIQUE, **PERSONAL)
    _learn(database, site, clock)
    _erase(database, keyed, clock, site)
    with database.read() as session:
        assert [one.version for one in history_of(session, site.id).versions] == [1]
        assert sites_owing(session, WordModel.version) == []
