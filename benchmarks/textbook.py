"""What accepting and judging are compared with: a bare Flask endpoint, the textbook way, and a task that does nothing.

The textbook way is what tutorials show: a request is one INSERT in a transaction of its own and one `.delay()`. It has
the same server, database driver and promise of durability as the service, and checks less.
"""

import os
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from celery import Celery
from flask import Flask, Response, jsonify, request
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

tasks = Celery("textbook", broker=os.environ.get("TEXTBOOK_BROKER", "memory://"))
tasks.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
    accept_content=["json"],
)


@tasks.task(name="nothing")  # type: ignore[untyped-decorator]
def nothing(_id: str) -> None:
    """Do nothing."""


@tasks.task(name="answer")  # type: ignore[untyped-decorator]
def answer(channel: str) -> None:
    """Say that the task was here."""
    import redis

    global _answers  # noqa: PLW0603 - one connection for the process
    if _answers is None:
        _answers = redis.Redis.from_url(os.environ["TEXTBOOK_BROKER"])
    _answers.rpush(channel, b"1")


_answers: Any = None


class Base(DeclarativeBase):
    """The tables."""


class Comment(Base):
    """A comment as the textbook keeps it."""

    __tablename__ = "textbook_comments"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    body: Mapped[str]
    post_id: Mapped[str]
    status: Mapped[str]
    received_at: Mapped[datetime]


def make_bare() -> Flask:
    """Return an endpoint that reads JSON and says 202."""
    app = Flask("bare")

    @app.post("/v1/comments")
    def post() -> Response:
        sent = request.get_json()
        made = jsonify({"id": str(len(sent["body"])), "status": "received"})
        made.status_code = 202
        return made

    return app


def make_textbook() -> Flask:
    """Return the textbook way, on the database that the environment names."""
    app = Flask("textbook")
    url = os.environ["TEXTBOOK_DATABASE"]
    is_sqlite = url.startswith("sqlite")
    engine = create_engine(url, pool_size=8, max_overflow=0, connect_args={"timeout": 15} if is_sqlite else {})
    if is_sqlite:
        event.listen(engine, "connect", _as_durable_as_the_service)

    @app.post("/v1/comments")
    def post() -> Response:
        sent = request.get_json()
        fields = {name: str(sent[name]) for name in ("name", "email", "body", "post_id")}
        comment_id = uuid4().hex
        with Session(engine) as session, session.begin():
            session.add(Comment(id=comment_id, status="received", received_at=datetime.now(UTC), **fields))
        nothing.delay(comment_id)
        made = jsonify({"id": comment_id, "status": "received"})
        made.status_code = 202
        return made

    return app


def make_tables(url: str) -> None:
    """Make the textbook's table."""
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()


def _as_durable_as_the_service(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
