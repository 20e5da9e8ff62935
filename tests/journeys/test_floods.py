"""A burst from many addresses at the real program: it tightens the site, says so once, and relaxes by itself."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from moderation.clock import utc_now
from moderation.db import Database, make_engine
from moderation.tables import Comment, Site, SiteState
from tests.conftest import Receiver
from tests.journeys.program import Up, up
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Up]:
    """Return the running program, which may post to loopback."""
    settings = {"MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8", "MODERATION_SWEEP_SECONDS": "1"}
    with up(tmp_path / "var", free_port(), **settings) as one:
        one.wait_until_ready()
        yield one
        assert one.stop() == 0
        one.assert_nothing_is_left()


@pytest.fixture
def database(program: Up) -> Iterator[Database]:
    """Return its database, to let time have passed there."""
    database = Database(make_engine(f"sqlite:///{program.folder / 'moderation.db'}"))
    yield database
    database.close()


def _told(receiver: Receiver) -> Counter[str]:
    """Count what was told of the site, each webhook-id once."""
    by_id = {one.headers["webhook-id"]: json.loads(one.body)["type"] for one in receiver.received}
    return Counter(kind for kind in by_id.values() if kind.startswith("site."))


def _form(program: Up) -> dict[str, object]:
    status, form = program.call("GET", "/v1/form", key=program.credentials["site"]["public_key"])
    assert status == 200
    return dict(form)


@pytest.mark.long
def test_a_burst_from_many_addresses_tightens_the_site_until_it_is_over(
    program: Up, database: Database, receiver: Receiver
) -> None:
    moderator = program.credentials["moderator_token"]
    wanted = {"url": receiver.url, "audience": "moderators"}
    assert program.call("POST", "/v1/endpoints", wanted, key=moderator)[0] == 201
    with database.write() as session:
        session.execute(update(Site).values(created_at=utc_now() - timedelta(days=2)))
    assert "work" not in _form(program)
    burst = [
        {
            "name": f"Reader {number}",
            "email": f"reader{number}@example.com",
            "body": f"What a day this was for everyone here, says number {number}",
            "post_id": "8344",
            "ip": f"198.51.100.{number}",
        }
        for number in range(100)
    ]
    assert program.call("POST", "/v1/comments/batch", {"comments": burst})[0] == 200

    wait_until(lambda: _told(receiver)["site.tightened"], "moderators hear of the flood", seconds=60)
    [message] = [one for one in (json.loads(one.body) for one in receiver.received) if "addresses" in one["data"]]
    assert (message["data"]["comments"], message["data"]["addresses"]) == (100, 100)
    held = program.post("Good morning from Tabriz")
    program.wait_until_judged(held)
    comment = program.comment(held)
    assert comment["status"] == "held"
    assert "RULE_FLOOD_MODE" in {signal["name"] for signal in comment["verdict"]["signals"]}
    assert _form(program)["work"]

    # An hour passes in which nothing comes.
    hour = timedelta(hours=1)
    with database.write() as session:
        for row in session.query(Comment):
            row.received_at -= hour
        for state in session.query(SiteState):
            assert state.tightened_until is not None
            state.tightened_until -= hour
    wait_until(lambda: _told(receiver)["site.relaxed"], "moderators hear that it is over", seconds=60)
    assert "work" not in _form(program)
    approved = program.post("Good evening from Tabriz")
    program.wait_until_judged(approved)
    assert program.comment(approved)["status"] == "approved"
    assert _told(receiver) == {"site.tightened": 1, "site.relaxed": 1}
