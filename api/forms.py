"""The route of a reply form that is just shown."""

from flask import Blueprint, Response, jsonify

from api.callers import allow_origin, authorise, check_origin
from api.resources import resources
from moderation.clock import utc_now
from moderation.forms import new_form
from moderation.keys import Kind
from moderation.payload import moment
from moderation.submission import HONEYPOT

routes = Blueprint("forms", __name__)


@routes.get("/v1/form")
def get_form() -> Response:
    """Return a token that will say how long the form was open."""
    with resources().database.read() as session:
        caller = authorise(session, Kind.SITE, Kind.PUBLIC)
        check_origin(session, caller)
    form = new_form(resources().keyed, caller.site(), utc_now())
    response = jsonify({"token": form.token, "honeypot": HONEYPOT, "expires_at": moment(form.expires_at)})
    # A page kept by a cache would hand everybody the same.
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.after_request
def _share_with_pages(response: Response) -> Response:
    allow_origin(response)
    return response
