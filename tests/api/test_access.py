"""Who may do what: no key, a wrong one, one of the wrong kind, and the things of another site."""

import pytest

from tests.api.service import Service, comment

# Routes that take a key: method, path, and the kinds of key that open it.
ROUTES = [
    ("POST", "/v1/comments", {"sk", "pk"}),
    ("GET", "/v1/comments", {"sk", "mt", "at"}),
    ("POST", "/v1/comments/batch", {"sk"}),
    ("GET", "/v1/form", {"sk", "pk"}),
    ("GET", "/v1/comments/{comment}", {"sk", "mt", "at"}),
    ("POST", "/v1/comments/{comment}/decision", {"sk", "mt"}),
    ("GET", "/v1/endpoints", {"mt", "at"}),
    ("POST", "/v1/endpoints", {"mt", "at"}),
    ("GET", "/v1/endpoints/{endpoint}", {"mt", "at"}),
    ("PATCH", "/v1/endpoints/{endpoint}", {"mt", "at"}),
    ("DELETE", "/v1/endpoints/{endpoint}", {"mt", "at"}),
    ("POST", "/v1/endpoints/{endpoint}/rotate", {"mt", "at"}),
    ("POST", "/v1/endpoints/{endpoint}/test", {"mt", "at"}),
    ("GET", "/v1/deliveries", {"mt", "at"}),
    ("POST", "/v1/deliveries/replay", {"mt", "at"}),
    ("GET", "/v1/deliveries/{delivery}", {"mt", "at"}),
    ("POST", "/v1/deliveries/{delivery}/replay", {"mt", "at"}),
    ("GET", "/v1/policy", {"mt", "at"}),
    ("PUT", "/v1/policy", {"mt", "at"}),
]
NAMES = [f"{method} {path}" for method, path, _ in ROUTES]


def test_the_table_of_keys_is_the_documented_one(service: Service) -> None:
    document = service.call("GET", "/openapi.json").json
    schemes = document["components"]["securitySchemes"]
    documented = {
        (method.upper(), path.replace("_id}", "}")): {
            schemes[name].get("bearerFormat", "")[:2] for key in one["security"] for name in key
        }
        # The author's token is no key.
        - {""}
        for path, methods in document["paths"].items()
        for method, one in methods.items()
        if one["security"]
    }
    assert documented == {(method, path): kinds for method, path, kinds in ROUTES}


@pytest.mark.parametrize(("method", "path", "_kinds"), ROUTES, ids=NAMES)
def test_without_a_valid_key_nothing_is_done(service: Service, method: str, path: str, _kinds: set[str]) -> None:
    path = path.format(comment="cm_1", endpoint="ep_1", delivery="dl_1")
    for header in (
        "",
        "Bearer",
        "Bearer ",
        "Bearer sk_wrong",
        "Basic c2s6",
        f"Token {service.sk}",
        "Bearer " + "x" * 9_000,
    ):
        headers = {"Authorization": header} if header else {}
        response = service.call(method, path, headers=headers)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path", "kinds"), ROUTES, ids=NAMES)
def test_a_key_of_another_kind_is_told_which_it_takes(
    service: Service, method: str, path: str, kinds: set[str]
) -> None:
    path = path.format(comment="cm_1", endpoint="ep_1", delivery="dl_1")
    keys = {"sk": service.sk, "pk": service.pk, "mt": service.moderator, "at": service.admin}
    for kind, key in keys.items():
        response = service.call(method, path, key)
        assert (response.status_code == 403) == (kind not in kinds), (kind, response.text)
    assert service.call(method, path, service.site.akismet_key).status_code == 403


def test_the_scheme_of_a_key_may_be_written_in_any_case(service: Service) -> None:
    headers = {"Authorization": f"bEARER  {service.sk} "}
    assert service.call("GET", "/v1/comments", headers=headers).status_code == 200


def test_what_belongs_to_another_site_is_not_there(each_service: Service) -> None:
    comment_id = each_service.posted()
    path = f"/v1/comments/{comment_id}"
    stranger = each_service.other.secret_key
    assert each_service.call("GET", path, stranger).status_code == 404
    decision = {"action": "approve", "version": 1}
    assert each_service.call("POST", f"{path}/decision", stranger, json=decision).status_code == 404
    assert each_service.call("GET", f"/v1/comments?site={each_service.site.id}", stranger).status_code == 404
    assert each_service.call("GET", "/v1/comments", stranger).json["comments"] == []
    assert each_service.read(comment_id)["status"] == "received"


def test_a_moderator_has_nothing_of_a_site_that_is_not_theirs(service: Service) -> None:
    made = {"url": "https://1.1.1.1/x", "site": service.other.id}
    endpoint = service.call("POST", "/v1/endpoints", service.admin, json=made).json["id"]
    assert service.call("POST", "/v1/endpoints", service.moderator, json=made).status_code == 404
    for method, sent in (("GET", None), ("PATCH", {"enabled": False}), ("DELETE", None)):
        body = {"json": sent} if sent else {}
        assert service.call(method, f"/v1/endpoints/{endpoint}", service.moderator, **body).status_code == 404
    assert service.call("GET", "/v1/endpoints", service.moderator).json == {"endpoints": []}
    for path in ("/v1/endpoints", "/v1/policy", "/v1/comments"):
        assert service.call("GET", f"{path}?site={service.other.id}", service.moderator).status_code == 404


def test_an_operator_names_the_site_of_a_call(each_service: Service) -> None:
    admin, site = each_service.admin, each_service.site.id
    for path in ("/v1/policy", "/v1/comments"):
        assert each_service.call("GET", path, admin).json["errors"][0]["field"] == "site"
        assert each_service.call("GET", f"{path}?site={site}", admin).status_code == 200
    assert each_service.call("PUT", f"/v1/policy?site={site}", admin, json={}).status_code == 200


@pytest.mark.parametrize("unknown", ["st_unknown", "", "%00", "%ED%A0%80", "a%0D%0Ab"])
def test_a_site_that_nobody_made_is_not_there(each_service: Service, unknown: str) -> None:
    admin = each_service.admin
    assert each_service.call("GET", f"/v1/policy?site={unknown}", admin).status_code == 404
    assert each_service.call("PUT", f"/v1/policy?site={unknown}", admin, json={}).status_code == 404
    assert each_service.call("GET", f"/v1/comments?site={unknown}", admin).status_code == 404


@pytest.mark.parametrize("unknown", ["st_unknown", "\0", "\ud800", "x" * 5_000])
def test_an_endpoint_for_a_site_that_nobody_made_is_refused(each_service: Service, unknown: str) -> None:
    sent = {"url": "https://1.1.1.1/x", "site": unknown}
    for key in (each_service.admin, each_service.moderator):
        assert each_service.call("POST", "/v1/endpoints", key, json=sent).status_code == 404


@pytest.mark.parametrize("comment_id", ["cm_unknown", "%00", "a%00b", "%FF", "%ED%A0%80", "x" * 5_000, "..", "%20"])
def test_an_id_that_nobody_has_is_not_there(each_service: Service, comment_id: str) -> None:
    key, path = each_service.sk, f"/v1/comments/{comment_id}"
    assert each_service.call("GET", path, key).status_code == 404
    decision = {"action": "approve", "version": 1}
    assert each_service.call("POST", f"{path}/decision", key, json=decision).status_code == 404
    assert each_service.call("GET", f"/v1/endpoints/{comment_id}", each_service.admin).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/comments", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("GET", "/v1/comments/x/decision", {"OPTIONS", "POST"}),
        ("POST", "/livez", {"GET", "HEAD", "OPTIONS"}),
        ("TRACE", "/v1/policy", {"GET", "HEAD", "OPTIONS", "PUT"}),
    ],
)
def test_a_method_that_an_address_does_not_take_is_told_which_it_does(
    service: Service, method: str, path: str, allowed: set[str]
) -> None:
    response = service.call(method, path, service.sk)
    assert response.status_code == 405
    assert set(response.allow) == allowed


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/comments/", "//v1/comments", "/v2/comments", "/wp-login.php", "/%00"]
)
def test_an_unknown_address_is_a_problem_too(service: Service, path: str) -> None:
    response = service.call("POST", path, service.sk, json=comment())
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
