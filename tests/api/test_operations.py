"""How the service is, and how it answers when something it stands on is away."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from api.app import create_app
from moderation.action_links import ActionLink, make_token
from moderation.clock import utc_now
from moderation.identity import Keyed
from moderation.settings import Settings
from tests.api.service import BASE_URL, NO_REDIS, Service, check_answers, comment
from tests.conftest import SECRET


def test_a_process_that_answers_is_alive(service: Service) -> None:
    assert service.call("GET", "/livez").json == {"status": "alive"}


def test_what_is_not_well_is_named(each_service: Service) -> None:
    response = each_service.call("GET", "/readyz")
    assert response.status_code == 503
    parts = response.json["parts"]
    unwell = {name for name, part in parts.items() if part["status"] == "unwell"}
    assert {"redis", "broker"} <= unwell
    assert {name.partition(":")[0] for name in unwell} == {"redis", "broker", "worker"}
    assert parts["database"]["status"] == parts["migrations"]["status"] == "well"
    assert all(part["seconds"] > 0 for part in parts.values())
    assert all(part["detail"] for part in parts.values() if part["status"] == "unwell")


def test_metrics_are_what_prometheus_reads(each_service: Service) -> None:
    for _ in range(3):
        each_service.posted()
    response = each_service.call("GET", "/metrics")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    samples = {sample.labels["kind"]: sample.value for sample in families["moderation_waiting"].samples}
    assert samples["received"] == 3
    assert "sara" not in response.text


def test_a_broker_that_fails_does_not_fail_a_comment(sqlite_url: str) -> None:
    def fail(name: str, ids: list[str]) -> None:
        raise ConnectionError("the broker is away")

    settings = Settings(
        secret_key=SECRET, base_url=BASE_URL, redis_url=NO_REDIS, database_url=sqlite_url, data_dir=Path("/nonexistent")
    )
    app = create_app(settings, publish=fail)
    check_answers(app)
    resources = app.extensions["moderation"]
    from moderation.clock import utc_now
    from moderation.sites import add_site

    with resources.database.write() as session:
        site = add_site(session, resources.keyed, "News", None, utc_now())
    headers = {"Authorization": f"Bearer {site.secret_key}"}
    answers = [app.test_client().post("/v1/comments", json=comment(), headers=headers) for _ in range(3)]
    resources.doorbell.stop()
    resources.database.close()
    assert [answer.status_code for answer in answers] == [202] * 3


def test_the_doorbell_rings_for_what_was_accepted_and_only_once(service: Service) -> None:
    ids = [service.posted(), service.posted()]
    service.post(comment(email="nobody"))
    service.app.extensions["moderation"].doorbell.stop()
    assert sorted(comment_id for _, rung in service.rung for comment_id in rung) == sorted(ids)


@pytest.fixture
def stranded() -> Any:
    """Return a client of a service whose PostgreSQL is away: nobody listens on port 1."""
    settings = Settings(
        secret_key=SECRET,
        base_url=BASE_URL,
        redis_url=NO_REDIS,
        database_url="postgresql+psycopg://moderation:hunter2@127.0.0.1:1/moderation",
        data_dir=Path("/nonexistent"),
    )
    app = create_app(settings, publish=lambda _name, _ids: None)
    check_answers(app)
    yield app.test_client()
    app.extensions["moderation"].doorbell.stop()
    app.extensions["moderation"].database.close()


def test_without_its_database_every_route_says_when_to_come_back(stranded: FlaskClient) -> None:
    document = stranded.get("/openapi.json").json
    headers = {"Authorization": "Bearer sk_any", "Origin": "https://news.example.com"}
    # A token that is not ours needs no database to be refused.
    link = ActionLink("spam", "cm_1", 2, "ep_1", utc_now() + timedelta(days=1))
    known = {"comment_id": "cm_1", "endpoint_id": "ep_1", "token": make_token(Keyed(SECRET), link)}
    known |= {"post_id": "8344", "delivery_id": "dl_1"}
    for path, methods in document["paths"].items():
        address = path.format_map(known)
        for method, operation in methods.items():
            if "503" not in operation["responses"] or address == "/readyz":
                continue
            query = {"site": "st_1"} if "{post_id}" in path else {}
            response = stranded.open(
                address, method=method.upper(), headers=headers, json=comment(), query_string=query
            )
            assert response.status_code == 503, f"{method} {path}: {response.text}"
            assert int(response.headers["Retry-After"]) > 0
            assert "hunter2" not in response.text


def test_without_its_database_the_process_still_lives_and_is_not_ready(stranded: FlaskClient) -> None:
    assert stranded.get("/livez").status_code == 200
    assert 'moderation_up{part="database"} 0.0' in stranded.get("/metrics").text
    response = stranded.get("/readyz")
    assert response.status_code == 503
    assert response.json["parts"]["database"]["status"] == "unwell"
    assert "hunter2" not in response.text


def test_a_database_of_another_shape_is_a_database_that_is_away(each_service: Service) -> None:
    service = each_service
    with service.database.write() as session:
        session.execute(text("DROP TABLE idempotency"))
        session.execute(text("ALTER TABLE comments RENAME TO comments_of_before"))
    response = service.post(comment())
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0


def test_a_fault_of_ours_is_answered_without_a_word_of_what_was_sent(service: Service) -> None:
    def fail() -> Any:
        raise RuntimeError("sara@example.com")

    service.app.add_url_rule("/fault", view_func=fail)
    service.app.testing = False
    response = FlaskClient(service.app, service.app.response_class).get("/fault")
    assert response.status_code == 500
    assert response.mimetype == "application/problem+json"
    assert "sara" not in response.text
