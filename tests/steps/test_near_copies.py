"""Near-copies: found by whoever and wherever on the site, remembered as long as they matter, in few statements."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, event, func, select, text

from moderation.bands import BANDS
from moderation.campaigns import CANDIDATES
from moderation.db import Database
from moderation.decisions import Decision, decide
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.keys import Caller, Kind
from moderation.reading import list_comments, read_comment
from moderation.retention import forget
from moderation.screening import screen
from moderation.sites import NewModerator, NewSite, add_site
from moderation.submission import read_submission
from moderation.tables import Comment, Key, TextBand, TextSketch, VerdictRow
from moderation.text_memory import FULL, KEPT_FOR, SHARING, overdue
from tests.conftest import StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with

CASTLE = "Visit our castle of prizes today and win a shiny {} before the night is over, dear friends"


@pytest.fixture
def caller(database: Database, site: NewSite, moderator: NewModerator) -> Caller:
    """Return the moderator as a caller."""
    with database.read() as session:
        key = session.scalars(select(Key).where(Key.moderator_id == moderator.id)).one()
    return Caller(Kind.MODERATOR, key.id, moderator.name, frozenset([site.id]), moderator.id)


def _signals(database: Database, comment_id: str) -> dict[str, dict[str, Any]]:
    with database.read() as session:
        return {one["name"]: one for one in session.get_one(VerdictRow, comment_id).signals}


def _campaigns(database: Database, *ids: str) -> list[str | None]:
    with database.read() as session:
        return [session.get_one(Comment, comment_id).campaign_id for comment_id in ids]


def _decide(database: Database, caller: Caller, comment_id: str, action: str, clock: StoppedClock) -> None:
    with database.write() as session:
        version = session.get_one(Comment, comment_id).version
        decide(session, caller, comment_id, Decision(action, version), clock())


def _judged(database: Database, post: Post, clock: StoppedClock, **fields: object) -> str:
    comment_id = post(**fields)
    screen(database, judge_with(), [comment_id], clock)
    return comment_id


def test_a_near_copy_by_another_author_on_another_post_is_of_the_same_campaign(
    database: Database, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    first = _judged(database, post, clock, body=CASTLE.format("bicycle"))
    assert _campaigns(database, first) == [None]
    second = _judged(database, post, clock, body=CASTLE.format("teapot"), email="b@example.com", post_id="9")
    other = _judged(database, post, clock, body="Something else entirely is said in this one, about weather")
    assert _campaigns(database, first, second, other) == [first, first, None]
    seen = _signals(database, second)["NEAR_COPIES"]
    assert seen["evidence"][0]["text"] == "1 in 24 hours, by 1 other authors, on 1 posts"
    assert seen["evidence"][1]["text"].endswith(f"% like {first}")
    with database.read() as session:
        assert read_comment(session, caller, second)["campaign"] == first
        page = list_comments(session, next(iter(caller.site_ids)), campaign=first)
    assert [one["id"] for one in page.comments] == [second, first]


def test_copies_within_one_batch_find_each_other(database: Database, post: Post, clock: StoppedClock) -> None:
    ids = [
        post(body=CASTLE.format(prize), email=f"{prize}@example.com") for prize in ("bicycle", "teapot", "car", "pen")
    ]
    screen(database, judge_with(), ids, clock)
    assert _campaigns(database, *ids) == [ids[0]] * 4
    assert all(_signals(database, one)["NEAR_COPIES"]["strength"] == 1.0 for one in ids)
    assert all("REPEATED" not in _signals(database, one) for one in ids)


def test_the_same_text_is_a_repeat_and_no_near_copy(database: Database, post: Post, clock: StoppedClock) -> None:
    first = _judged(database, post, clock, body=CASTLE.format("bicycle"))
    second = _judged(database, post, clock, body=CASTLE.format("bicycle").upper())
    assert set(_signals(database, second)) >= {"REPEATED"}
    assert "NEAR_COPIES" not in _signals(database, second)
    assert _campaigns(database, second) == [first]


def test_a_near_copy_of_what_a_moderator_called_spam_is_spam_for_ever(
    database: Database, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    marked = _judged(database, post, clock, body=CASTLE.format("bicycle"))
    _decide(database, caller, marked, "spam", clock)
    clock.now += timedelta(days=400)
    forget(database, clock(), ip_retention_days=30)
    copy = _judged(database, post, clock, body=CASTLE.format("teapot"), email="b@example.com")
    with database.read() as session:
        assert session.get_one(Comment, copy).status == "spam"
    signals = _signals(database, copy)
    assert signals["NEAR_COPY_OF_SPAM"]["points"] == 6.0
    assert marked in signals["NEAR_COPY_OF_SPAM"]["evidence"][0]["text"]
    assert "NEAR_COPIES" not in signals
    _decide(database, caller, marked, "approve", clock)
    assert "NEAR_COPY_OF_SPAM" not in _signals(database, _judged(database, post, clock, body=CASTLE.format("car")))


def test_what_was_only_judged_is_forgotten_after_its_days(
    database: Database, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    _judged(database, post, clock, body=CASTLE.format("bicycle"))
    kept = _judged(database, post, clock, body="Another text that is long enough to be remembered")
    _decide(database, caller, kept, "approve", clock)
    clock.now += KEPT_FOR + timedelta(seconds=1)
    assert forget(database, clock(), ip_retention_days=30) == 1
    with database.read() as session:
        assert session.scalars(select(TextSketch.comment_id)).all() == [kept]
        assert set(session.scalars(select(TextBand.comment_id))) == {kept}


def test_another_sites_texts_are_not_compared_with(
    database: Database, keyed: Keyed, post: Post, clock: StoppedClock
) -> None:
    _judged(database, post, clock, body=CASTLE.format("bicycle"))
    with database.write() as session:
        other = add_site(session, keyed, "Other", None, clock())
    sent = {"name": "A", "email": "a@example.com", "body": CASTLE.format("teapot"), "post_id": "1"}
    [copy] = accept(database, keyed, other.id, [read_submission(sent)], clock(), shape=lambda _ids: {}).ids
    screen(database, judge_with(), [copy], clock)
    assert "NEAR_COPIES" not in _signals(database, copy)
    assert _campaigns(database, copy) == [None]


def test_a_flood_fills_its_bands_and_no_more_and_decisions_still_count(
    database: Database, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    for start in (100, 200, 300):
        ids = [post(body=CASTLE.format(start + number), email=f"{number}@example.com") for number in range(40)]
        screen(database, judge_with(), ids, clock)
    with database.read() as session:
        fullest = (
            select(func.count()).select_from(TextBand).group_by(TextBand.band).order_by(func.count().desc()).limit(1)
        )
        # A batch adds no more than there is room for, whether some are there already or none.
        assert FULL <= (session.scalar(fullest) or 0) < 2 * FULL
        assert session.scalar(select(func.count()).where(TextBand.comment_id == ids[-1])) < BANDS
    _decide(database, caller, ids[-1], "spam", clock)
    assert "NEAR_COPY_OF_SPAM" in _signals(database, _judged(database, post, clock, body=CASTLE.format("new")))


def test_a_batch_of_one_text_fills_its_bands_and_no_more(database: Database, post: Post, clock: StoppedClock) -> None:
    ids = [post(body=CASTLE.format("bicycle"), email=f"{number}@example.com") for number in range(FULL + 6)]
    screen(database, judge_with(), ids, clock)
    assert _in_bands(database) == set(ids[:FULL])
    assert _campaigns(database, *ids) == [ids[0]] * len(ids)
    varied = _judged(database, post, clock, body=CASTLE.format("teapot"))
    assert _signals(database, varied)["NEAR_COPIES"]["strength"] == 1.0


def _in_bands(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(TextBand.comment_id)))


def test_the_very_same_text_again_and_again_is_read_no_more_often_and_misses_nothing(
    database: Database, post: Post, caller: Caller, clock: StoppedClock
) -> None:
    again = {"body": CASTLE.format("bicycle")}
    ids = [_judged(database, post, clock, **again, email=f"{number}@example.com") for number in range(10)]
    assert _in_bands(database) == set(ids[:6])
    assert _campaigns(database, *ids) == [ids[0]] * 10
    varied = _judged(database, post, clock, body=CASTLE.format("teapot"), email="b@example.com")
    assert _signals(database, varied)["NEAR_COPIES"]["strength"] == 1.0
    # One that is in no band is found once a person spoke about it.
    _decide(database, caller, ids[-1], "spam", clock)
    found = _signals(database, _judged(database, post, clock, body=CASTLE.format("car")))
    assert ids[-1] in found["NEAR_COPY_OF_SPAM"]["evidence"][0]["text"]
    clock.advance(hours=25)
    today = _judged(database, post, clock, **again)
    assert today in _in_bands(database)


def test_yesterdays_flood_leaves_room_for_todays(database: Database, post: Post, clock: StoppedClock) -> None:
    first, *_ = ids = [post(body=CASTLE.format(number)) for number in range(100, 100 + FULL + 6)]
    screen(database, judge_with(), ids, clock)
    clock.advance(hours=25)
    alone = _judged(database, post, clock, body=CASTLE.format(777))
    assert "NEAR_COPIES" not in _signals(database, alone)
    copy = _judged(database, post, clock, body=CASTLE.format(888), email="b@example.com")
    assert _signals(database, copy)["NEAR_COPIES"]["evidence"][0]["text"].startswith("1 in 24 hours")
    assert _campaigns(database, *ids, alone, copy) == [first] * (len(ids) + 2)


@contextmanager
def _counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


def test_a_large_batch_takes_no_more_statements_than_a_small_one(
    database: Database, post: Post, clock: StoppedClock
) -> None:
    screen(database, judge_with(), [post(body=CASTLE.format(word)) for word in ("stamp", "spoon")], clock)
    counts = []
    for size in (2, 40):
        ids = [post(body=CASTLE.format(f"{size}th of {number}")) for number in range(size)]
        with _counted(database) as statements:
            screen(database, judge_with(), ids, clock)
        counts.append(len(statements))
    assert counts[1] <= counts[0]


def _campaign_query(_is_sqlite: bool) -> Select[Any]:
    found = select(Comment.id).where(Comment.site_id == "st_1", Comment.campaign_id == "cm_1")
    return found.order_by(Comment.id.desc()).limit(51)


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        *(
            (
                lambda is_sqlite, at=at: SHARING["sqlite" if is_sqlite else "postgresql"][at].params(bands=[1, 2]),
                {"text_bands_pkey", "sqlite_autoindex_text_bands_1"},
            )
            for at in (0, 1)
        ),
        (
            lambda _: CANDIDATES.params(ids=["cm_1", "cm_2"]),
            {"one_decision_per_version", "sqlite_autoindex_decisions_2"},
        ),
        (lambda _: overdue(StoppedClock()()), {"text_sketches_overdue"}),
        (_campaign_query, {"comments_by_campaign"}),
    ],
    ids=["members", "kept until", "candidates", "overdue", "campaign"],
)
def test_the_queries_use_their_indexes(
    database: Database, query: Callable[[bool], Select[Any]], indexes: set[str]
) -> None:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    compiled = query(database.is_sqlite).compile(database.engine, compile_kwargs={"render_postcompile": True})
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            # An empty table is read whole for less: say that this is no option.
            connection.execute(text("SET enable_seqscan = off"))
        parameters = [compiled.params[name] for name in compiled.positiontup or ()] or compiled.params
        bound = tuple(str(one) for one in parameters) if database.is_sqlite else parameters
        plan = str(connection.exec_driver_sql(f"{explain} {compiled}", bound).all())
    assert any(index in plan for index in indexes), plan
    assert "SCAN comments" not in plan
