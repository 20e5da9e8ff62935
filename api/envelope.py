"""What goes around every answer, whatever route it comes from and whether there is one: made here, once.

Its id, what it tells browsers, a line of log, and a count. It is done on the plain list of headers that WSGI has: what
followed the view was 22 % of accepting a comment through Flask's hooks and Werkzeug's headers, and is 10 % (cProfile).
"""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from flask import Flask

from api.safety import guards
from moderation.identity import new_id
from moderation.log import get_logger
from moderation.metrics.counted import REQUEST_SECONDS, REQUESTS
from moderation.tallies import Notes, Tally

log = get_logger(__name__)

_ID = "X-Request-Id"
# What proxies make: a UUID, a trace id, nginx's $request_id. Nothing else gets into the log, no address least of all.
_TAKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PROBES = ("/livez", "/readyz", "/metrics")
# Where a request notes the comment that it is about, and the site whose key it came with.
COMMENT, SITE = "moderation.comment", "moderation.site"

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Envelope:
    """An application of WSGI around another one."""

    def __init__(self, app: Application, notes: Notes, base_url: str) -> None:
        self._app = app
        self._notes = notes
        self._guards = guards(base_url)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        began = time.perf_counter()
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _TAKEN.fullmatch(given) else new_id("rq")
        # A thread answers one request after the other.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request_id)

        def start(status: str, headers: Headers, *rest: Any) -> Any:
            said = {name for name, _ in headers}
            headers += [one for one in self._guards if one[0] not in said]
            headers.append((_ID, request_id))
            self._note(environ, status[:3], time.perf_counter() - began)
            return start_response(status, headers, *rest)

        return self._app(environ, start)

    def _note(self, environ: Environ, status: str, seconds: float) -> None:
        # Where Flask keeps what it made of the request.
        asked: Any = environ.get("werkzeug.request")
        # Never the path: a path's token opens a comment.
        route = asked.url_rule.rule if asked is not None and asked.url_rule is not None else None
        method = environ["REQUEST_METHOD"]
        # Probes ask every few seconds, for ever.
        write = log.debug if route in _PROBES and status < "400" else log.info
        write(
            "answered",
            method=method,
            route=route,
            comment=environ.get(COMMENT) or (asked.view_args.get("comment_id") if route else None),
            site=environ.get(SITE),
            status=int(status),
            milliseconds=round(seconds * 1000, 1),
        )
        tally = Tally()
        # A method may be any word that a client makes up.
        tally.count(REQUESTS, method if route else "any", route or "none", status)
        tally.observe(REQUEST_SECONDS, seconds, route or "none")
        self._notes.note(tally)


def wrap(app: Flask, notes: Notes, base_url: str) -> None:
    """Put the envelope around everything that this application answers."""
    app.wsgi_app = Envelope(app.wsgi_app, notes, base_url)  # type: ignore[method-assign]
