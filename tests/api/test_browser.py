"""A real browser opens the links of a real message and presses the button: no script, on a phone, in both languages.

Needs chromium on the PATH, as Debian has it; a machine without it skips these by name, and with CI=true they fail.
"""

import ipaddress
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from moderation.action_links import LinkMaker
from moderation.deliveries.delivering import deliver
from moderation.identity import Keyed
from moderation.outbound import Outbound
from moderation.tables import DeliveryRow
from tests.api.service import Service, running
from tests.conftest import SECRET, Receiver
from tests.processes import free_port

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
BODY = "سلام، درآمد spam: https://a.example.net و https://b.example.org"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        assert not os.environ.get("CI"), "chromium is missing: apt-get install chromium"
        pytest.skip("chromium is not here: no browser opened the page behind a link")
    with sync_playwright() as playwright:
        # Chromium keeps no sandbox for root, and containers give it little shared memory.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


class _Silent(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Write no line per request."""


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Service]:
    """Return a service that a browser can reach."""
    port = free_port()
    with running(sqlite_url, base_url=f"http://127.0.0.1:{port}", outbound_allow=(LOOPBACK,)) as service:
        server = make_server("127.0.0.1", port, service.app, threaded=True, request_handler=_Silent)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield service
        server.shutdown()
        server.server_close()
        thread.join()


def _told(service: Service, receiver: Receiver) -> dict[str, Any]:
    """Have a comment held and a moderators' endpoint told; return the message's data."""
    endpoint = {"url": receiver.url, "audience": "moderators"}
    assert service.call("POST", "/v1/endpoints", service.moderator, json=endpoint).status_code == 201
    service.posted(body=BODY, name="علی", post_title="Budget", email="ali@example.com")
    service.judge()
    with service.database.read() as session:
        ids = session.scalars(select(DeliveryRow.id)).all()
    keyed = Keyed(SECRET)
    links = LinkMaker(keyed, service.app.extensions["moderation"].base_url)
    deliver(service.database, keyed, Outbound((LOOPBACK,)), ids, links=links)
    [webhook] = receiver.wait_for(1)
    data: dict[str, Any] = json.loads(webhook.body)["data"]
    return data


@contextmanager
def _page(browser: Browser, size: dict[str, int], locale: str) -> Iterator[Page]:
    context = browser.new_context(viewport=size, locale=locale, java_script_enabled=False)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    yield page
    context.close()
    # A policy that kept the page's own style out would be told here.
    assert [one for one in complaints if "Content Security Policy" in one] == []


@pytest.mark.parametrize(
    ("size", "locale", "direction", "question", "button", "answer"),
    [
        (PHONE, "en-GB", "ltr", "Approve this comment?", "Approve", "This comment is approved"),
        (DESK, "fa-IR", "rtl", "این دیدگاه تأیید شود؟", "تأیید", "این دیدگاه تأیید شده است"),
    ],
    ids=["phone in English", "desk in Persian"],
)
def test_a_moderator_settles_a_comment_from_a_message(
    browser: Browser,
    served: Service,
    receiver: Receiver,
    size: dict[str, int],
    locale: str,
    direction: str,
    question: str,
    button: str,
    answer: str,
) -> None:
    data = _told(served, receiver)
    comment_id = data["comment"]["id"]
    with _page(browser, size, locale) as page:
        page.goto(data["actions"]["approve"])
        expect(page.get_by_role("heading", level=1)).to_have_text(question)
        expect(page.locator("html")).to_have_attribute("dir", direction)
        marked = ["درآمد", "https://a.example.net", "https://b.example.org"]
        assert page.locator("mark").all_inner_texts() == marked
        # The style is applied, nothing is wider than the screen, and the button is in sight.
        box = page.get_by_role("button", name=button).bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["y"] + box["height"] <= size["height"]
        assert page.locator("main").bounding_box()["width"] <= size["width"]  # type: ignore[index]
        assert served.read(comment_id)["status"] == "held"
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(answer)
        expect(page.get_by_role("button")).to_have_count(0)
        # Opened again from the history of a phone it sends nothing again.
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text(answer)
        assert served.read(comment_id)["status"] == "approved"
        # The message's other links say what became of it.
        page.goto(data["actions"]["spam"])
        expect(page.get_by_role("heading", level=1)).to_have_text(answer)
        expect(page.get_by_role("button")).to_have_count(0)
    assert served.read(comment_id)["decision"]["by"].startswith("link of endpoint ep_")
