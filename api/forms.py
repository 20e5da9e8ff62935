"""The route of a reply form that is just shown."""

from typing import Any

from flask import Blueprint, Response, jsonify

from api.callers import allow_origin, authorise, check_origin
from api.limiting import is_tightened
from api.resources import resources
from moderation.clock import utc_now
from moderation.form_work import ALGORITHM, BITS
from moderation.forms import new_form
from moderation.keys import Kind
from moderation.payload import moment
from moderation.sites import policies_of
from moderation.submission import HONEYPOT

routes = Blueprint("forms", __name__)


@routes.get("/v1/form")
def get_form() -> Response:
    """Return a token that will say how long the form was open; of a flooded site also the work to be done for it."""
    with resources().database.read() as session:
        caller = authorise(session, Kind.SITE, Kind.PUBLIC)
        check_origin(session, caller)
        is_in_flood = is_tightened(session, caller, policies_of(session, [caller.site()])[caller.site()])
    form = new_form(resources().keyed, caller.site(), utc_now())
    document: dict[str, Any] = {"token": form.token, "honeypot": HONEYPOT, "expires_at": moment(form.expires_at)}
    if is_in_flood:
        document["work"] = {"algorithm": ALGORITHM, "challenge": form.token, "bits": BITS}
    response = jsonify(document)
    # A page kept by a cache would hand everybody the same.
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.after_request
def _share_with_pages(response: Response) -> Response:
    allow_origin(response)
    return response
