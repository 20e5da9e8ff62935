"""The routes of webhooks that were sent or are to be: the log, replay, samples, new secrets."""

from api.openapi.answers import answer, leads_to, named, refusals
from api.openapi.inputs import ACCEPT_LANGUAGE, SITE, Json, keys, path_parameter, query_parameter, ref
from api.openapi.manager_routes import MANAGERS
from api.openapi.shapes import COMMENT_ID, MOMENT, SITE_ID, TEXT, object_of, one_of, or_null
from moderation.deliveries.history import FINISHED, MOST_REPLAYED, STATES
from moderation.events import TEST_TYPE, TYPES

_TAG = "Deliveries"
_ID = path_parameter("delivery_id", "The delivery's id, the `webhook-id`.", "dl_01kb2v9w3x8e6m5n4p3q2r1s0t")
_ENDPOINT_ID = path_parameter("endpoint_id", "The endpoint's id.", "ep_01kb2v9w3x8e6m5n4p3q2r1s0t")
_REFUSED = ("Unauthorized", "Forbidden", "NotFound", "Away")
_REFUSED_BODY = ("BadRequest", *_REFUSED, "TooLarge", "UnsupportedType", "Invalid")
_STATES = one_of(
    STATES,
    "`pending` is owed; `delivered` was taken; `dead` is given up; `dropped` was overtaken before it was sent.",
)
_EVENT = one_of((*TYPES, TEST_TYPE))
_ENDPOINT: Json = {"type": "string", "pattern": "^ep_[0-9a-z]{26}$"}


def delivery_routes() -> dict[str, Json]:
    """Return the operations, by address."""
    return {
        "/v1/deliveries": {"get": _get_deliveries()},
        "/v1/deliveries/replay": {"post": _post_replays()},
        "/v1/deliveries/{delivery_id}": {"get": _get_delivery()},
        "/v1/deliveries/{delivery_id}/replay": {"post": _post_replay()},
        "/v1/endpoints/{endpoint_id}/rotate": {"post": _post_rotation()},
        "/v1/endpoints/{endpoint_id}/test": {"post": _post_test()},
    }


def delivery_schemas() -> dict[str, Json]:
    """Return the schemas, by name."""
    shown = {
        "id": {"type": "string", "pattern": "^dl_[0-9a-z]{26}$", "description": "The `webhook-id`, on every attempt."},
        "endpoint": _ENDPOINT,
        "site": SITE_ID,
        "event": {**_EVENT, "description": "What it tells of."},
        "comment": {**or_null(COMMENT_ID), "description": "Null where the event is about none."},
        "version": {"type": "integer", "minimum": 0, "description": "The comment's, as the event left it."},
        "state": _STATES,
        "attempts": {"type": "integer", "minimum": 0, "description": "How many there were, before replays too."},
        "created_at": MOMENT,
        "next_attempt_at": {**or_null(MOMENT), "description": "While it is `pending`."},
        "finished_at": or_null(MOMENT),
        "replayed_at": {**or_null(MOMENT), "description": "When it was last owed anew."},
        "last_error": {**or_null(TEXT), "description": "What went wrong last, or why it was dropped."},
    }
    attempt = {
        "number": {"type": "integer", "minimum": 1},
        "started_at": MOMENT,
        "seconds": {"type": "number", "minimum": 0},
        "status": {"type": ["integer", "null"], "description": "The HTTP status; null where nothing came back."},
        "answer": {**or_null(TEXT), "description": "The first 500 characters of what came back."},
        "error": or_null(TEXT),
    }
    filters = {
        "site": {"type": ["string", "null"], "description": "Only those of this site."},
        "endpoint": or_null(TEXT),
        "event": {"type": ["string", "null"], "enum": [*TYPES, TEST_TYPE, None]},
        "comment": or_null(TEXT),
        "state": {"type": ["string", "null"], "enum": [*FINISHED, None], "default": "dead"},
        "since": {**or_null(MOMENT), "description": "Made then or later. ISO 8601."},
        "until": {**or_null(MOMENT), "description": "Made before then. ISO 8601."},
    }
    counted = {
        "replayed": {"type": "integer", "minimum": 0, "maximum": MOST_REPLAYED},
        "more": {"type": "boolean", "description": "There are more that match: call again."},
    }
    return {
        "Delivery": object_of(shown, text="An event that is owed to an endpoint, or was."),
        "Attempt": object_of(attempt, text="One try of a delivery."),
        "DeliveryWithLog": object_of({**shown, "log": {"type": "array", "items": ref("schemas", "Attempt")}}),
        "DeliveryPage": object_of(
            {"deliveries": {"type": "array", "items": ref("schemas", "Delivery")}, "next_cursor": or_null(TEXT)}
        ),
        "Replay": object_of(filters, required=[], text="Which deliveries: all of what is given holds for them."),
        "Replayed": object_of(counted),
    }


def _get_deliveries() -> Json:
    return {
        "operationId": "getDeliveries",
        "tags": [_TAG],
        "summary": "Read the log of deliveries",
        "description": "Those of all sites of the key, or of one; newest first.",
        "security": keys(MANAGERS),
        "parameters": [
            {**SITE, "description": "Only those of this site."},
            query_parameter("endpoint", "Only those to this endpoint."),
            query_parameter("event", "Only those that tell of such an event.", _EVENT),
            query_parameter("comment", "Only those about this comment."),
            query_parameter("state", "Only those that stand so.", _STATES),
            query_parameter("since", "Only those made then or later (ISO 8601).", MOMENT),
            query_parameter("until", "Only those made before then (ISO 8601).", MOMENT),
            query_parameter("cursor", "Where to go on: `next_cursor` of the page before."),
            query_parameter("limit", "How many.", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
            ACCEPT_LANGUAGE,
        ],
        "responses": {
            "200": answer("Deliveries.", named("DeliveryPage"), maybe=("Link",)),
            **refusals(*_REFUSED, "Invalid"),
        },
    }


def _get_delivery() -> Json:
    return {
        "operationId": "getDelivery",
        "tags": [_TAG],
        "summary": "Read a delivery with every attempt",
        "security": keys(MANAGERS),
        "parameters": [_ID],
        "responses": {"200": answer("The delivery.", named("DeliveryWithLog")), **refusals(*_REFUSED)},
    }


def _post_replay() -> Json:
    return {
        "operationId": "postReplay",
        "tags": [_TAG],
        "summary": "Send a delivery again",
        "description": "Under the same `webhook-id`. One that is `pending` stays as it is.",
        "security": keys(MANAGERS),
        "parameters": [_ID],
        "responses": {"202": answer("It is owed anew.", named("DeliveryWithLog")), **refusals(*_REFUSED)},
    }


def _post_replays() -> Json:
    return {
        "operationId": "postReplays",
        "tags": [_TAG],
        "summary": "Send all deliveries again that match",
        "description": f"Oldest first, {MOST_REPLAYED:,} at most; dead letters where no `state` is given.",
        "security": keys(MANAGERS),
        "parameters": [ACCEPT_LANGUAGE],
        "requestBody": {
            "required": True,
            "content": named("Replay", {"event": "comment.held", "since": "2026-11-22T10:00:00Z"}),
        },
        "responses": {
            "202": answer("They are owed anew.", named("Replayed", {"replayed": 12, "more": False})),
            **refusals(*_REFUSED_BODY),
        },
    }


def _post_rotation() -> Json:
    return {
        "operationId": "postRotation",
        "tags": [_TAG],
        "summary": "Give an endpoint a new secret",
        "description": "For 24 hours messages are signed with both; a second rotation ends the first secret at once.",
        "security": keys(MANAGERS),
        "parameters": [_ENDPOINT_ID],
        "responses": {
            "200": answer("The endpoint, with its new secret.", named("EndpointWithSecret")),
            **refusals(*_REFUSED),
        },
    }


def _post_test() -> Json:
    return {
        "operationId": "postTest",
        "tags": [_TAG],
        "summary": "Send an endpoint a sample",
        "description": f"A signed message of type `{TEST_TYPE}`; what came of it stands in the delivery.",
        "security": keys(MANAGERS),
        "parameters": [_ENDPOINT_ID],
        "responses": {
            "202": answer("It is on its way.", named("DeliveryWithLog"))
            | leads_to("delivery_id", "getDelivery", "postReplay"),
            **refusals(*_REFUSED),
        },
    }
