"""Tallies: what is counted with the rows is there once, whoever folds, and whatever is cut off."""

import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from moderation.db import Database
from moderation.decisions import Decision, Hand, decide_by_hand
from moderation.metrics.page import render
from moderation.screening import screen
from moderation.settings import Settings
from moderation.sites import NewSite
from moderation.tables import TallyRow, TotalRow
from moderation.tallies import Counter, Histogram, Notes, Tally, fold, read
from tests.conftest import SECRET, StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with

SEEN = Counter("seen", "Seen.", ("what",))
TOOK = Histogram("took", "Took.", (1, 5))


def _write(database: Database, what: str, by: float = 1) -> None:
    tally = Tally()
    tally.count(SEEN, what, by=by)
    with database.write() as session:
        tally.write(session)


def _read(database: Database) -> dict[tuple[str, ...], float]:
    with database.read() as session:
        return read(session)


def test_folding_changes_no_sum_and_empties_the_table(database: Database) -> None:
    for what in ("a", "b", "a"):
        _write(database, what)
    assert _read(database) == {("seen", "a"): 2, ("seen", "b"): 1}
    with database.write() as session:
        assert fold(session) == 3
    _write(database, "a", by=0.5)
    assert _read(database) == {("seen", "a"): 2.5, ("seen", "b"): 1}
    with database.write() as session:
        assert fold(session) == 1
        assert session.query(TallyRow).count() == 0
        assert session.query(TotalRow).count() == 2


def test_what_is_rolled_back_was_never_counted(database: Database) -> None:
    tally = Tally()
    tally.count(SEEN, "a")
    with database.write() as session:
        tally.write(session)
        session.rollback()
    _write(database, "b")
    with database.write() as session:
        assert fold(session) == 1
        session.rollback()
    assert _read(database) == {("seen", "b"): 1}


def test_two_that_fold_at_once_take_different_rows(database: Database) -> None:
    for number in range(40):
        _write(database, str(number % 3))

    def run() -> None:
        for _ in range(3):
            with database.write() as session:
                fold(session)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _read(database) == {("seen", "0"): 14, ("seen", "1"): 13, ("seen", "2"): 13}


@pytest.mark.parametrize(("value", "bucket"), [(0.5, "1.0"), (1, "1.0"), (1.1, "5.0"), (6, "+Inf")])
def test_a_value_is_counted_up_to_and_with_its_bound(value: float, bucket: str) -> None:
    tally = Tally()
    tally.observe(TOOK, value)
    assert tally.sums == {("took", bucket): 1, ("took", "sum"): value}


def test_notes_of_a_process_are_kept_while_the_database_is_away(database: Database) -> None:
    notes = Notes(database)
    tally = Tally()
    tally.count(SEEN, "a")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tallies RENAME TO away")
    notes.note(tally)
    notes.write()
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO tallies")
    notes.stop()
    assert _read(database) == {("seen", "a"): 1}


def test_notes_survive_a_turn_that_can_not_be_taken(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = Notes(database)
    tally = Tally()
    tally.count(SEEN, "a")
    notes.note(tally)
    with monkeypatch.context() as broken:
        broken.setattr(database, "write", lambda: (_ for _ in ()).throw(OSError("no more files")))
        notes.write()
    notes.stop()
    assert _read(database) == {("seen", "a"): 1}


def test_every_step_of_a_comment_is_counted_by_its_site(
    database: Database, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    ids = [post(), post(body="this is spam"), post(body="Hello.")]
    clock.advance(seconds=3)
    screen(database, judge_with(), ids, clock)
    screen(database, judge_with(), ids, clock)
    early = post()
    with database.write() as session:
        decide_by_hand(session, Hand(), ids[1], Decision("spam", 2), clock())
        decide_by_hand(session, Hand(), early, Decision("approve", 1), clock())
    settings = Settings(secret_key=SECRET, redis_url="redis://127.0.0.1:1/0")
    families = text_string_to_metric_families(render(settings, database, clock()).decode())
    shown = {(one.name, *sorted(one.labels.items())): one.value for family in families for one in family.samples}
    name = ("site", "News")
    assert shown["moderation_verdicts_total", ("action", "approve"), name] == 2
    assert shown["moderation_verdicts_total", ("action", "hold"), name] == 1
    assert shown["moderation_verdict_seconds_bucket", ("le", "2.5")] == 0
    assert shown["moderation_verdict_seconds_bucket", ("le", "5.0")] == 3
    assert shown["moderation_verdict_seconds_sum",] == 9
    assert shown["moderation_screen_batch_comments_count",] == 1
    assert shown["moderation_verdict_score_count", name] == 3
    assert shown["moderation_decisions_total", ("action", "spam"), name, ("verdict", "hold")] == 1
    assert shown["moderation_decisions_total", ("action", "approve"), name, ("verdict", "none")] == 1
    assert shown["moderation_up", ("part", "database")] == 1
    assert shown["moderation_up", ("part", "redis")] == 0
    assert site.id not in str(shown)
