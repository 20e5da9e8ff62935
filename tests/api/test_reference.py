"""The API described by itself: the document is valid, tells of every route and of nothing else, and can be read."""

import html.parser
import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from moderation.submission import FIELDS
from tests.api.service import BASE_URL, Service


@pytest.fixture
def document(service: Service) -> Any:
    return service.call("GET", "/openapi.json").json


def test_the_document_is_valid_openapi(document: Any) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": BASE_URL}]


def test_every_route_is_documented_and_nothing_else(service: Service, document: Any) -> None:
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in service.app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    documented = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        # Browsers ask it by themselves; Flask answers it everywhere.
        if method != "options"
    }
    assert routes == documented


def test_the_comments_schema_is_what_is_read(document: Any) -> None:
    schema = document["components"]["schemas"]["NewComment"]
    assert {name: one.get("maxLength") for name, one in schema["properties"].items()} == {
        field.name: field.max_length for field in FIELDS
    } | {"form_token": None, "form_work": None, "contact_url": None}
    assert schema["required"] == [field.name for field in FIELDS if field.is_required]


def test_every_component_is_used(document: Any) -> None:
    used = set(re.findall(r"#/components/(\w+/\w[\w-]*)", str(document)))
    defined = {f"{kind}/{name}" for kind in ("schemas", "responses") for name in document["components"][kind]}
    assert defined - used == set()
    schemes = {
        name
        for methods in document["paths"].values()
        for one in methods.values()
        for key in one["security"]
        for name in key
    }
    assert schemes == set(document["components"]["securitySchemes"])


class _Page(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                assert value not in self.ids, f"{value} twice"
                self.ids.add(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name in ("src", "style") or name.startswith("on"):
                self.loads.append(f"{tag} {name}")


def test_the_page_shows_every_operation_and_links_only_to_what_is_there(service: Service, document: Any) -> None:
    response = service.call("GET", "/docs")
    page = _Page(response.text)
    operations = {one["operationId"] for methods in document["paths"].values() for one in methods.values()}
    assert operations <= page.ids
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= page.ids
    inner = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert inner <= page.ids
    assert {link for link in page.links if not link.startswith("#")} == {"/openapi.json"}


def test_the_page_runs_nothing_and_loads_nothing(service: Service) -> None:
    response = service.call("GET", "/docs")
    page = _Page(response.text)
    assert not page.tags & {"script", "link", "img", "iframe", "form"}
    assert page.loads == []
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_browser_may_apply_the_style_of_the_page(service: Service) -> None:
    import base64
    import hashlib

    response = service.call("GET", "/docs")
    style = response.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in response.headers["Content-Security-Policy"]
