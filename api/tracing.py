"""A span for every request, where traces are wanted. What a client says of its own trace is not believed."""

from flask import Flask, Response, g, request

from moderation import traces

_PROBES = ("/livez", "/readyz", "/metrics")


def register(app: Flask) -> None:
    """Have every request of this application traced, but for probes."""
    app.before_request(_begin)
    app.after_request(_note)
    app.teardown_request(_end)


def _begin() -> None:
    # The route and not the path: a path's token opens a comment.
    route = request.url_rule.rule if request.url_rule else ""
    if route not in _PROBES:
        g.tracing = traces.span(f"{request.method} {route}".strip())
        g.span = g.tracing.__enter__()


def _note(response: Response) -> Response:
    if "span" in g:
        g.span.set_attribute("http.request.method", request.method)
        g.span.set_attribute("http.response.status_code", response.status_code)
        if request.url_rule:
            g.span.set_attribute("http.route", request.url_rule.rule)
    return response


def _end(_error: BaseException | None) -> None:
    if "tracing" in g:
        g.pop("tracing").__exit__(None, None, None)
