"""The routes of webhook endpoints."""

from flask import Blueprint, Response, jsonify, request

from api.bodies import read_json
from api.callers import MANAGERS, authorise, site_of
from api.resources import resources
from moderation.clock import utc_now
from moderation.deliveries.history import read_delivery
from moderation.deliveries.samples import owe_sample
from moderation.endpoints import (
    add_endpoint,
    change_endpoint,
    check_url,
    describe,
    find_endpoint,
    list_endpoints,
    read_endpoint,
    rotate_secret,
)
from moderation.errors import FieldError, InvalidInputError
from moderation.keys import Caller, Kind

routes = Blueprint("endpoints", __name__)


@routes.get("/v1/endpoints")
def get_endpoints() -> Response:
    """List the endpoints of the caller's sites."""
    with resources().database.read() as session:
        caller = authorise(session, *MANAGERS)
        site = request.args.get("site")
        found = list_endpoints(session, frozenset([site_of(session, caller, site)]) if site else caller.site_ids)
    return jsonify({"endpoints": [describe(endpoint) for endpoint in found]})


def _check_url(caller: Caller, url: str | None) -> None:
    found = resources().settings
    has_services = bool(found.apprise_urls) and caller.kind is Kind.ADMIN
    check_url(resources().outbound, url, has_mail=bool(found.smtp_url), has_services=has_services)


@routes.post("/v1/endpoints")
def post_endpoint() -> Response:
    """Make an endpoint; the answer shows its secret this once."""
    parts = resources()
    with parts.database.read() as session:
        caller = authorise(session, *MANAGERS)
    sent = read_json()
    change = read_endpoint(sent, is_new=True)
    site = sent.get("site")
    if site is not None and not isinstance(site, str):
        raise InvalidInputError([FieldError("site", "wrong_type")])
    with parts.database.read() as session:
        site_id = site_of(session, caller, site)
    _check_url(caller, change.url)
    with parts.database.write() as session:
        endpoint = add_endpoint(session, site_id, change, utc_now())
    response = jsonify(describe(endpoint, parts.keyed))
    response.status_code = 201
    response.headers["Location"] = f"{parts.base_url}/v1/endpoints/{endpoint.id}"
    return response


@routes.get("/v1/endpoints/<endpoint_id>")
def get_endpoint(endpoint_id: str) -> Response:
    """Return one endpoint."""
    with resources().database.read() as session:
        return jsonify(describe(find_endpoint(session, authorise(session, *MANAGERS), endpoint_id)))


@routes.patch("/v1/endpoints/<endpoint_id>")
def patch_endpoint(endpoint_id: str) -> Response:
    """Change what is given of an endpoint."""
    parts = resources()
    with parts.database.read() as session:
        caller = authorise(session, *MANAGERS)
    change = read_endpoint(read_json(), is_new=False)
    _check_url(caller, change.url)
    with parts.database.write() as session:
        endpoint = find_endpoint(session, caller, endpoint_id)
        change_endpoint(endpoint, change)
    return jsonify(describe(endpoint))


@routes.delete("/v1/endpoints/<endpoint_id>")
def delete_endpoint(endpoint_id: str) -> Response:
    """Delete an endpoint; what it is still owed is not sent."""
    parts = resources()
    with parts.database.write() as session:
        caller = authorise(session, *MANAGERS)
        find_endpoint(session, caller, endpoint_id).deleted_at = utc_now()
    return Response(status=204)


@routes.post("/v1/endpoints/<endpoint_id>/rotate")
def post_rotation(endpoint_id: str) -> Response:
    """Give the endpoint a new secret, shown this once; for a day the one before signs too."""
    parts = resources()
    with parts.database.write() as session:
        endpoint = find_endpoint(session, authorise(session, *MANAGERS), endpoint_id)
        rotate_secret(endpoint, utc_now())
    return jsonify(describe(endpoint, parts.keyed))


@routes.post("/v1/endpoints/<endpoint_id>/test")
def post_test(endpoint_id: str) -> tuple[Response, int]:
    """Send the endpoint a sample; the delivery says what came of it."""
    parts = resources()
    with parts.database.write() as session:
        caller = authorise(session, *MANAGERS)
        owed = owe_sample(session, find_endpoint(session, caller, endpoint_id), utc_now())
    parts.doorbell.ring(deliveries=[owed])
    with parts.database.read() as session:
        return jsonify(read_delivery(session, caller, owed.delivery_id)), 202
