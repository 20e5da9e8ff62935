"""Put the application together. Nothing connects before the first request."""

import gc
from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.routing import BaseConverter

from api import (
    comments,
    decisions,
    deliveries,
    endpoints,
    forms,
    links,
    operations,
    policies,
    posts,
    problems,
    reference,
    tracing,
)
from api.answer import Answer, FastJSON
from api.callers import note_key
from api.doorbell import Doorbell, Publish, celery_publisher
from api.envelope import wrap
from api.front import MOST_ABREAST, Front
from api.limiting import make_limiter, show_limits
from api.preferences import WaitingRoom
from api.resources import Resources
from moderation import traces
from moderation.admission import Admissions
from moderation.broker import Backlog
from moderation.db import Database
from moderation.identity import Keyed
from moderation.key_use import KeyUse
from moderation.lifeline import die_with_parent
from moderation.list_cache import ListCache
from moderation.log import configure, get_logger
from moderation.outbound import Outbound
from moderation.processes import Presence
from moderation.replica import Replica
from moderation.settings import Settings
from moderation.tallies import Notes
from moderation.tasks import SCREEN_QUEUE

log = get_logger(__name__)

# Those of some ten requests.
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


def create_app(settings: Settings, publish: Publish | None = None) -> Flask:
    """Make the application that these settings describe; `publish` stands in for the broker."""
    app = _Quiet("api", template_folder="templates", static_folder=None)
    app.response_class = Answer
    app.json = FastJSON(app)
    app.json.ensure_ascii = False
    app.json.sort_keys = False
    # More than the threads that answer one by one: each lane has one.
    database = Database.of(settings, pool_size=settings.api_threads + len(MOST_ABREAST))
    keyed = Keyed(settings.secret(), settings.secret_key_previous)
    notes = Notes(database)
    replica = Replica.of(settings, pool_size=settings.api_threads)
    app.extensions["moderation"] = Resources(
        settings=settings,
        database=database,
        keyed=keyed,
        admissions=Admissions(database, keyed),
        outbound=Outbound(settings.outbound_allow),
        doorbell=_doorbell(settings, publish, notes),
        limiter=make_limiter(settings),
        key_use=KeyUse(),
        notes=notes,
        lists=ListCache(database, replica=replica),
        replica=replica,
    )
    app.url_map.converters["default"] = _Name
    app.url_map.converters["anything"] = _Anything
    # A POST does not survive most clients' redirects: an address is right or unknown.
    app.url_map.merge_slashes = False
    wrap(app, notes, settings.effective_base_url)
    if settings.traces:
        tracing.register(app)
    problems.register(app)
    app.register_blueprint(comments.blueprint(WaitingRoom(settings.api_threads // 2)))
    for module in (decisions, deliveries, endpoints, forms, links, policies, posts, operations, reference):
        app.register_blueprint(module.routes)
    app.after_request(show_limits)
    app.after_request(note_key)
    return app


def _doorbell(settings: Settings, publish: Publish | None, notes: Notes) -> Doorbell:
    if publish is not None:
        return Doorbell(publish, notes)
    return Doorbell(celery_publisher(settings), notes, Backlog(settings, SCREEN_QUEUE).is_there)


def _collect_less() -> None:
    """Look for cycles of garbage where there may be some: not in what was loaded for good, not after each request.

    A request makes a few thousand objects and hardly a cycle; collecting took 5 % of the processor's time (perf).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)


class _Quiet(Flask):
    """Leaves it to `problems` to log what fails inside."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: no route or hook of ours is a coroutine, so none is looked at with each request."""
        return func

    def log_exception(self, *_: object) -> None:
        """Log nothing: Flask would log the error's text, which may quote a comment."""


class _Name(BaseConverter):
    """A part of an address, without NUL: no id has one, and PostgreSQL takes none."""

    regex = r"[^/\x00]+"
    part_isolating = True


class _Anything(BaseConverter):
    """A part of an address in which a website has its own say: some name a post by its path."""

    regex = r"[^\x00]+"
    part_isolating = False


def serve() -> Front:
    """Make the application of a process and its front: settings from the environment, logs to standard error."""
    die_with_parent()
    settings = Settings.from_environment()
    configure(settings.log_level, "api")
    traces.start(settings, "api")
    if settings.proxy_hint:
        log.warning(settings.proxy_hint)
    app = create_app(settings)
    Presence(app.extensions["moderation"].database, settings.log_level, "api").start()
    _collect_less()
    return Front(app.wsgi_app, settings.api_threads, lane_of=comments.lane_of)
