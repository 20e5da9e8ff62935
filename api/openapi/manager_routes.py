"""The routes of those who run a site, as the document describes them: its webhook endpoints and its policy."""

from api.limits import MAX_BATCH_BYTES
from api.openapi.answers import answer, leads_to, named, refusals
from api.openapi.inputs import ACCEPT_LANGUAGE, SITE, Json, keys, path_parameter
from moderation.endpoints import DEFAULT_EVENTS
from moderation.keys import Kind

MANAGERS = (Kind.MODERATOR, Kind.ADMIN)
_TAG_ENDPOINTS = "Endpoints"
_TAG_POLICY = "Policy"
_ID = path_parameter("endpoint_id", "The endpoint's id.", "ep_01kb2v9w3x8e6m5n4p3q2r1s0t")
_REFUSED_BODY = (
    "BadRequest",
    "Unauthorized",
    "Forbidden",
    "NotFound",
    "TooSlow",
    "TooLarge",
    "UnsupportedType",
    "Invalid",
    "Away",
)
_REFUSED = ("Unauthorized", "Forbidden", "NotFound", "Away")


def manager_routes() -> dict[str, Json]:
    """Return the operations, by address."""
    return {
        "/v1/endpoints": {"get": _get_endpoints(), "post": _post_endpoint()},
        "/v1/endpoints/{endpoint_id}": {
            "get": _get_endpoint(),
            "patch": _patch_endpoint(),
            "delete": _delete_endpoint(),
        },
        "/v1/policy": {"get": _get_policy(), "put": _put_policy()},
    }


def _get_endpoints() -> Json:
    return {
        "operationId": "getEndpoints",
        "tags": [_TAG_ENDPOINTS],
        "summary": "List webhook endpoints",
        "description": "Those of all sites of the key, or of one.",
        "security": keys(MANAGERS),
        "parameters": [{**SITE, "description": "Only those of this site."}],
        "responses": {"200": answer("The endpoints, oldest first.", named("EndpointList")), **refusals(*_REFUSED)},
    }


def _post_endpoint() -> Json:
    example = {"url": "https://news.example.com/hooks/comments", "events": list(DEFAULT_EVENTS["website"])}
    return {
        "operationId": "postEndpoint",
        "tags": [_TAG_ENDPOINTS],
        "summary": "Make a webhook endpoint",
        "description": "The answer shows the secret that its messages are signed with, this once.",
        "security": keys(MANAGERS),
        "parameters": [ACCEPT_LANGUAGE],
        "requestBody": {"required": True, "content": named("NewEndpoint", example)},
        "responses": {
            "201": answer("The endpoint, with its secret.", named("EndpointWithSecret"), always=("Location",))
            | leads_to("endpoint_id", "getEndpoint", "patchEndpoint", "deleteEndpoint", "postRotation", "postTest"),
            **refusals(*_REFUSED_BODY),
        },
    }


def _get_endpoint() -> Json:
    return {
        "operationId": "getEndpoint",
        "tags": [_TAG_ENDPOINTS],
        "summary": "Read a webhook endpoint",
        "security": keys(MANAGERS),
        "parameters": [_ID],
        "responses": {"200": answer("The endpoint.", named("Endpoint")), **refusals(*_REFUSED)},
    }


def _patch_endpoint() -> Json:
    return {
        "operationId": "patchEndpoint",
        "tags": [_TAG_ENDPOINTS],
        "summary": "Change a webhook endpoint",
        "security": keys(MANAGERS),
        "parameters": [_ID, ACCEPT_LANGUAGE],
        "requestBody": {"required": True, "content": named("EndpointChange", {"enabled": False})},
        "responses": {"200": answer("The endpoint as it is now.", named("Endpoint")), **refusals(*_REFUSED_BODY)},
    }


def _delete_endpoint() -> Json:
    return {
        "operationId": "deleteEndpoint",
        "tags": [_TAG_ENDPOINTS],
        "summary": "Delete a webhook endpoint",
        "description": "What it is still owed is not sent.",
        "security": keys(MANAGERS),
        "parameters": [_ID],
        "responses": {"204": answer("It is gone."), **refusals(*_REFUSED)},
    }


def _get_policy() -> Json:
    return {
        "operationId": "getPolicy",
        "tags": [_TAG_POLICY],
        "summary": "Read a site's policy",
        "security": keys(MANAGERS),
        "parameters": [SITE],
        "responses": {
            "200": answer("The policy that holds now.", named("Policy")),
            **refusals(*_REFUSED, "Invalid"),
        },
    }


def _put_policy() -> Json:
    return {
        "operationId": "putPolicy",
        "tags": [_TAG_POLICY],
        "summary": "Replace a site's policy",
        "description": "It holds for comments judged from now on; earlier verdicts stay as they are. "
        f"At most {MAX_BATCH_BYTES // 1024**2} MiB.",
        "security": keys(MANAGERS),
        "parameters": [SITE, ACCEPT_LANGUAGE],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref_policy()}}},
        "responses": {
            "200": answer("The policy, with its new version.", named("Policy")),
            **refusals(*_REFUSED_BODY),
        },
    }


def _ref_policy() -> Json:
    return {"$ref": "#/components/schemas/NewPolicy"}
