"""Webhook endpoints: made, read, changed, deleted; their secret shown once, and no way into our own network."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from moderation.events import COMMENT_TYPES, TYPES
from tests.api.service import Service, running
from tests.api.test_fields import errors

PATH = "/v1/endpoints"
# Public, and a number: nothing is looked up, and nothing is ever sent there.
URL = "https://1.1.1.1/comments"


def make(service: Service, **sent: Any) -> TestResponse:
    return service.call("POST", PATH, service.moderator, json={"url": URL} | sent)


def test_an_endpoint_shows_its_secret_at_its_making_and_never_again(each_service: Service) -> None:
    response = make(each_service)
    assert response.status_code == 201
    made = response.json
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Location"].endswith(f"{PATH}/{made['id']}")
    assert each_service.call("GET", f"{PATH}/{made['id']}", each_service.moderator).json == made
    assert each_service.call("GET", PATH, each_service.moderator).json == {"endpoints": [made]}
    changed = each_service.call("PATCH", f"{PATH}/{made['id']}", each_service.moderator, json={"enabled": False})
    assert changed.json == made | {"enabled": False}


def test_a_website_hears_everything_and_moderators_what_waits_for_them(service: Service) -> None:
    assert make(service).json["events"] == list(COMMENT_TYPES)
    of_others = ["site.tightened", "site.relaxed", "endpoint.disabled", "endpoint.recovered"]
    for_moderators = ["comment.held", "queue.waiting", *of_others]
    assert make(service, audience="moderators").json["events"] == for_moderators
    assert make(service, audience="moderators", events=["comment.spam"]).json["events"] == ["comment.spam"]
    assert make(service, events=["comment.spam", "comment.spam"]).json["events"] == ["comment.spam"]


def test_an_endpoint_asks_for_all_there_is_and_will_be(each_service: Service) -> None:
    made = make(each_service, events=["comment.spam", "*"]).json
    assert made["events"] == ["*"]
    path = f"{PATH}/{made['id']}"
    assert each_service.call("PATCH", path, each_service.moderator, json={"events": [*TYPES]}).json["events"] == [
        *TYPES
    ]
    assert each_service.call("PATCH", path, each_service.moderator, json={"events": ["*"]}).json["events"] == ["*"]


def test_an_endpoint_can_be_changed(each_service: Service) -> None:
    path = f"{PATH}/{make(each_service).json['id']}"
    url = "https://8.8.8.8:8443/other"
    sent = {"url": f" {url} ", "events": ["comment.held"], "format": "standard", "enabled": False}
    shown = each_service.call("PATCH", path, each_service.moderator, json=sent).json
    assert {name: shown[name] for name in sent} == sent | {"url": url}
    assert each_service.call("PATCH", path, each_service.moderator, json={}).json == shown


def test_an_endpoint_says_what_it_wants_to_hear_and_when(each_service: Service) -> None:
    made = make(each_service).json
    assert (made["min_score"], made["languages"], made["quiet_hours"], made["burst"]) == (0, [], {}, 0)
    hours = {"from": "22:00", "to": "07:00", "zone": "Asia/Tehran"}
    wanted = {"min_score": 3.5, "languages": ["fa", "en-GB"], "quiet_hours": hours, "burst": 5}
    path = f"/v1/endpoints/{made['id']}"
    changed = each_service.call("PATCH", path, each_service.moderator, json=wanted).json
    assert {name: changed[name] for name in wanted} == wanted
    none = {"min_score": 0, "languages": [], "quiet_hours": {}, "burst": 0}
    changed = each_service.call("PATCH", path, each_service.moderator, json={"quiet_hours": {}, "min_score": None}).json
    assert {name: changed[name] for name in wanted} == wanted | {"quiet_hours": {}}
    changed = each_service.call("PATCH", path, each_service.moderator, json=none).json
    assert {name: changed[name] for name in wanted} == none


def test_a_deleted_endpoint_is_gone(each_service: Service) -> None:
    path = f"{PATH}/{make(each_service).json['id']}"
    assert each_service.call("DELETE", path, each_service.moderator).status_code == 204
    for method, body in (("GET", {}), ("PATCH", {"json": {"enabled": True}}), ("DELETE", {})):
        assert each_service.call(method, path, each_service.moderator, **body).status_code == 404
    assert each_service.call("GET", PATH, each_service.moderator).json == {"endpoints": []}


def test_a_list_may_be_of_one_site(service: Service) -> None:
    make(service)
    other = service.call("POST", PATH, service.admin, json={"url": URL, "site": service.other.id}).json["id"]
    shown = service.call("GET", f"{PATH}?site={service.other.id}", service.admin).json["endpoints"]
    assert [one["id"] for one in shown] == [other]
    assert len(service.call("GET", PATH, service.admin).json["endpoints"]) == 2


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"url": None}, {"url": "required"}),
        ({"url": ""}, {"url": "invalid"}),
        ({"url": 5}, {"url": "invalid"}),
        ({"url": "https://x.example.com/" + "a" * 2_000}, {"url": "invalid"}),
        ({"url": "https://x.example.com/\0"}, {"url": "invalid"}),
        ({"url": "https://x.example.com/\ud800"}, {"url": "invalid"}),
        ({"url": "https://x.example.com/\r\nHost: y"}, {"url": "invalid"}),
        ({"events": []}, {"events": "invalid"}),
        ({"events": ["comment.deleted"]}, {"events": "invalid"}),
        ({"events": [[]]}, {"events": "invalid"}),
        ({"events": "comment.held"}, {"events": "invalid"}),
        ({"events": {"comment.held": True}}, {"events": "invalid"}),
        ({"format": "fax"}, {"format": "invalid"}),
        ({"format": []}, {"format": "invalid"}),
        ({"enabled": "yes"}, {"enabled": "wrong_type"}),
        ({"audience": "press"}, {"audience": "invalid"}),
        ({"audience": []}, {"audience": "invalid"}),
        ({"audience": {}}, {"audience": "invalid"}),
        ({"site": 5}, {"site": "wrong_type"}),
        ({"url": None, "events": 1, "format": 1, "enabled": 1}, dict.fromkeys(["url", "events", "format"], "")),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_an_endpoint_that_makes_no_sense_is_refused(service: Service, sent: Any, expected: dict[str, str]) -> None:
    found = errors(make(service, **sent))
    if "" in expected.values():
        assert set(expected) < set(found)
    else:
        assert found == expected
    assert service.call("GET", PATH, service.moderator).json == {"endpoints": []}


INWARD = [
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://10.0.0.1/",
    "https://192.168.1.1:8443/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://[fe80::1%25eth0]/",
    "https://[64:ff9b::7f00:1]/",
    "http://8.8.8.8/",
    "https://8.8.8.8:22/",
    "https://user:password@8.8.8.8/",
    "ftp://8.8.8.8/",
    "file:///etc/passwd",
    "gopher://8.8.8.8/",
    "//8.8.8.8/",
    "hooks.example.com",
    "https://",
    "https://:443/",
    "https://8.8.8.8:99999/",
    "https://[::1/",
    "https://exa mple.com/",
]


@pytest.mark.parametrize("url", INWARD)
def test_an_address_that_webhooks_may_not_reach_is_refused(service: Service, url: str) -> None:
    assert errors(make(service, url=url)) == {"url": "not_allowed"}
    endpoint = make(service).json["id"]
    assert errors(service.call("PATCH", f"{PATH}/{endpoint}", service.moderator, json={"url": url})) == {
        "url": "not_allowed"
    }


def test_a_network_that_the_operator_allows_may_be_reached(sqlite_url: str) -> None:
    import ipaddress

    with running(sqlite_url, outbound_allow=(ipaddress.ip_network("127.0.0.0/8"),)) as service:
        assert make(service, url="http://127.0.0.1:9000/hook").status_code == 201
        assert errors(make(service, url="http://10.0.0.1/hook")) == {"url": "not_allowed"}


def test_the_operators_services_are_only_told_where_an_operator_asks_for_it(sqlite_url: str) -> None:
    sent = {"format": "apprise", "url": "apprise:"}
    with running(sqlite_url, apprise_urls="json://127.0.0.1:9/") as service:
        for url in ("apprise:", "json://127.0.0.1:9/", "apprise:json://127.0.0.1:9/"):
            assert errors(make(service, **sent | {"url": url})) == {"url": "not_allowed"}
        asked = sent | {"site": service.site.id}
        made = service.call("POST", PATH, service.admin, json=asked).json
        assert made["url"] == "apprise:"
        assert "127.0.0.1" not in str(made)
        other = make(service).json["id"]
        assert errors(service.call("PATCH", f"{PATH}/{other}", service.moderator, json=sent)) == {"url": "not_allowed"}
    with running(sqlite_url) as service:
        assert errors(service.call("POST", PATH, service.admin, json=sent | {"site": service.site.id})) == {
            "url": "not_allowed"
        }


SLACK = "https://1.1.1.1/services/T0/B0/secret"


def test_a_chats_url_is_not_shown_again(each_service: Service) -> None:
    made = make(each_service, url=SLACK, format="slack", language="fa")
    path = f"{PATH}/{made.json['id']}"
    assert (made.json["url"], made.json["format"], made.json["language"]) == ("https://1.1.1.1/…", "slack", "fa")
    for answer in (
        made,
        each_service.call("GET", path, each_service.moderator),
        each_service.call("GET", PATH, each_service.moderator),
        each_service.call("PATCH", path, each_service.moderator, json={"language": "en"}),
    ):
        assert "secret" not in answer.text.replace('"secret"', "")
    # What is shown is no address: sent back, it changes nothing.
    back = each_service.call("PATCH", path, each_service.moderator, json={"url": made.json["url"]})
    assert errors(back) == {"url": "not_allowed"}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"format": "telegram"}, {"url": "not_allowed"}),
        ({"format": "email"}, {"url": "not_allowed"}),
        ({"format": "email", "url": "mailto:desk@news.example.com"}, {"url": "not_allowed"}),
        ({"url": "mailto:desk@news.example.com"}, {"url": "not_allowed"}),
        ({"format": "pigeon"}, {"format": "invalid"}),
        ({"format": "slack", "language": "tlh"}, {"language": "invalid"}),
        ({"language": []}, {"language": "invalid"}),
        ({"format": "slack", "url": "https://169.254.169.254/services/x"}, {"url": "not_allowed"}),
    ],
)
def test_an_address_fits_its_format(service: Service, sent: dict[str, Any], expected: dict[str, str]) -> None:
    response = make(service, **sent)
    assert response.status_code == 422
    assert errors(response) == expected


def test_a_format_is_changed_with_the_address_that_it_needs(service: Service) -> None:
    path = f"{PATH}/{make(service).json['id']}"
    assert service.call("PATCH", path, service.moderator, json={"format": "telegram"}).status_code == 422
    assert service.call("GET", path, service.moderator).json["format"] == "standard"
    url = "https://1.1.1.1/bot123456:AAbbCCddEEffGGhhIIjjKK/sendMessage?chat_id=-1001"
    changed = service.call("PATCH", path, service.moderator, json={"format": "telegram", "url": url})
    assert (changed.json["format"], changed.json["url"]) == ("telegram", "https://1.1.1.1/…")
