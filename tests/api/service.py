"""One service as the tests of its API use it: the application, two sites with their keys, and whoever judges."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from api.app import create_app
from api.openapi import build
from api.resources import Resources
from moderation.clock import utc_now
from moderation.db import Database
from moderation.keys import Kind, add_key
from moderation.list_cache import ListCache
from moderation.screening import screen
from moderation.settings import Settings
from moderation.sites import NewSite, add_moderator, add_site
from moderation.tables import Comment, SiteState
from tests.api.contract import CheckedClient, Contract
from tests.conftest import SECRET
from tests.steps.judges import judge_with

BASE_URL = "https://moderation.example.com"
# Nobody listens there.
NO_REDIS = "redis://127.0.0.1:1/0"


def comment(**fields: Any) -> dict[str, Any]:
    """Return a comment as it may be posted; None takes a field out."""
    sent = {"name": "Sara", "email": "sara@example.com", "body": "Well said.", "post_id": "8344"} | fields
    return {name: value for name, value in sent.items() if value is not None}


@dataclass
class Service:
    """A running service; `rung` is what its doorbell published."""

    app: Flask
    database: Database
    site: NewSite
    other: NewSite
    moderator: str
    admin: str
    rung: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def sk(self) -> str:
        """The site's secret key."""
        return self.site.secret_key

    @property
    def pk(self) -> str:
        """The site's public key."""
        return self.site.public_key

    def call(self, method: str, path: str, key: str | None = None, **kwargs: Any) -> TestResponse:
        """Ask the service; threads may do so at once."""
        headers = dict(kwargs.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return self.app.test_client().open(path, method=method, headers=headers, **kwargs)

    def post(self, sent: Any = None, *, key: str | None = None, **kwargs: Any) -> TestResponse:
        """Post a comment, with the site's key unless another is given."""
        body = {} if {"data", "json"} & set(kwargs) else {"json": comment() if sent is None else sent}
        return self.call("POST", "/v1/comments", key or self.sk, **body, **kwargs)

    def posted(self, **fields: Any) -> str:
        """Post a comment that is accepted; return its id."""
        response = self.post(comment(**fields))
        assert response.status_code == 202, response.text
        return str(response.json["id"])  # type: ignore[index]

    def read(self, comment_id: str) -> dict[str, Any]:
        """Return the comment as the website reads it."""
        response = self.call("GET", f"/v1/comments/{comment_id}", self.sk)
        assert response.status_code == 200, response.text
        return dict(response.json)  # type: ignore[arg-type]

    def judge(self, *ids: str) -> None:
        """Judge these comments, or all that wait."""
        screen(self.database, judge_with(), ids or self.waiting())
        self.forget_lists()

    def forget_lists(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Let the service forget the public lists that it keeps, as another process never knew them."""
        parts: Resources = self.app.extensions["moderation"]
        self.app.extensions["moderation"] = replace(parts, lists=ListCache(self.database, clock))

    def waiting(self) -> list[str]:
        """Return the ids of comments without a verdict."""
        with self.database.read() as session:
            return list(session.scalars(select(Comment.id).where(Comment.status == "received")))

    def count(self) -> int:
        """Return how many comments there are."""
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(Comment)) or 0

    def tighten(self, minutes: float = 10) -> None:
        """Let the site be flooded from now on."""
        now = utc_now()
        state = {"tightened_at": now, "tightened_until": now + timedelta(minutes=minutes), "usual": 0.0}
        with self.database.write() as session:
            session.merge(SiteState(site_id=self.site.id, **state))

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Judge comments as they come, like a worker."""
        is_over = threading.Event()

        def work() -> None:
            while not is_over.wait(0.01):
                self.judge()

        worker = threading.Thread(target=work)
        worker.start()
        try:
            yield
        finally:
            is_over.set()
            worker.join()


@contextmanager
def running(url: str, **settings: Any) -> Iterator[Service]:
    """Start a service on a migrated database."""
    given = {"secret_key": SECRET, "base_url": BASE_URL, "redis_url": NO_REDIS, "data_dir": Path("/nonexistent")}
    rung: list[tuple[str, list[str]]] = []
    app = create_app(
        Settings(**(given | {"database_url": url} | settings)), publish=lambda name, ids: rung.append((name, ids))
    )
    check_answers(app)
    resources: Resources = app.extensions["moderation"]
    now = utc_now()
    try:
        with resources.database.write() as session:
            site = add_site(session, resources.keyed, "News", "news.example.com", now)
            other = add_site(session, resources.keyed, "Weather", "weather.example.org", now)
            moderator = add_moderator(session, resources.keyed, "Night shift", [site.id], now).token
            admin = add_key(session, resources.keyed, Kind.ADMIN, now, name="Operator").token
        yield Service(app, resources.database, site, other, moderator, admin, rung)
    finally:
        resources.doorbell.stop()
        resources.notes.stop()
        resources.database.close()


def check_answers(app: Flask) -> None:
    """Let every client of the application hold its answers against the document."""
    app.testing = True
    app.test_client_class = CheckedClient
    app.extensions["contract"] = Contract(build(BASE_URL))
