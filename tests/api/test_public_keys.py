"""A form in a browser: its origin is checked, its visitor's address the connection's, its answers readable."""

import ipaddress

import pytest
import structlog

from tests.api.service import Service, comment, running

HOME = "https://news.example.com"


@pytest.mark.parametrize("origin", [HOME, "https://www.news.example.com", "http://news.example.com:8080", None])
def test_the_sites_own_pages_may_post(service: Service, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    response = service.post(key=service.pk, headers=headers)
    assert response.status_code == 202
    assert response.headers.get("Access-Control-Allow-Origin") == origin
    assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com",
        "https://weather.example.org",
        "https://news.example.com.evil.example.com",
        "https://evilnews.example.com",
        "https://sub.news.example.com",
        "https://news.example.com@evil.example.com",
        "null",
        "",
        "https://[::1",
        "https://ne\u212as.example.com",
        "\xff",
    ],
)
def test_pages_of_others_may_not(service: Service, origin: str) -> None:
    headers = {"Origin": origin.encode().decode("latin-1")}
    response = service.post(key=service.pk, headers=headers)
    if origin == "":
        # No browser sends an empty one: it is as good as none.
        assert response.status_code == 202
        return
    assert response.status_code == 403
    assert response.json["type"].endswith(":origin")
    assert service.count() == 0


def test_a_server_with_the_sites_key_has_no_origin(service: Service) -> None:
    assert service.post(headers={"Origin": "https://evil.example.com"}).status_code == 202


def test_a_browser_may_ask_before_it_posts(service: Service) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = service.call("OPTIONS", "/v1/comments", headers={"Origin": HOME, **asked})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == HOME
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "prefer"} <= set(allowed)
    stranger = service.call("OPTIONS", "/v1/comments", headers={"Origin": "https://evil.example.com", **asked})
    assert "Access-Control-Allow-Origin" not in stranger.headers


def test_a_page_may_read_how_a_comment_stands_and_why_one_was_refused(service: Service) -> None:
    headers = {"Origin": HOME}
    url = service.post(key=service.pk, headers=headers).json["status_url"]
    assert service.call("GET", url, headers=headers).headers["Access-Control-Allow-Origin"] == HOME
    refused = service.post(comment(name=None), key=service.pk, headers=headers)
    assert refused.status_code == 422
    assert refused.headers["Access-Control-Allow-Origin"] == HOME
    # RFC 9110: only listed response headers may be read by scripts.
    assert "Location" in refused.headers["Access-Control-Expose-Headers"]


def visitor(service: Service, peer: str, forwarded: str | None = None, **fields: str) -> str | None:
    """Return whose address was stored for a post from this connection."""
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    environ = {"REMOTE_ADDR": peer, "HTTP_USER_AGENT": "Browser/1.0"}
    response = service.post(comment(**fields), key=service.pk, headers=headers, environ_overrides=environ)
    assert response.status_code == 202, response.text
    address: str | None = service.read(response.json["id"])["ip"]
    return address


def test_the_visitors_address_is_never_what_the_visitor_says(service: Service) -> None:
    assert visitor(service, "198.51.100.1", ip="203.0.113.7") == "198.51.100.1"
    assert visitor(service, "198.51.100.1", "203.0.113.7") == "198.51.100.1"
    assert visitor(service, "fe80::1%eth0") == "fe80::1"
    assert visitor(service, "::ffff:198.51.100.1") == "198.51.100.1"
    assert visitor(service, "", ip="203.0.113.7") is None


def test_the_visitors_browser_is_the_one_that_asked(service: Service) -> None:
    agent = "Browser/1.0 " + "x" * 2_000
    headers = {"User-Agent": agent}
    response = service.post(comment(user_agent="Other"), key=service.pk, headers=headers)
    assert service.read(response.json["id"])["user_agent"] == agent[:1000]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "1.1.1.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", ",,", "10.0.0.1"),
        ("192.0.2.1", "203.0.113.7", "192.0.2.1"),
    ],
)
def test_only_trusted_proxies_say_whose_address_it_is(
    sqlite_url: str, peer: str, forwarded: str | None, expected: str
) -> None:
    with running(sqlite_url, trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),)) as service:
        assert visitor(service, peer, forwarded, ip="9.9.9.9") == expected


def test_a_forwarded_header_from_elsewhere_is_warned_of_once_without_an_address(sqlite_url: str) -> None:
    with (
        running(sqlite_url, trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),)) as service,
        structlog.testing.capture_logs() as logs,
    ):
        visitor(service, "192.0.2.1")
        visitor(service, "10.0.0.1", "203.0.113.7")
        assert not [one for one in logs if "forwarded" in one["event"]]
        for _ in range(2):
            visitor(service, "192.0.2.1", "203.0.113.7")
        [warning] = [one for one in logs if "forwarded" in one["event"]]
    assert warning["log_level"] == "warning"
    assert "TRUSTED_PROXIES" in warning["event"]
    assert not {"192.0.2.1", "203.0.113.7"} & set(str(warning).replace("'", " ").split())


# What pages may ask, by address: the methods that a browser may learn of.
PUBLIC = {"/v1/comments": "POST", "/v1/form": "GET"}


@pytest.mark.parametrize(("path", "method"), PUBLIC.items())
@pytest.mark.parametrize("origin", [HOME, "https://evil.example.com", "null", "https://news.example.com.evil.example"])
def test_only_the_sites_pages_are_let_in_exactly_as_they_name_themselves(
    service: Service, path: str, method: str, origin: str
) -> None:
    headers = {"Origin": origin}
    body = {"json": comment()} if method == "POST" else {}
    asked = service.call("OPTIONS", path, headers=headers)
    answered = service.call(method, path, service.pk, headers=headers, **body)
    for response in (asked, answered):
        # One origin or none, never all of them, and no cookie goes along.
        allowed = response.headers.get_all("Access-Control-Allow-Origin")
        assert allowed == ([origin] if origin == HOME else [])
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" in response.headers["Vary"]
    assert answered.status_code == (403 if origin != HOME else 202 if method == "POST" else 200)
    if origin == HOME:
        assert method in asked.headers["Access-Control-Allow-Methods"].split(", ")


def test_a_page_of_another_site_of_the_service_may_not_use_this_sites_key(service: Service) -> None:
    for path, method in PUBLIC.items():
        body = {"json": comment()} if method == "POST" else {}
        answer = service.call(method, path, service.pk, headers={"Origin": "https://weather.example.org"}, **body)
        assert answer.status_code == 403
    assert service.count() == 0


def test_no_page_may_read_what_is_for_servers_and_moderators(service: Service) -> None:
    headers = {"Origin": HOME}
    for path in ("/v1/endpoints", "/v1/policy", "/metrics", "/readyz", "/openapi.json"):
        for method in ("GET", "OPTIONS"):
            answer = service.call(method, path, service.moderator, headers=headers)
            assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")], path


def test_with_the_sites_key_the_website_says_the_visitors_address(service: Service) -> None:
    environ = {"REMOTE_ADDR": "198.51.100.1"}
    response = service.post(comment(ip="203.0.113.7"), environ_overrides=environ)
    assert service.read(response.json["id"])["ip"] == "203.0.113.7"
    response = service.post(environ_overrides=environ)
    assert service.read(response.json["id"])["ip"] is None
