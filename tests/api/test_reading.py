"""Reading comments: by the website and its moderators with all that is known, by the author with next to nothing."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.service import BASE_URL, Service, comment


def test_the_website_its_moderators_and_operators_read_a_comment_with_its_verdict(each_service: Service) -> None:
    comment_id = each_service.posted(body="Buy spam at https://a.example https://b.example https://c.example")
    each_service.judge()
    keys = (each_service.sk, each_service.moderator, each_service.admin)
    answers = [each_service.call("GET", f"/v1/comments/{comment_id}", key) for key in keys]
    assert answers[0].json == answers[1].json == answers[2].json
    assert answers[0].json["verdict"]["signals"]
    assert answers[0].json["version"] == 2
    assert answers[0].headers["Cache-Control"] == "no-store"


def test_a_public_key_reads_nothing(service: Service) -> None:
    assert service.call("GET", f"/v1/comments/{service.posted()}", service.pk).status_code == 403


@pytest.fixture
def authors(service: Service) -> tuple[str, str]:
    """Return a comment's id and what its author may open."""
    response = service.post(key=service.pk)
    return response.json["id"], response.json["status_url"].removeprefix(BASE_URL)


@pytest.mark.parametrize(
    ("action", "status", "reason"),
    [
        (None, "received", "being_checked"),
        ("approve", "approved", "published"),
        ("hold", "held", "awaiting_moderation"),
        ("spam", "spam", "not_published"),
        ("reject", "rejected", "refused_by_moderator"),
    ],
)
def test_the_author_sees_how_it_stands_and_no_more(
    service: Service, authors: tuple[str, str], action: str | None, status: str, reason: str
) -> None:
    comment_id, url = authors
    if action:
        sent = {"action": action, "version": 1, "reason": "between colleagues"}
        service.call("POST", f"/v1/comments/{comment_id}/decision", service.moderator, json=sent)
    response = service.call("GET", url)
    assert response.json == {"id": comment_id, "status": status, "reason": reason}
    assert "@" not in response.text


def test_a_token_that_is_not_the_comments_opens_nothing(each_service: Service) -> None:
    first = each_service.post(key=each_service.pk).json
    second = each_service.post(key=each_service.pk).json
    token = urlsplit(first["status_url"]).query
    for wrong in (token[:-1], token + "x", "token=", "token=%00", "token=%FF", "token=" + "x" * 5_000):
        response = each_service.call("GET", f"/v1/comments/{first['id']}?{wrong}")
        assert response.status_code == 401
        assert "Bearer" in response.headers["WWW-Authenticate"]
    assert each_service.call("GET", f"/v1/comments/{second['id']}?{token}").status_code == 401


def test_a_key_outranks_a_token(service: Service, authors: tuple[str, str]) -> None:
    assert "verdict" in service.call("GET", authors[1], service.sk).json
    assert service.call("GET", authors[1], "sk_wrong").status_code == 401


def test_no_answer_to_an_author_holds_an_email_address(service: Service) -> None:
    with service.judging():
        waited = service.post(key=service.pk, headers={"Prefer": "wait=30"})
    answers = [
        waited,
        service.post(key=service.pk),
        service.post(comment(body=None), key=service.pk),
        service.call("GET", waited.headers["Location"].removeprefix(BASE_URL)),
    ]
    assert [answer.status_code for answer in answers] == [200, 202, 422, 200]
    assert not any("sara@example.com" in answer.text + str(answer.headers) for answer in answers)


def test_pages_lead_through_the_whole_list_newest_first(each_service: Service) -> None:
    ids = [each_service.posted(body=f"Number {n}") for n in range(5)]
    seen: list[str] = []
    path: str | None = "/v1/comments?limit=2"
    while path:
        response = each_service.call("GET", path, each_service.sk)
        seen += [one["id"] for one in response.json["comments"]]
        link = response.headers.get("Link")
        assert (link is None) == (response.json["next_cursor"] is None)
        path = link.partition(">")[0].removeprefix(f"<{BASE_URL}") if link else None
    assert seen == sorted(ids, reverse=True)


def test_the_next_page_keeps_what_was_asked_for(service: Service) -> None:
    for n in range(3):
        service.posted(post_id="a&b=ü", body=f"Number {n}")
    service.posted(post_id="other")
    first = service.call("GET", "/v1/comments?limit=2&post_id=a%26b%3D%C3%BC&status=received", service.sk)
    link = first.headers["Link"].partition(">")[0].removeprefix(f"<{BASE_URL}")
    second = service.call("GET", link, service.sk)
    assert [one["post_id"] for one in second.json["comments"]] == ["a&b=ü"]
    assert second.json["next_cursor"] is None


def test_a_list_may_be_of_one_status(service: Service) -> None:
    doubtful, fine = service.posted(body="spam"), service.posted(body="Fine.")
    service.judge()
    shown = service.call("GET", "/v1/comments?status=held", service.moderator).json["comments"]
    assert [one["id"] for one in shown] == [doubtful]
    shown = service.call("GET", "/v1/comments?status=approved", service.moderator).json["comments"]
    assert [one["id"] for one in shown] == [fine]


def test_a_list_may_be_of_one_campaign(each_service: Service) -> None:
    text = "Come to our castle of prizes today and win a shiny {} before the night is over"
    first = each_service.posted(body=text.format("bicycle"))
    second = each_service.posted(body=text.format("teapot"), email="other@example.com", post_id="9")
    each_service.posted(body="Something else was said, at some length.")
    each_service.judge()
    read = each_service.call("GET", f"/v1/comments/{second}", each_service.sk).json
    assert read["campaign"] == first
    shown = each_service.call("GET", f"/v1/comments?campaign={first}", each_service.moderator).json["comments"]
    assert [one["id"] for one in shown] == [second, first]
    assert each_service.call("GET", "/v1/comments?campaign=cm_none", each_service.sk).json["comments"] == []


def test_a_list_may_be_of_those_that_would_be_judged_differently(each_service: Service) -> None:
    document = {"shadow": ["LINKS_MANY"]}
    changed = each_service.call("PUT", f"/v1/policy?site={each_service.site.id}", each_service.moderator, json=document)
    assert changed.json["shadow"] == ["LINKS_MANY"]
    links = " and ".join(f"https://{name}.example/here" for name in ("one", "two", "three", "four"))
    differing = each_service.posted(body=f"So many are good: {links}")
    each_service.posted(body="Fine.")
    each_service.judge()
    shown = each_service.call("GET", "/v1/comments?shadow=differs", each_service.moderator).json["comments"]
    assert [one["id"] for one in shown] == [differing]
    verdict = shown[0]["verdict"]
    would_be = {"action": "hold", "score": pytest.approx(verdict["score"] + 4), "model": None}
    assert (verdict["action"], verdict["shadow"]) == ("approve", would_be)
    assert [one["name"] for one in verdict["signals"] if one.get("shadow")] == ["LINKS_MANY"]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("status=pending", "status", "invalid"),
        ("status=", "status", "invalid"),
        ("limit=0", "limit", "invalid"),
        ("limit=201", "limit", "invalid"),
        ("limit=-1", "limit", "invalid"),
        ("limit=٣", "limit", "invalid"),
        ("limit=" + "9" * 5_000, "limit", "invalid"),
        ("post_id=%00", "post_id", "invalid_characters"),
        ("shadow=same", "shadow", "invalid"),
        ("shadow=", "shadow", "invalid"),
        ("campaign=%00", "campaign", "invalid_characters"),
        ("cursor=a%00", "cursor", "invalid_characters"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(each_service: Service, query: str, field: str, code: str) -> None:
    response = each_service.call("GET", f"/v1/comments?{query}", each_service.sk)
    assert response.status_code == 422
    assert [(error["field"], error["code"]) for error in response.json["errors"]] == [(field, code)]


@pytest.mark.parametrize("query", ["cursor=zzz", "cursor=%FF", "post_id=" + "x" * 5_000, "q=%00", "cursor="])
def test_a_query_that_finds_nothing_is_answered_with_nothing(each_service: Service, query: str) -> None:
    each_service.posted()
    response = each_service.call("GET", f"/v1/comments?{query}", each_service.sk)
    assert response.status_code == 200


def test_the_head_of_an_answer_can_be_asked_for(service: Service) -> None:
    response: Any = service.call("HEAD", f"/v1/comments/{service.posted()}", service.sk)
    assert response.status_code == 200
    assert not response.data
