"""Lists come from a replica that has all that was committed before they were asked for, else from the primary."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import event, text

from api.resources import Resources
from moderation.db import Database, make_engine
from moderation.errors import SettingsError
from moderation.health import check_replica
from moderation.list_cache import ListCache
from moderation.migrations import migrate
from moderation.public_list import Wanted
from moderation.replica import AWAY_SECONDS, BEHIND_SECONDS, Replica
from moderation.settings import Settings
from tests.api.service import Service, running
from tests.journeys.servers import Cluster, postgres_cluster, postgres_replica
from tests.processes import free_port, wait_until

LISTS = ("/v1/comments?status=held", "/v1/deliveries", "/v1/posts/8344/comments?site=")


@dataclass
class Pair:
    """A primary and the replica that follows it."""

    primary: Cluster
    replica: Cluster

    def stand_still(self) -> None:
        """Let the replica take in what comes, and show nothing of it."""
        self.replica.execute("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.ask("SELECT pg_get_wal_replay_pause_state()") == "paused", "the replica stands still")

    def go_on(self) -> None:
        """Let it show all."""
        self.replica.execute("SELECT pg_wal_replay_resume()")
        wait_until(lambda: self.ask("SELECT pg_get_wal_replay_pause_state()") == "not paused", "the replica goes on")

    def ask(self, statement: str) -> Any:
        """Ask the replica."""
        engine = make_engine(self.replica.url)
        with contextlib.closing(engine.connect()) as connection:
            answer = connection.scalar(text(statement))
        engine.dispose()
        return answer


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Run a PostgreSQL with our tables and a streaming replica of it."""
    with postgres_cluster(user="moderation", password="not-a-secret", database="moderation", port=free_port()) as one:
        database = Database(make_engine(one.url))
        migrate(database)
        database.close()
        with postgres_replica(one) as replica:
            yield Pair(one, replica)


@dataclass
class Site:
    """A service that reads lists from the replica, with a clock that is moved by hand."""

    service: Service
    replica: Replica
    asked: list[str] = field(default_factory=list)
    now: float = 0.0

    def from_replica(self, path: str) -> tuple[Any, bool]:
        """Return a list, and whether the replica made it."""
        self.asked.clear()
        # As another process, which keeps no list yet.
        parts: Resources = self.service.app.extensions["moderation"]
        lists = ListCache(self.service.database, replica=self.replica)
        self.service.app.extensions["moderation"] = replace(parts, lists=lists, replica=self.replica)
        is_public = path.endswith("site=")
        answer = self.service.call(
            "GET", path + self.service.site.id if is_public else path, None if is_public else self.service.moderator
        )
        assert answer.status_code == 200, answer.text
        return answer.json, any("FROM comments" in one or "FROM deliveries" in one for one in self.asked)

    def held(self) -> tuple[set[str], bool]:
        """Return the ids of held comments, and whether the replica found them."""
        document, is_copy = self.from_replica(LISTS[0])
        return {one["id"] for one in document["comments"]}, is_copy

    def shown(self) -> tuple[set[str], bool]:
        """Return the ids of the comments that readers are shown, and whether the replica found them."""
        document, is_copy = self.from_replica(LISTS[2])
        return {one["id"] for one in document["comments"]}, is_copy

    def decide(self, comment_id: str) -> None:
        """Approve a held comment."""
        version = self.service.read(comment_id)["version"]
        decision = {"action": "approve", "version": version}
        answer = self.service.call("POST", f"/v1/comments/{comment_id}/decision", self.service.moderator, json=decision)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def site(pair: Pair) -> Iterator[Site]:
    """Return a site of its own on the pair."""
    with running(pair.primary.url, database_read_url=pair.replica.url) as service:
        engine = make_engine(pair.replica.url)
        one = Site(service, Replica(Database(engine), clock=lambda: one.now))
        event.listen(engine, "before_cursor_execute", lambda *given: one.asked.append(given[2]))
        yield one
        one.replica.close()


def _held(site: Site) -> str:
    comment_id = site.service.posted(body="this is spam")
    site.service.judge(comment_id)
    return comment_id


@pytest.mark.parametrize("path", LISTS)
def test_lists_come_from_the_replica(site: Site, path: str) -> None:
    _, is_copy = site.from_replica(path)
    assert is_copy


def test_what_decides_or_reads_one_comment_does_not(site: Site) -> None:
    comment_id = _held(site)
    site.decide(comment_id)
    assert site.service.read(comment_id)["status"] == "approved"
    assert not site.asked


def test_a_list_has_what_was_committed_before_it_was_asked_for(site: Site) -> None:
    expected: set[str] = set()
    were_copies = set()
    for _ in range(8):
        comment_id = _held(site)
        held, is_copy = site.held()
        assert held == {comment_id}
        were_copies.add(is_copy)
        site.decide(comment_id)
        expected.add(comment_id)
        assert site.held()[0] == set()
        assert site.shown()[0] == expected
    assert True in were_copies


def test_a_replica_that_is_behind_is_left_alone_for_a_moment(pair: Pair, site: Site) -> None:
    first = _held(site)
    assert site.held() == ({first}, True)
    pair.stand_still()
    try:
        second = _held(site)
        assert site.held() == ({first, second}, False)
        # Whoever comes next does not wait for it.
        assert site.held() == ({first, second}, False)
        assert not site.asked
        site.now += BEHIND_SECONDS
        assert site.held() == ({first, second}, False)
        assert site.asked
        [part] = check_replica(settings(pair), site.service.database)
        assert (part.is_well, part.detail) == (False, "is behind the primary, or follows nobody")
    finally:
        pair.go_on()
    assert _comes_back(site) == {first, second}


def test_a_list_of_an_old_moment_is_not_kept_under_a_new_version(pair: Pair, site: Site) -> None:
    first, second = _held(site), _held(site)
    site.decide(first)
    lists = ListCache(site.service.database, lambda: site.now, replica=site.replica)
    wanted = Wanted(site.service.site.id, "8344", None, 100)
    before = lists.get(wanted)
    assert site.asked
    pair.stand_still()
    try:
        site.decide(second)
        site.now += BEHIND_SECONDS
        after = lists.get(wanted)
        assert after.tag != before.tag
        assert second.encode() in after.body
    finally:
        pair.go_on()
    # The version is the one that it was made of, so nobody makes it again; nor would it be another one.
    site.now += BEHIND_SECONDS
    assert lists.get(wanted) is after
    assert site.shown()[0] == {first, second}


def test_lists_are_answered_while_the_replica_is_away(pair: Pair, site: Site) -> None:
    first = _held(site)
    assert site.held() == ({first}, True)
    pair.replica.stop()
    try:
        second = _held(site)
        assert site.held() == ({first, second}, False)
        [part] = check_replica(settings(pair), site.service.database)
        assert (part.is_well, part.detail) == (False, "does not answer (OperationalError)")
        assert 'moderation_up{part="replica"} 0.0' in _metrics(site)
        assert site.service.call("GET", "/metrics").status_code == 200
        # Not even tried.
        site.asked.clear()
        assert site.held() == ({first, second}, False)
    finally:
        pair.replica.start()
    assert _comes_back(site) == {first, second}
    [part] = check_replica(settings(pair), site.service.database)
    assert part.is_well
    assert 'moderation_up{part="replica"} 1.0' in _metrics(site)


def test_a_server_that_follows_nobody_is_never_read_from(pair: Pair, site: Site) -> None:
    [part] = check_replica(replace(settings(pair), database_read_url=pair.primary.url), site.service.database)
    assert not part.is_well


def test_without_a_replica_there_is_nothing_to_look_at(site: Site) -> None:
    assert check_replica(Settings(), site.service.database) == []


def test_sqlite_has_no_replica() -> None:
    with pytest.raises(SettingsError, match="needs a PostgreSQL"):
        Replica.of(Settings(database_read_url="postgresql://moderation@127.0.0.1/moderation"))


def settings(pair: Pair) -> Settings:
    return Settings(database_url=pair.primary.url, database_read_url=pair.replica.url)


def _comes_back(site: Site) -> set[str]:
    """Return what the replica lists once it is read from again."""

    def is_back() -> bool:
        site.now += AWAY_SECONDS
        return site.held()[1]

    wait_until(is_back, "the replica is read from again")
    return site.held()[0]


def _metrics(site: Site) -> str:
    return site.service.call("GET", "/metrics").text
