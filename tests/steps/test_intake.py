"""Intake: what was answered 202 is committed, and once."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from moderation.abreast import run_abreast
from moderation.db import Database
from moderation.errors import ConflictError, KeyReusedError
from moderation.idempotency import Once
from moderation.identity import Keyed
from moderation.intake import Accepted, accept
from moderation.sites import NewSite
from moderation.submission import read_submission
from moderation.tables import Comment, Post
from tests.conftest import StoppedClock
from tests.steps.conftest import Post as PostComment

SENT = {"name": "A reader", "email": "Reader@Example.com", "body": "Well said.", "post_id": "8344"}


def test_a_comment_is_stored_as_given_and_waits(database: Database, post: PostComment) -> None:
    comment_id = post(email="Reader@Example.com", body="  Well said.\n\nIndeed. ")
    with database.read() as session:
        comment = session.get_one(Comment, comment_id)
    assert (comment.status, comment.version, comment.rings) == ("received", 1, 0)
    assert comment.email == "Reader@Example.com"
    assert comment.body == "Well said.\n\nIndeed."


def test_addresses_that_differ_in_case_are_one_author_and_another_site_cannot_tell(
    database: Database, keyed: Keyed, post: PostComment
) -> None:
    ids = [post(email="Reader@Example.com"), post(email="reader@example.COM"), post(email="other@example.com")]
    with database.read() as session:
        tokens = [session.get_one(Comment, comment_id).email_token for comment_id in ids]
    assert tokens[0] == tokens[1] != tokens[2]
    from moderation.intake import email_token

    assert email_token(keyed, "another site", "reader@example.com") != tokens[0]
    assert "reader" not in tokens[0]


def test_what_the_website_says_of_a_post_is_kept_and_not_forgotten_when_it_says_less(
    database: Database, site: NewSite, post: PostComment
) -> None:
    post(post_url="https://news.example.com/8344", post_title="Old title")
    post(post_title="New title")
    post()
    with database.read() as session:
        found = session.get_one(Post, (site.id, "8344"))
    assert (found.url, found.title) == ("https://news.example.com/8344", "New title")


def test_a_row_that_the_database_refuses_spoils_only_itself(
    database: Database,
    keyed: Keyed,
    site: NewSite,
    post: PostComment,
    clock: StoppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = post()
    ids = iter(["cm_1", taken, "cm_2"])
    monkeypatch.setattr("moderation.intake.new_id", lambda _prefix: next(ids))
    came: list[object] = []

    def accept_one() -> None:
        try:
            came.append(accept(database, keyed, site.id, [read_submission(SENT)], clock(), shape=lambda _: {}).ids)
        except IntegrityError as error:
            came.append(type(error))

    run_abreast([accept_one] * 3)
    assert came == [("cm_1",), IntegrityError, ("cm_2",)]
    with database.read() as session:
        assert set(session.scalars(select(Comment.id))) == {taken, "cm_1", "cm_2"}


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://news.example.com/8344", "https://news.example.com/8344"),
        ("https://www.news.example.com/8344", "https://www.news.example.com/8344"),
        ("https://evil.example/", None),
        ("https://news.example.com.evil.example/", None),
        ("javascript://news.example.com/%0aalert(1)", None),
        ("https://[", None),
    ],
)
def test_a_visitor_may_name_a_page_of_the_website_and_no_other(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock, url: str, kept: str | None
) -> None:
    def post(post_url: str, title: str, *, is_public: bool) -> tuple[str | None, str | None]:
        submission = read_submission(SENT | {"post_url": post_url, "post_title": title})
        accept(database, keyed, site.id, [submission], clock(), shape=lambda _ids: {}, is_public=is_public)
        with database.read() as session:
            found = session.get_one(Post, (site.id, "8344"))
            return found.url, found.title

    assert post(url, "Title", is_public=True) == (kept, "Title")
    # What the website says outranks it, and stays.
    said = ("https://news.example.com/real", "Real")
    assert post(*said, is_public=False) == said
    assert post("https://news.example.com/other", "Other", is_public=True) == said


def _accept_once(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock, once: Once, *, busy: bool = False
) -> Accepted:
    return accept(
        database,
        keyed,
        site.id,
        [read_submission(SENT)],
        clock(),
        shape=lambda ids: {"id": ids[0]},
        once=once,
        busy_for=timedelta(seconds=10) if busy else None,
    )


def test_the_same_key_and_body_get_the_stored_answer(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock
) -> None:
    once = Once(site.id, "/v1/comments", "k", b"body")
    first = _accept_once(database, keyed, site, clock, once)
    again = _accept_once(database, keyed, site, clock, once)
    assert again.is_replay
    assert again.answer == first.answer
    assert again.ids == ()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 1


def test_the_same_key_with_another_body_is_refused(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock
) -> None:
    _accept_once(database, keyed, site, clock, Once(site.id, "/v1/comments", "k", b"body"))
    with pytest.raises(KeyReusedError):
        _accept_once(database, keyed, site, clock, Once(site.id, "/v1/comments", "k", b"other"))


def test_while_the_first_request_waits_a_second_is_told_so_and_not_for_ever(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock
) -> None:
    once = Once(site.id, "/v1/comments", "k", b"body")
    _accept_once(database, keyed, site, clock, once, busy=True)
    with pytest.raises(ConflictError) as refused:
        _accept_once(database, keyed, site, clock, once)
    assert refused.value.retry_after == 10
    # Its process may have died: after its time the answer is the stored one.
    clock.advance(seconds=11)
    assert _accept_once(database, keyed, site, clock, once).is_replay


def test_eight_requests_with_one_key_at_once_make_one_comment(
    database: Database, keyed: Keyed, site: NewSite, clock: StoppedClock
) -> None:
    once = Once(site.id, "/v1/comments", "k", b"body")
    start = threading.Barrier(8)
    answers: list[str] = []

    def request() -> None:
        start.wait()
        answers.append(_accept_once(database, keyed, site, clock, once).answer["id"])

    threads = [threading.Thread(target=request) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1
    with database.read() as session:
        assert session.scalars(select(Comment.id)).all() == answers[:1]
