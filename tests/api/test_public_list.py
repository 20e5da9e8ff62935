"""The list of a post's comments that readers are shown: what is in it, who may read it, and how it is kept."""

from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import event
from werkzeug.test import TestResponse

from tests.api.service import BASE_URL, Service

_HOME = "https://news.example.com"


def _list(service: Service, post: str = "8344", *, query: str = "", **kwargs: Any) -> TestResponse:
    return service.call("GET", f"/v1/posts/{quote(post, safe='')}/comments?site={service.site.id}{query}", **kwargs)


def _decide(service: Service, comment_id: str, action: str) -> None:
    sent = {"action": action, "version": service.read(comment_id)["version"]}
    assert service.call("POST", f"/v1/comments/{comment_id}/decision", service.moderator, json=sent).status_code == 200
    # As a second later.
    service.forget_lists()


def _shape(comments: list[dict[str, Any]]) -> list[Any]:
    """Return the bodies as a tree: `[body, [answers]]`."""
    return [[one["body"], _shape(one["replies"])] for one in comments]


def test_only_approved_comments_are_shown_each_under_the_one_it_answers(each_service: Service) -> None:
    first = each_service.posted(body="One.", external_id="wp-1")
    each_service.posted(body="Two.")
    each_service.posted(body="To one.", parent_id=first)
    answer = each_service.posted(body="To one as well.", parent_id="wp-1", external_id="wp-2")
    each_service.posted(body="To the answer.", parent_id="wp-2")
    each_service.posted(body="spam")
    each_service.posted(body="Elsewhere.", post_id="1", external_id="wp-3")
    each_service.posted(body="Not to elsewhere.", parent_id="wp-3")
    each_service.judge()
    each_service.posted(body="Not judged yet.")
    listed = _list(each_service).json
    assert _shape(listed["comments"]) == [
        ["One.", [["To one.", []], ["To one as well.", [["To the answer.", []]]]]],
        ["Two.", []],
        ["Not to elsewhere.", []],
    ]
    assert (listed["post_id"], listed["count"], listed["next_cursor"]) == ("8344", 6, None)
    assert listed["comments"][0]["parent_id"] is None
    assert listed["comments"][0]["replies"][1]["replies"][0]["parent_id"] == answer


def test_what_a_decision_changes_is_seen(each_service: Service) -> None:
    first = each_service.posted(body="One.")
    each_service.posted(body="To one.", parent_id=first)
    each_service.judge()
    before = _list(each_service)
    assert _shape(before.json["comments"]) == [["One.", [["To one.", []]]]]
    _decide(each_service, first, "reject")
    # Its answer is approved: it stays, at the top.
    hidden = _list(each_service)
    assert _shape(hidden.json["comments"]) == [["To one.", []]]
    assert hidden.headers["ETag"] != before.headers["ETag"]
    _decide(each_service, first, "approve")
    assert _list(each_service).headers["ETag"] == before.headers["ETag"]


def test_nothing_of_a_reader_is_shown_but_what_they_meant_to_be(each_service: Service) -> None:
    each_service.posted(
        email="hidden@example.com",
        ip="203.0.113.77",
        user_agent="Secret/1.0",
        referrer="https://elsewhere.example/",
        website="https://sara.example/",
    )
    each_service.posted(name="Sly", website="javascript:alert(1)")
    each_service.judge()
    response = _list(each_service)
    assert [(one["name"], one["website"]) for one in response.json["comments"]] == [
        ("Sara", "https://sara.example/"),
        ("Sly", None),
    ]
    for secret in ("hidden", "203.0.113", "Secret", "elsewhere", "@", "alert"):
        assert secret not in response.text + str(response.headers)
    # A stranger's words are data, and nothing that a browser might run.
    assert response.mimetype == "application/json"


def test_pages_lead_through_the_whole_list_oldest_first(each_service: Service) -> None:
    first = each_service.posted(body="0")
    ids = [first, *(each_service.posted(body=str(n), parent_id=first if n == 4 else None) for n in range(1, 5))]
    each_service.judge()
    seen: list[tuple[str, str | None]] = []
    path: str | None = f"/v1/posts/8344/comments?site={each_service.site.id}&limit=2"
    while path:
        response = each_service.call("GET", path)
        assert response.json["count"] == 5
        seen += [(one["id"], one["parent_id"]) for one in response.json["comments"]]
        link = response.headers.get("Link")
        assert (link is None) == (response.json["next_cursor"] is None)
        path = link.partition(">")[0].removeprefix(f"<{BASE_URL}") if link else None
    # The last one answers a comment of the first page.
    assert seen == [(id_, first if id_ == ids[4] else None) for id_ in ids]


def test_answers_that_lead_in_a_circle_or_far_down_are_all_shown(service: Service) -> None:
    service.posted(body="a", external_id="a", parent_id="b")
    service.posted(body="b", external_id="b", parent_id="a")
    service.posted(body="c", external_id="c", parent_id="c")
    last = service.posted(body="0", post_id="deep")
    for number in range(1, 60):
        last = service.posted(body=str(number), parent_id=last, post_id="deep")
    service.judge()
    assert _shape(_list(service).json["comments"]) == [["a", [["b", []]]], ["c", []]]
    deep, bodies, levels = _list(service, "deep").json["comments"], [], 0
    while deep:
        levels += 1
        bodies += [one["body"] for one in deep]
        deep = [answer for one in deep for answer in one["replies"]]
    assert bodies == [str(number) for number in range(60)]
    assert levels == 20


@pytest.mark.parametrize("post", ["/2026/11/a-story/", "a&b=ü", "..", "سلام", "a b", "comments"])
def test_a_post_may_have_any_name(each_service: Service, post: str) -> None:
    each_service.posted(post_id=post, body="Here.")
    each_service.judge()
    listed = _list(each_service, post)
    assert (listed.json["post_id"], _shape(listed.json["comments"])) == (post, [["Here.", []]])


def test_a_post_that_nobody_heard_of_has_no_comments(each_service: Service) -> None:
    assert _list(each_service).json == {"post_id": "8344", "count": 0, "comments": [], "next_cursor": None}


def test_another_sites_post_of_the_same_name_is_another_post(service: Service) -> None:
    service.posted()
    service.judge()
    theirs = service.call("GET", f"/v1/posts/8344/comments?site={service.other.id}")
    assert theirs.json["comments"] == []
    assert _list(service).json["count"] == 1


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("", "site", "required"),
        ("site=st_1&limit=0", "limit", "invalid"),
        ("site=st_1&limit=201", "limit", "invalid"),
        ("site=st_1&limit=" + "9" * 5_000, "limit", "invalid"),
        ("site=st_1&cursor=%00", "cursor", "invalid_characters"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(each_service: Service, query: str, field: str, code: str) -> None:
    response = each_service.call("GET", f"/v1/posts/8344/comments?{query}")
    assert response.status_code == 422
    assert [(error["field"], error["code"]) for error in response.json["errors"]] == [(field, code)]


@pytest.mark.parametrize("site", ["st_unknown", "", "%00", "%ED%A0%80", "a%0D%0Ab"])
def test_a_site_that_nobody_made_is_not_there(each_service: Service, site: str) -> None:
    response = each_service.call("GET", f"/v1/posts/8344/comments?site={site}")
    assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")


def test_what_is_known_already_is_not_sent_again_and_costs_no_statement(each_service: Service) -> None:
    each_service.posted()
    each_service.judge()
    each_service.forget_lists(lambda: 0.0)
    first = _list(each_service)
    assert first.headers["Cache-Control"] == "public, max-age=5, stale-while-revalidate=30"
    assert not first.headers["ETag"].startswith("W/")
    statements: list[str] = []
    event.listen(each_service.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for known in (first.headers["ETag"], f'"other", {first.headers["ETag"]}', "*"):
        again = _list(each_service, headers={"If-None-Match": known, "Origin": _HOME})
        assert (again.status_code, again.data) == (304, b"")
        for name in ("ETag", "Cache-Control"):
            assert again.headers[name] == first.headers[name]
        assert again.headers["Access-Control-Allow-Origin"] == _HOME
    assert _list(each_service, headers={"If-None-Match": '"other"'}).status_code == 200
    assert statements == []


def test_every_process_answers_with_the_same_tag(service: Service) -> None:
    service.posted()
    service.judge()
    first = _list(service).headers["ETag"]
    service.forget_lists()
    assert _list(service).headers["ETag"] == first


@pytest.mark.parametrize(
    ("origin", "is_let"),
    [
        (_HOME, True),
        ("https://www.news.example.com", True),
        (BASE_URL, True),
        ("https://weather.example.org", False),
        ("https://evil.example.com", False),
        ("null", False),
        ("https://[", False),
    ],
)
def test_only_pages_of_the_site_and_our_own_may_read_it(service: Service, origin: str, is_let: bool) -> None:
    # Twice: as it was read, and as it was kept.
    for _ in range(2):
        response = _list(service, headers={"Origin": origin})
        assert response.headers.get_all("Access-Control-Allow-Origin") == ([origin] if is_let else [])
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert response.headers["Vary"] == "Origin"


def test_a_head_is_the_answer_without_its_body(service: Service) -> None:
    listed = _list(service)
    head = service.call("HEAD", f"/v1/posts/8344/comments?site={service.site.id}")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", listed.headers["ETag"])
