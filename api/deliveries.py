"""The routes of the log of deliveries, and of what is owed anew."""

from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from api.bodies import read_json
from api.callers import MANAGERS, authorise, site_of
from api.resources import resources
from moderation.clock import utc_now
from moderation.deliveries.history import (
    FINISHED,
    find_delivery,
    list_deliveries,
    owe_anew,
    read_delivery,
    read_wanted,
    replay,
)
from moderation.errors import FieldError, InvalidInputError
from moderation.events import Owed

routes = Blueprint("deliveries", __name__)

MAX_PAGE = 200


@routes.get("/v1/deliveries")
def get_deliveries() -> Response:
    """Return the deliveries of the caller's sites, newest first."""
    parts = resources()
    with parts.database.read() as session:
        caller = authorise(session, *MANAGERS)
        site = request.args.get("site")
        site_ids = frozenset([site_of(session, caller, site)]) if site is not None else caller.site_ids
    wanted = read_wanted(request.args)
    limit, cursor = request.args.get("limit", "50"), request.args.get("cursor")
    errors = []
    if not (limit.isascii() and limit.isdigit() and len(limit) < 4 and 0 < int(limit) <= MAX_PAGE):  # noqa: PLR2004 - no int of a megabyte
        errors.append(FieldError("limit", "invalid"))
    if "\0" in (cursor or ""):
        errors.append(FieldError("cursor", "invalid_characters"))
    if errors:
        raise InvalidInputError(errors)
    with parts.database.read() as session:
        page = parts.replica.read(
            session, lambda one: list_deliveries(one, site_ids, wanted, cursor=cursor, limit=int(limit))
        )
    response = jsonify({"deliveries": page.deliveries, "next_cursor": page.cursor})
    if page.cursor:
        query = urlencode({**request.args.to_dict(), "cursor": page.cursor})
        response.headers["Link"] = f'<{parts.base_url}/v1/deliveries?{query}>; rel="next"'
    return response


@routes.get("/v1/deliveries/<delivery_id>")
def get_delivery(delivery_id: str) -> Response:
    """Return a delivery with every attempt."""
    with resources().database.read() as session:
        return jsonify(read_delivery(session, authorise(session, *MANAGERS), delivery_id))


@routes.post("/v1/deliveries/<delivery_id>/replay")
def post_replay(delivery_id: str) -> tuple[Response, int]:
    """Owe a delivery anew; one that is owed still stays as it is."""
    parts = resources()
    with parts.database.write() as session:
        caller = authorise(session, *MANAGERS)
        owed = owe_anew(session, [find_delivery(session, caller, delivery_id).id], utc_now())
    parts.doorbell.ring(deliveries=owed)
    with parts.database.read() as session:
        return jsonify(read_delivery(session, caller, delivery_id)), 202


@routes.post("/v1/deliveries/replay")
def post_replays() -> tuple[Response, int]:
    """Owe all deliveries anew that match."""
    parts = resources()
    with parts.database.read() as session:
        caller = authorise(session, *MANAGERS)
    sent = read_json()
    if not isinstance(sent, dict):
        raise InvalidInputError([FieldError("", "wrong_type")])
    site = sent.get("site")
    if site is not None and not isinstance(site, str):
        raise InvalidInputError([FieldError("site", "wrong_type")])
    wanted = read_wanted(sent, FINISHED, "dead")
    with parts.database.read() as session:
        site_ids = frozenset([site_of(session, caller, site)]) if site is not None else caller.site_ids
    with parts.database.write() as session:
        done = replay(session, site_ids, wanted, utc_now())
    # One per endpoint: what else it is owed goes along.
    parts.doorbell.ring(deliveries=_first_of_each(done.owed))
    return jsonify({"replayed": done.count, "more": done.is_more}), 202


def _first_of_each(owed: list[Owed]) -> list[Owed]:
    return list({one.endpoint_id: one for one in reversed(owed)}.values())
