"""Put the document together."""

from api.openapi.answers import header_components, problem_components
from api.openapi.comment_routes import comment_routes
from api.openapi.delivery_routes import delivery_routes, delivery_schemas
from api.openapi.inputs import Json, security_schemes
from api.openapi.link_routes import link_routes
from api.openapi.manager_routes import manager_routes
from api.openapi.ops_routes import ops_routes
from api.openapi.post_routes import post_routes, post_schemas
from api.openapi.setup_shapes import setup_schemas
from api.openapi.shapes import comment_schemas, judgement_schemas
from moderation import __version__

_ABOUT = """\
Comments are posted here, judged by a worker, and settled by the machine or by a moderator; webhooks tell of it.

Send a key as `Authorization: Bearer …`. JSON is UTF-8. An answer that says no is `application/problem+json` \
(RFC 9457), also for addresses (404) and methods (405, with `Allow`) that are not described here."""

_TAGS = {
    "Comments": "Posted, read, decided about.",
    "Links": "What the links in messages lead to: pages for moderators. The link is all that is asked for.",
    "Endpoints": "Addresses that hear of events, by signed webhooks (Standard Webhooks 1.0).",
    "Deliveries": "What was sent to endpoints, and what came back; once more, if wanted.",
    "Policy": "What signals weigh on a site, and how much is enough.",
    "Operations": "How the service is, for those who run it. No key is asked for.",
}


def build(base_url: str) -> Json:
    """Return the document of a service that is reached under this address."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {
            "title": "comment-moderation",
            "version": __version__,
            "summary": "Self-hosted, event-driven comment moderation.",
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": comment_routes() | post_routes() | link_routes() | manager_routes() | delivery_routes() | ops_routes(),
        "components": {
            "schemas": comment_schemas() | post_schemas() | judgement_schemas() | setup_schemas() | delivery_schemas(),
            "responses": problem_components(),
            "headers": header_components(),
            "securitySchemes": security_schemes(),
        },
    }
