"""Floods: found by a site's own usual, told of once each way, and over by themselves, on both databases."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text, update

from moderation.columns import Row
from moderation.db import Database
from moderation.deliveries.delivering import deliver
from moderation.endpoints import DEFAULT_EVENTS
from moderation.events import Owed
from moderation.floods import STAYS, WINDOW, states_of, tightened, watch
from moderation.identity import Keyed, new_id
from moderation.policy import read_policy
from moderation.screening import screen
from moderation.sites import NewSite, add_site, set_policy
from moderation.tables import Comment, DeliveryRow, Endpoint, EventRow, Site, table
from tests.conftest import ROOT, Receiver, StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with
from tests.steps.test_deliveries import LOOPBACK

Arrive = Callable[..., None]


@pytest.fixture
def site(site: NewSite, database: Database, clock: StoppedClock) -> NewSite:
    """Return a site that is older than a day."""
    with database.write() as session:
        session.execute(update(Site).values(created_at=clock() - timedelta(days=2)))
    return site


@pytest.fixture
def endpoint(database: Database, site: NewSite, receiver: Receiver, clock: StoppedClock) -> str:
    """Let the receiver hear what moderators hear."""
    with database.write() as session:
        session.add(
            Endpoint(
                id="ep_1",
                site_id=site.id,
                url=receiver.url,
                events=list(DEFAULT_EVENTS["moderators"]),
                format="standard",
                enabled=True,
                created_at=clock(),
            )
        )
    return "ep_1"


@pytest.fixture
def arrive(database: Database, post: Post, clock: StoppedClock) -> Arrive:
    """Return what lets so many comments arrive, from so many addresses and authors."""
    first = post(ip="203.0.113.1")
    with database.write() as session:
        model = dict(session.execute(select(table(Comment)).where(Comment.id == first)).mappings().one())
        session.execute(update(Comment).values(received_at=clock() - timedelta(days=10)))

    def arrive(count: int, hands: int = 40, *, ago: timedelta = timedelta(0), **fields: Any) -> None:
        rows = [
            model
            | {
                "id": new_id("cm"),
                "ip": f"198.51.100.{number % hands}",
                "email_token": str(number % hands),
                "received_at": clock() - ago - timedelta(seconds=number % 300),
                "status": "approved",
            }
            | fields
            for number in range(count)
        ]
        if rows:
            with database.write() as session:
                session.execute(insert(table(Comment)), rows)

    return arrive


def _is_tight(database: Database, site: NewSite, clock: StoppedClock) -> bool:
    with database.read() as session:
        return bool(tightened(session, [site.id], clock()))


def _told(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(EventRow.type).order_by(EventRow.id)))


def _all(database: Database, row: type[Row]) -> list[Any]:
    with database.read() as session:
        return list(session.scalars(select(row)))


def test_a_flood_from_many_hands_tightens_the_site_and_ends_by_itself(
    database: Database, site: NewSite, endpoint: str, arrive: Arrive, clock: StoppedClock
) -> None:
    arrive(143, ago=timedelta(hours=3))
    arrive(61)
    [owed] = watch(database, clock())
    assert owed.endpoint_id == endpoint
    assert _is_tight(database, site, clock)
    # As long as it goes on, it stays, and nobody hears of it again.
    for _ in range(3):
        clock.now += timedelta(minutes=5)
        arrive(50)
        assert watch(database, clock()) == []
        assert _is_tight(database, site, clock)
    # Little comes now. The last window with much of it is still in sight, and ten minutes more it stays.
    clock.now += WINDOW + timedelta(minutes=5)
    arrive(1)
    [told] = watch(database, clock())
    assert not _is_tight(database, site, clock)
    assert told.endpoint_id == endpoint
    assert watch(database, clock()) == []
    assert _told(database) == ["site.tightened", "site.relaxed"]


def test_it_stays_ten_minutes_after_the_last_look_at_which_much_came(
    database: Database, site: NewSite, arrive: Arrive, clock: StoppedClock
) -> None:
    arrive(100)
    watch(database, clock())
    clock.now += WINDOW - timedelta(seconds=299)
    # The newest of them still stand in the window.
    arrive(30)
    watch(database, clock())
    clock.now += WINDOW + timedelta(seconds=1) - timedelta(seconds=300)
    watch(database, clock())
    until = clock() + STAYS
    clock.now = until - timedelta(seconds=301)
    watch(database, clock())
    assert _is_tight(database, site, clock)
    clock.now = until
    watch(database, clock())
    assert not _is_tight(database, site, clock)
    assert _told(database) == ["site.tightened", "site.relaxed"]


@pytest.mark.parametrize(
    ("usual_of_a_day", "count", "hands", "fields"),
    [
        (0, 60, 40, {}),
        (0, 200, 19, {}),
        (0, 200, 19, {"ip": None}),
        # 143 in the rest of the day are one in ten minutes.
        (143 * 10, 80, 40, {}),
        (143 * 20, 80, 40, {"status": "held"}),
    ],
    ids=["few", "few addresses", "few authors", "no more than eight times the usual", "nor four times, if held"],
)
def test_what_is_no_flood(
    database: Database,
    arrive: Arrive,
    clock: StoppedClock,
    usual_of_a_day: int,
    count: int,
    hands: int,
    fields: dict[str, Any],
) -> None:
    arrive(usual_of_a_day, ago=timedelta(hours=3))
    arrive(count, hands, **fields)
    assert watch(database, clock()) == []
    assert _told(database) == []


@pytest.mark.parametrize(
    ("usual_of_a_day", "count", "fields"),
    [(0, 61, {}), (0, 61, {"ip": None}), (143 * 10, 81, {}), (143 * 20, 81, {"status": "spam"})],
    ids=["on a quiet site", "addresses unknown", "more than eight times", "more than four times, half of it spam"],
)
def test_what_is_a_flood(
    database: Database, arrive: Arrive, clock: StoppedClock, usual_of_a_day: int, count: int, fields: dict[str, Any]
) -> None:
    arrive(usual_of_a_day, ago=timedelta(hours=3))
    arrive(count, **fields)
    watch(database, clock())
    assert _told(database) == ["site.tightened"]


def test_an_import_and_a_sites_first_day_are_no_flood(
    database: Database, site: NewSite, arrive: Arrive, clock: StoppedClock
) -> None:
    arrive(200, submitted_at=clock() - timedelta(hours=1))
    watch(database, clock())
    with database.write() as session:
        session.execute(update(Site).values(created_at=clock() - timedelta(hours=23)))
    arrive(200)
    watch(database, clock())
    assert _told(database) == []


def test_what_goes_on_for_a_day_is_the_new_usual(database: Database, arrive: Arrive, clock: StoppedClock) -> None:
    arrive(100)
    watch(database, clock())
    clock.now += timedelta(hours=24, seconds=1)
    for number in range(143):
        arrive(100, ago=number * WINDOW)
    watch(database, clock())
    assert _told(database) == ["site.tightened", "site.relaxed"]


def test_in_a_flood_what_would_be_approved_is_held_but_not_what_a_trusted_author_says(
    database: Database, site: NewSite, post: Post, arrive: Arrive, clock: StoppedClock
) -> None:
    with database.write() as session:
        wanted = {"rules": {"trust": ["editor@example.com"]}, "words_spam": ["casino"]}
        set_policy(session, site.id, read_policy(wanted), clock())
    arrive(100)
    watch(database, clock())
    held, trusted, spam = post(), post(email="editor@example.com"), post(body="A casino for all of you")
    screen(database, judge_with(), [held, trusted, spam], clock)
    with database.read() as session:
        states = [session.get_one(Comment, one).status for one in (held, trusted, spam)]
    assert states == ["held", "approved", "spam"]
    clock.now += 2 * WINDOW + timedelta(seconds=1)
    watch(database, clock())
    later = post(body="Calm again, thank you.")
    screen(database, judge_with(), [later], clock)
    with database.read() as session:
        assert session.get_one(Comment, later).status == "approved"


def test_a_site_that_does_not_want_it_is_left_alone_also_in_the_middle(
    database: Database, site: NewSite, post: Post, arrive: Arrive, clock: StoppedClock
) -> None:
    def want(*, it: bool) -> None:
        with database.write() as session:
            set_policy(session, site.id, read_policy({"rules": {"tighten_in_floods": it}}), clock())

    want(it=False)
    arrive(100)
    assert watch(database, clock()) == []
    assert _told(database) == []
    want(it=True)
    watch(database, clock())
    assert _told(database) == ["site.tightened"]
    want(it=False)
    # At once, before any sweep.
    comment_id = post()
    screen(database, judge_with(), [comment_id], clock)
    with database.read() as session:
        assert session.get_one(Comment, comment_id).status == "approved"
    watch(database, clock())
    assert _told(database) == ["site.tightened", "comment.approved", "site.relaxed"]


def test_many_sweeps_at_once_tell_once_each_way(
    database: Database, endpoint: str, arrive: Arrive, clock: StoppedClock
) -> None:
    arrive(100)
    for told in (["site.tightened"], ["site.tightened", "site.relaxed"]):
        owed: list[Owed] = []
        barrier = Barrier(4)

        def sweep(owed: list[Owed] = owed, barrier: Barrier = barrier) -> None:
            barrier.wait()
            owed.extend(watch(database, clock()))

        sweeps = [Thread(target=sweep) for _ in range(4)]
        for one in sweeps:
            one.start()
        for one in sweeps:
            one.join()
        assert len(owed) == 1
        assert _told(database) == told
        clock.now += 2 * WINDOW + timedelta(seconds=1)
    assert len(_all(database, DeliveryRow)) == 2


def test_a_sweep_that_stood_still_neither_tightens_for_ever_nor_tells_twice(
    database: Database, site: NewSite, arrive: Arrive, clock: StoppedClock
) -> None:
    arrive(100)
    watch(database, clock())
    clock.now += timedelta(hours=1)
    assert not _is_tight(database, site, clock)
    # The flood went on meanwhile: it is still the same one.
    arrive(100)
    watch(database, clock())
    assert _is_tight(database, site, clock)
    assert _told(database) == ["site.tightened"]


def test_the_message_is_the_same_on_every_attempt_and_names_nobody(
    database: Database,
    keyed: Keyed,
    site: NewSite,
    endpoint: str,
    receiver: Receiver,
    arrive: Arrive,
    clock: StoppedClock,
) -> None:
    receiver.answers = [(500, {}), (204, {})]
    arrive(100)
    [owed] = watch(database, clock())
    deliver(database, keyed, LOOPBACK, [owed.delivery_id], clock)
    clock.now += timedelta(minutes=8)
    deliver(database, keyed, LOOPBACK, [owed.delivery_id], clock)
    first, second = receiver.wait_for(2)
    assert first.body == second.body
    message = json.loads(first.body)
    assert message["type"] == "site.tightened"
    assert message["data"] == {
        "site": site.id,
        "comments": 100,
        "minutes": 10,
        "usual": 0.0,
        "addresses": 40,
        "authors": 40,
        "until": "2026-01-02T03:14:05.000Z",
    }
    clock.now += timedelta(minutes=30)
    [owed] = watch(database, clock())
    deliver(database, keyed, LOOPBACK, [owed.delivery_id], clock)
    data = json.loads(receiver.wait_for(3)[2].body)["data"]
    assert data == {
        "site": site.id,
        "comments": 0,
        "minutes": 10,
        "usual": 0.0,
        "tightened_at": "2026-01-02T03:04:05.000Z",
    }


def test_what_is_told_is_documented(database: Database, arrive: Arrive, clock: StoppedClock) -> None:
    arrive(100)
    watch(database, clock())
    clock.now += timedelta(minutes=30)
    watch(database, clock())
    rows = dict(
        re.findall(
            r"^\| `(site\.[a-z]+)` \| (.*`comments`.*) \|$", (ROOT / "docs/webhooks.md").read_text(), re.MULTILINE
        )
    )
    for one in _all(database, EventRow):
        assert set(re.findall(r"`(\w+)`", rows.pop(one.type))) == set(one.data)
    assert not rows


def test_an_endpoint_for_the_website_hears_of_comments_only(
    database: Database, endpoint: str, arrive: Arrive, clock: StoppedClock
) -> None:
    with database.write() as session:
        session.execute(update(Endpoint).values(events=list(DEFAULT_EVENTS["website"])))
    arrive(100)
    assert watch(database, clock()) == []
    assert _told(database) == ["site.tightened"]


@pytest.mark.parametrize("sites", [1, 6])
def test_a_look_is_three_statements_by_index_whatever_there_is(
    database: Database, keyed: Keyed, site: NewSite, arrive: Arrive, clock: StoppedClock, sites: int
) -> None:
    for days in range(1, 7):
        arrive(2_000, ago=timedelta(days=days))
    arrive(70)
    with database.write() as session:
        others = [add_site(session, keyed, f"Site {number}", None, clock()).id for number in range(sites)]
        session.execute(update(Site).values(created_at=clock() - timedelta(days=2)))
    for other in others:
        arrive(70, site_id=other)
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE"))
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    statements: list[str] = []
    plans: list[str] = []

    def note(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            statements.append(statement)
            plans.append(str(cursor.execute(f"{explain} {statement}", parameters).fetchall()))

    event.listen(database.engine, "before_cursor_execute", note)
    watch(database, clock())
    event.remove(database.engine, "before_cursor_execute", note)
    # Sites, arrivals and policies. Where a site changed, its endpoints are asked for as well.
    assert len([one for one in statements if "endpoints" not in one]) == 3
    plan = " ".join(plans)
    assert "comments_by_arrival" in plan
    # The day is counted once per site, not once per comment.
    assert ("MATERIALIZE asked" if database.is_sqlite else "CTE asked") in plan
    for scan in ("Seq Scan on comments", "SCAN came", "SCAN nth"):
        assert scan not in plan
    assert len(_told(database)) == sites + 1
    with database.read() as session:
        assert len(states_of(session, clock())) == sites + 1
