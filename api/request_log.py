"""One line of log per request, and the id that all lines of a request carry."""

import re
import time

import structlog
from flask import Response, g, request

from moderation.identity import new_id
from moderation.log import get_logger

log = get_logger(__name__)

REQUEST_ID = "X-Request-Id"
# What proxies make: a UUID, a trace id, nginx's $request_id. Nothing else gets into the log, no address least of all.
_TAKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PROBES = ("/livez", "/readyz", "/metrics")


def begin_request() -> None:
    """Note when the request began, and its id: the one that a proxy gave it, or a new one."""
    g.began = time.perf_counter()
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if _TAKEN.fullmatch(given) else new_id("rq")
    # A thread answers one request after the other.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def end_request(response: Response) -> Response:
    """Tell the client the id, and write the line."""
    if "request_id" in g:
        response.headers[REQUEST_ID] = g.request_id
    # The route and not the path: a path's token opens a comment.
    route = request.url_rule.rule if request.url_rule else None
    # Probes ask every few seconds, for ever.
    write = log.debug if route in _PROBES and response.status_code < 400 else log.info  # noqa: PLR2004 - HTTP's own
    write(
        "answered",
        method=request.method,
        route=route,
        comment=(request.view_args or {}).get("comment_id"),
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.began) * 1000, 1) if "began" in g else None,
    )
    return response
