"""What `many` does to a database: whatever a comment, a page or a sweep asks of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event

from api.resources import Resources
from benchmarks.stored import HOT_POST, PER_POST
from moderation.clock import utc_now
from moderation.db import Database
from moderation.filters import BUILT_IN
from moderation.floods import watch
from moderation.learning.model import TextModel
from moderation.learning.toxic import ToxicModel
from moderation.list_cache import ListCache
from moderation.metrics.page import render
from moderation.public_list import Wanted
from moderation.retention import forget
from moderation.screening import Judge, screen
from moderation.sweeping import overdue_comments, overdue_deliveries
from moderation.tallies import fold
from moderation.teaching import sites_owing

_BATCH = 100


@dataclass
class Stored:
    """A database with so many comments, and the service on it."""

    comments: int
    database: Database
    app: Flask
    key: str
    site_id: str
    spent: float = 0.0
    posted: int = 0
    _began: list[float] = field(default_factory=list)

    def watch_statements(self) -> None:
        """Add up the time that the database takes."""
        event.listen(self.database.engine, "before_cursor_execute", lambda *_: self._began.append(time.perf_counter()))
        event.listen(self.database.engine, "after_cursor_execute", self._note)

    def _note(self, *_given: Any) -> None:
        self.spent += time.perf_counter() - self._began.pop()

    def call(self, method: str, path: str, status: int = 200, **kwargs: Any) -> Any:
        """Ask the service as the website."""
        headers = {"Authorization": f"Bearer {self.key}"} | kwargs.pop("headers", {})
        answer = self.app.test_client().open(path, method=method, headers=headers, **kwargs)
        assert answer.status_code == status, answer.get_data(as_text=True)[:500]
        return answer

    def new(self) -> dict[str, Any]:
        """Return a comment to post: by somebody known, on the busiest post or another, with a link now and then."""
        self.posted += 1
        number = self.comments - self.posted * 7 % 5_000
        link = f" See https://example{number % 40}.com/a/{number}" if number % 5 == 0 else ""
        return {
            "name": f"Reader {number}",
            "email": f"reader{number}@example.com",
            "body": f"What the minister said about number {number * 31} is not what was in the paper then.{link}",
            "post_id": HOT_POST if number % 4 == 0 else str(self.comments // PER_POST - 2),
            "ip": f"10.{number % 200}.{number % 250}.7",
        }

    def post_batch(self) -> list[str]:
        """Post a batch; return its ids."""
        sent = {"comments": [self.new() for _ in range(_BATCH)]}
        return [one["id"] for one in self.call("POST", "/v1/comments/batch", json=sent).json["results"]]


# What is made ready beforehand, and what is timed.
Step = tuple[Callable[[Stored], Any], Callable[[Stored, Any], object]]


def steps() -> Mapping[str, Step]:
    """Return what is measured, by name."""
    model, toxic = TextModel.load(), ToxicModel.load()
    judge = Judge(BUILT_IN, lambda: model, load_toxic=lambda: toxic)
    return {
        "accept one": (_nothing, lambda one, _: one.call("POST", "/v1/comments", 202, json=one.new())),
        "accept 100": (_nothing, lambda one, _: one.post_batch()),
        "judge 100": (Stored.post_batch, lambda one, ids: screen(one.database, judge, ids)),
        "decide": (_held, _decide),
        "queue page": _page(lambda _: "status=held"),
        "page of approved, from the middle": _page(lambda one: f"status=approved&cursor={_middle(one)}"),
        "page of a post": _page(lambda _: "post_id=7"),
        "public list of a post, anew": _list("7"),
        "public list of the busiest post, anew": _list(HOT_POST),
        "its page in the middle, anew": _list(HOT_POST, _middle),
        "public list, 304": (_known, _again),
        "sweeps": (_nothing, lambda one, _: _sweep(one, model.version)),
        "retention, nothing due": (_nothing, _retain),
        "/metrics": (_nothing, _scrape),
    }


def _nothing(_: Stored) -> None:
    pass


def _middle(one: Stored) -> str:
    return f"cm_{one.comments // 2:026}"


def _page(query: Callable[[Stored], str]) -> Step:
    return _nothing, lambda one, _: one.call("GET", f"/v1/comments?{query(one)}")


def _list(post: str, cursor: Callable[[Stored], str | None] = _nothing) -> Step:
    return _nothing, lambda one, _: ListCache(one.database).get(Wanted(one.site_id, post, cursor(one), 100))


def _known(one: Stored) -> str:
    return str(one.call("GET", f"/v1/posts/{HOT_POST}/comments?site={one.site_id}").headers["ETag"])


def _again(one: Stored, tag: str) -> object:
    path = f"/v1/posts/{HOT_POST}/comments?site={one.site_id}"
    return one.call("GET", path, 304, headers={"If-None-Match": tag})


def _held(one: Stored) -> Any:
    return one.call("GET", "/v1/comments?status=held&limit=1").json["comments"][0]


def _decide(one: Stored, comment: Any) -> object:
    sent = {"action": "approve", "version": comment["version"]}
    return one.call("POST", f"/v1/comments/{comment['id']}/decision", json=sent)


def _sweep(one: Stored, base: str) -> None:
    now = utc_now()
    with one.database.write() as session:
        overdue_comments(session, now)
        overdue_deliveries(session, now)
        fold(session)
    watch(one.database, now)
    with one.database.read() as session:
        sites_owing(session, base)


def _retain(one: Stored, _: object) -> object:
    # Nothing was due a day ago.
    return forget(one.database, utc_now() - timedelta(days=1), ip_retention_days=30)


def _scrape(one: Stored, _: object) -> object:
    parts: Resources = one.app.extensions["moderation"]
    return render(parts.settings, one.database, utc_now())
