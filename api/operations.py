"""The routes of ops: is it alive, is it ready, and how is it doing."""

from flask import Blueprint, Response, jsonify

from api.resources import resources
from moderation.clock import utc_now
from moderation.health import Part, all_well, check
from moderation.metrics.page import render

routes = Blueprint("operations", __name__)


@routes.get("/livez")
def livez() -> Response:
    """Say that this process answers."""
    return jsonify({"status": "alive"})


@routes.get("/readyz")
def readyz() -> Response:
    """Look at every part that a comment needs; 503 while one is not well."""
    parts = check(resources().settings, resources().database)
    is_ready = all_well(parts)
    response = jsonify(
        {
            "status": "ready" if is_ready else "not ready",
            "parts": {part.name: _describe(part) for part in parts},
        }
    )
    response.status_code = 200 if is_ready else 503
    return response


def _describe(part: Part) -> dict[str, object]:
    seconds = round(part.seconds, 4)
    if part.is_well:
        return {"status": "well", "seconds": seconds}
    return {"status": "unwell", "detail": part.detail, "seconds": seconds}


@routes.get("/metrics")
def metrics() -> Response:
    """Return what Prometheus reads."""
    content = render(resources().settings, resources().database, utc_now(), resources().replica)
    return Response(content, content_type="text/plain; version=0.0.4; charset=utf-8")
