"""The routes that ask for no key, as the document describes them: how the service is, and the document itself."""

from api.openapi.answers import answer, json_content, named
from api.openapi.inputs import Json

_TAG = "Operations"
_METRICS = """# HELP moderation_waiting What waits, by kind; counted up to 100,000.
# TYPE moderation_waiting gauge
moderation_waiting{kind="received"} 3.0
"""


def ops_routes() -> dict[str, Json]:
    """Return the operations, by address."""
    return {
        "/livez": {
            "get": _get(
                "getLiveness", "Ask whether the process answers", {"200": answer("It does.", named("Liveness"))}
            )
        },
        "/readyz": {"get": _get_readiness()},
        "/metrics": {"get": _get_metrics()},
        "/openapi.json": {
            "get": _get(
                "getDocument", "Read this document", {"200": answer("OpenAPI 3.1.", json_content({"type": "object"}))}
            )
        },
        "/docs": {
            "get": _get(
                "getReference",
                "Read this document as a page",
                {
                    "200": answer(
                        "A page that needs nothing but itself.",
                        {"text/html": {"schema": {"type": "string"}}},
                        always=("Content-Security-Policy",),
                    )
                },
            )
        },
    }


def _get(name: str, summary: str, responses: Json, description: str = "") -> Json:
    operation: Json = {"operationId": name, "tags": [_TAG], "summary": summary}
    if description:
        operation["description"] = description
    return {**operation, "security": [], "responses": responses}


def _get_readiness() -> Json:
    well = {"status": "well", "seconds": 0.0004}
    unwell = {"status": "unwell", "detail": "no worker has consumed from this queue yet", "seconds": 0.0003}
    example = {"status": "not ready", "parts": {"database": well, "worker:screen": unwell}}
    return _get(
        "getReadiness",
        "Ask whether every part is well",
        {
            "200": answer("All of them are.", named("Readiness")),
            "503": answer("One or more are not; `parts` says which and why.", named("Readiness", example)),
        },
        "Database, migrations, Redis, broker, and a worker for every queue.",
    )


def _get_metrics() -> Json:
    text = {"text/plain": {"schema": {"type": "string"}, "example": _METRICS}}
    return _get(
        "getMetrics",
        "Read what Prometheus reads",
        {"200": answer("Prometheus' text format; `moderation_up` says what does not answer.", text)},
    )
