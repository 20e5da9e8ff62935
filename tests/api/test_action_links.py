"""The page behind a link in a message: it shows, asks, acts once, and says what became of the comment."""

import re
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from api.resources import Resources
from moderation.action_links import ACTIONS, ActionLink, make_token, read_token
from moderation.clock import utc_now
from moderation.identity import Keyed
from moderation.privacy import author_of, erase
from moderation.tables import DecisionRow
from tests.api.service import Service

PERSIAN = {"Accept-Language": "fa-IR, en;q=0.5"}


def _endpoint(service: Service) -> str:
    made = service.call("POST", "/v1/endpoints", service.moderator, json={"url": "https://1.1.1.1/hook"})
    return str(made.json["id"])


def _link(service: Service, action: str = "approve", *, endpoint: str = "", **comment: Any) -> ActionLink:
    """Have a comment held; return what a link to it is for."""
    comment_id = service.posted(**({"body": "Cheap pills, spam spam"} | comment))
    service.judge()
    assert service.read(comment_id)["status"] == "held"
    expires_at = (utc_now() + timedelta(days=7)).replace(microsecond=0)
    version = service.read(comment_id)["version"]
    return ActionLink(action, comment_id, version, endpoint or _endpoint(service), expires_at)


def _path(service: Service, link: ActionLink) -> str:
    return f"/m/{make_token(_parts(service).keyed, link)}"


def _parts(service: Service) -> Resources:
    parts: Resources = service.app.extensions["moderation"]
    return parts


def _decisions(service: Service) -> int:
    with service.database.read() as session:
        return session.scalar(select(func.count()).select_from(DecisionRow)) or 0


def _text(response: TestResponse) -> str:
    return re.sub(r"<[^>]+>", "", response.text.partition("<body")[2])


@pytest.mark.parametrize("action", ACTIONS)
def test_looking_changes_nothing_and_pressing_the_button_decides_once(each_service: Service, action: str) -> None:
    link = _link(each_service, action)
    path = _path(each_service, link)
    for _ in range(3):
        assert each_service.call("HEAD", path).status_code == 200
        assert each_service.call("GET", path).status_code == 200
    assert each_service.read(link.comment_id)["status"] == "held"
    done = each_service.call("POST", path)
    assert done.status_code == 303
    after = each_service.read(link.comment_id)
    assert after["status"] == {"approve": "approved", "reject": "rejected", "spam": "spam"}[action]
    assert (after["decision"]["action"], after["decision"]["by"]) == (action, f"link of endpoint {link.endpoint_id}")
    assert each_service.call("POST", path).status_code == 409
    assert (_decisions(each_service), each_service.read(link.comment_id)["version"]) == (1, after["version"])
    page = each_service.call("GET", done.location)
    assert "Decided just now, with a link from a message to this endpoint." in _text(page)
    assert "<form" not in page.text


def test_a_decision_by_a_link_is_told_and_taught_like_any_other(service: Service) -> None:
    endpoint = _endpoint(service)
    link = _link(service, "spam", endpoint=endpoint)
    service.rung.clear()
    service.call("POST", _path(service, link))
    _parts(service).doorbell.stop()
    assert {name for name, _ in service.rung} == {"moderation.deliver", "moderation.learn"}


def test_two_moderators_press_at_once_and_one_decides(each_service: Service) -> None:
    endpoint = _endpoint(each_service)
    link = _link(each_service, endpoint=endpoint)
    paths = [_path(each_service, replace(link, action=action)) for action in ("approve", "spam")]
    barrier, codes = Barrier(2), []

    def press(path: str) -> None:
        barrier.wait()
        codes.append(each_service.call("POST", path).status_code)

    threads = [Thread(target=press, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [303, 409]
    assert _decisions(each_service) == 1


def test_the_page_says_why_and_marks_it_and_shows_no_address(service: Service) -> None:
    link = _link(
        service,
        name="<b>Ali</b>",
        email="hidden.person@mailinator.com",
        body="Buy <script>alert(1)</script> at https://a.example.net and https://b.example.org now",
        post_title="A <i>title</i>",
        post_url="javascript:alert(1)",
    )
    page = service.call("GET", _path(service, link)).text
    assert "Why it was held" in page
    assert "Many links" in page
    assert "<mark>https://a.example.net</mark>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;Ali&lt;/b&gt;" in page
    assert "javascript:" not in page
    assert "hidden.person" not in page
    assert "mailinator" not in page


def test_the_page_speaks_persian_to_whoever_asks_for_it(service: Service) -> None:
    path = _path(service, _link(service))
    for page in (service.call("GET", path, headers=PERSIAN), service.call("GET", f"{path}?lang=fa")):
        assert '<html lang="fa" dir="rtl">' in page.text
        assert "این دیدگاه تأیید شود؟" in page.text
        assert "۷ روز" in page.text
        assert page.headers["Content-Language"] == "fa"
    english = service.call("GET", f"{path}?lang=en", headers=PERSIAN)
    assert '<html lang="en" dir="ltr">' in english.text
    done = service.call("POST", f"{path}?lang=fa")
    assert "این دیدگاه تأیید شده است" in service.call("GET", done.location).text


def test_the_page_is_kept_by_nobody_and_loads_and_runs_nothing(service: Service) -> None:
    path = _path(service, _link(service))
    for response in (service.call("GET", path), service.call("GET", "/m/wrong"), service.call("POST", path)):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response.headers["X-Robots-Tag"]
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "Set-Cookie" not in response.headers
    assert "<script" not in service.call("GET", path).text


def test_what_others_decided_is_said_with_their_name(service: Service) -> None:
    link = _link(service)
    path = _path(service, link)
    decision = {"action": "spam", "version": link.version}
    service.call("POST", f"/v1/comments/{link.comment_id}/decision", service.moderator, json=decision)
    page = service.call("GET", path)
    assert page.status_code == 200
    assert "This comment is marked as spam" in _text(page)
    assert "Decided just now by Night shift." in _text(page)
    assert "Somebody was faster" in _text(page)
    assert service.call("POST", path).status_code == 409
    assert service.read(link.comment_id)["status"] == "spam"


def test_what_was_decided_with_another_endpoints_link_names_that(service: Service) -> None:
    link = _link(service)
    other = replace(link, endpoint_id=_endpoint(service), action="spam")
    service.call("POST", _path(service, other))
    assert f"a link from a message to another endpoint ({other.endpoint_id})" in _text(
        service.call("GET", _path(service, link))
    )


def test_a_comment_that_was_decided_and_held_again_needs_a_new_link(service: Service) -> None:
    link = _link(service)
    decision = {"action": "hold", "version": link.version}
    service.call("POST", f"/v1/comments/{link.comment_id}/decision", service.sk, json=decision)
    page = service.call("POST", _path(service, link))
    assert page.status_code == 409
    assert "has changed since this message was sent" in _text(page)
    assert service.read(link.comment_id)["status"] == "held"
    again = replace(link, version=link.version + 1)
    assert service.call("POST", _path(service, again)).status_code == 303


def test_an_expired_link_shows_no_comment_and_does_nothing(service: Service) -> None:
    link = _link(service, body="Secret spam")
    path = _path(service, replace(link, expires_at=utc_now() - timedelta(seconds=1)))
    for method in ("GET", "POST"):
        page = service.call(method, path)
        assert page.status_code == 410
        assert "This link has expired" in page.text
        assert "Secret" not in page.text
    assert service.read(link.comment_id)["status"] == "held"


def test_links_of_a_removed_endpoint_no_longer_work(service: Service) -> None:
    link = _link(service, body="Secret spam")
    service.call("DELETE", f"/v1/endpoints/{link.endpoint_id}", service.moderator)
    for method in ("GET", "POST"):
        page = service.call(method, _path(service, link))
        assert page.status_code == 410
        assert "Secret" not in page.text
    assert service.read(link.comment_id)["status"] == "held"


def test_of_an_erased_comment_nothing_is_left_to_see_or_do(service: Service) -> None:
    link = _link(service, body="Secret spam", email="gone@example.com")
    erase(service.database, author_of(_parts(service).keyed, "gone@example.com", [service.site.id]))
    for method in ("GET", "POST"):
        page = service.call(method, _path(service, link))
        assert page.status_code == 410
        assert "This comment was erased" in page.text
        assert "Secret" not in page.text


def test_what_is_no_link_of_ours_is_a_page_that_says_so(service: Service) -> None:
    link = _link(service)
    stranger = f"/m/{make_token(Keyed('another secret'), link)}"
    gone = _path(service, replace(link, comment_id="cm_00000000000000000000000000"))
    elsewhere = service.call(
        "POST", "/v1/endpoints", service.admin, json={"url": "https://1.1.1.1/x", "site": service.other.id}
    ).json["id"]
    crossing = _path(service, replace(link, endpoint_id=elsewhere))
    for path in (stranger, gone, crossing, "/m/x", "/m/%F0%9F%98%80", f"{_path(service, link)}%0A"):
        for method in ("GET", "POST"):
            page = service.call(method, path)
            assert page.status_code == 404
            assert "This link is not valid" in page.text
    assert service.read(link.comment_id)["status"] == "held"


def test_no_token_stands_in_the_log(service: Service) -> None:
    link = _link(service)
    path = _path(service, link)
    with capture_logs() as logs:
        for method in ("GET", "POST", "POST"):
            service.call(method, path)
        service.call("GET", f"{path}x")
    assert len(logs) >= 4
    seal = path.rpartition(".")[2]
    assert seal not in str(logs)
    assert read_token(_parts(service).keyed, path.removeprefix("/m/")) == link


def test_whoever_asks_without_end_is_told_to_wait(service: Service) -> None:
    link = _link(service)
    parts = _parts(service)
    parts.limiter.take({"link": parts.keyed.token("limit", "link 127.0.0.1")}, 120)
    for method in ("GET", "POST"):
        refused = service.call(method, _path(service, link))
        assert refused.status_code == 429
        assert "Please try again in a minute" in refused.text
    assert service.read(link.comment_id)["status"] == "held"
