"""How much a key, a visitor and an author may post, and how they are told."""

from pathlib import Path

import pytest

from api.limiting import network_of
from moderation.limiting.limits import Limit
from moderation.limiting.redis_totals import RedisTotals
from moderation.limiting.shared import Limiter
from tests.api.service import comment, running
from tests.journeys.servers import redis
from tests.processes import free_port, wait_until

PROXY = {"REMOTE_ADDR": "10.0.0.1"}


def _from(address: str) -> dict[str, object]:
    return {"environ_base": {"REMOTE_ADDR": address}}


def test_a_visitor_who_posts_too_much_is_told_when_to_try_again(sqlite_url: str) -> None:
    with running(sqlite_url, limit_address=Limit(2, 60)) as service:
        answers = [service.post(key=service.pk, **_from("203.0.113.7")) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        refused = answers[-1]
        assert refused.json["type"].endswith(":too-many-requests")
        assert 0 < int(refused.headers["Retry-After"]) <= 120
        assert refused.headers["RateLimit"].startswith('"address";r=0;t=')
        assert '"address";q=2;w=60' in refused.headers["RateLimit-Policy"]
        # Nobody else is held up.
        assert service.post(key=service.pk, **_from("203.0.113.8")).status_code == 202
        assert service.count() == 3


def test_a_network_is_counted_as_one(sqlite_url: str) -> None:
    with running(sqlite_url, limit_network=Limit(3, 60)) as service:
        addresses = [f"203.0.113.{last}" for last in range(1, 6)] + ["203.0.114.1"]
        answers = [service.post(key=service.pk, **_from(address)).status_code for address in addresses]
        assert answers == [202, 202, 202, 429, 429, 202]


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.7", "203.0.113.0/24"), ("2001:db8:1:2::7", "2001:db8:1::/48"), ("::1", "::/48")],
)
def test_what_counts_as_a_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_an_author_is_counted_however_the_address_is_written(sqlite_url: str) -> None:
    with running(sqlite_url, limit_email=Limit(2, 60)) as service:
        emails = ("Sara@Example.com", "sara@example.com", "sara@EXAMPLE.com", "ali@example.com")
        answers = [service.post(comment(email=email), key=service.pk).status_code for email in emails]
        assert answers == [202, 202, 429, 202]


def test_a_sites_visitors_together_are_counted_and_no_other_sites(sqlite_url: str) -> None:
    with running(sqlite_url, limit_site=Limit(2, 60)) as service:
        answers = [service.post(key=service.pk, **_from(f"203.0.{at}.7")).status_code for at in range(3)]
        assert answers == [202, 202, 429]
        assert service.post(key=service.other.public_key).status_code == 202


def test_a_websites_server_is_limited_by_its_key_alone(sqlite_url: str) -> None:
    tight = {name: Limit(1, 60) for name in ("limit_address", "limit_network", "limit_email", "limit_site")}
    with running(sqlite_url, **tight, limit_key=Limit(4, 60)) as service:
        sent = comment(ip="203.0.113.7")
        assert [service.post(sent).status_code for _ in range(3)] == [202, 202, 202]
        batch = {"comments": [sent, sent]}
        assert service.call("POST", "/v1/comments/batch", service.sk, json=batch).status_code == 429
        assert service.post(sent).status_code == 202
        assert service.post(sent).status_code == 429


def test_while_a_site_is_flooded_its_form_has_a_quarter_of_the_limits_and_its_server_all(sqlite_url: str) -> None:
    with running(sqlite_url, limit_address=Limit(8, 60), limit_email=Limit(2, 60), limit_key=Limit(100, 60)) as service:
        service.tighten()
        sent = [comment(email=f"reader{number}@example.com") for number in range(4)]
        answers = [service.post(one, key=service.pk, **_from("203.0.113.7")) for one in sent]
        assert [answer.status_code for answer in answers] == [202, 202, 429, 429]
        # However small a limit is, one comment goes through.
        assert answers[0].headers["RateLimit"].startswith('"email";r=0')
        assert [service.post(one).status_code for one in sent] == [202] * 4
        # Of other sites nobody is asked more.
        answers = [service.post(one, key=service.other.public_key, **_from("203.0.113.7")) for one in sent]
        assert [answer.status_code for answer in answers] == [202] * 4
        # Nor of this one, where its policy wants it left alone.
        assert service.call("PUT", "/v1/policy", service.moderator, json={"rules": {"tighten_in_floods": False}})
        answers = [service.post(one, key=service.pk, **_from("198.51.100.7")) for one in sent[2:]]
        assert [answer.status_code for answer in answers] == [202] * 2


def test_limits_that_are_off_are_not_spoken_of(sqlite_url: str) -> None:
    names = ("limit_key", "limit_address", "limit_network", "limit_email", "limit_site")
    with running(sqlite_url, **dict.fromkeys(names)) as service:
        for _ in range(2):
            answer = service.post(key=service.pk)
            assert answer.status_code == 202
            assert "RateLimit" not in answer.headers
            service.tighten()


def test_processes_share_a_limit_through_a_real_redis(tmp_path: Path) -> None:
    port = free_port()
    with redis(tmp_path, "--port", str(port), "--bind", "127.0.0.1", "--save", "", port=port):
        url = f"redis://127.0.0.1:{port}/0"
        one, other = (Limiter({"address": Limit(1_000, 3_600)}, RedisTotals(url)) for _ in range(2))
        one.take({"address": "a"}, 600)
        other.take({"address": "a"}, 300)
        # What is sent in the background arrives within a moment; asking costs nothing.
        wait_until(lambda: other.take({"address": "a"}, 0)[0].remaining == 100, "the other's counts arrived")
        assert other.take({"address": "a"}, 200)[0].is_over
        assert not other.take({"address": "b"}, 200)[0].is_over
