"""The route of a reply form that is just shown."""

from typing import Any

from flask import Blueprint, Response, jsonify

from api.callers import admit, allow_origin, check_origin
from api.resources import resources
from moderation.clock import utc_now
from moderation.form_work import ALGORITHM, BITS
from moderation.forms import new_form
from moderation.keys import Kind
from moderation.payload import moment
from moderation.submission import HONEYPOT

routes = Blueprint("forms", __name__)


@routes.get("/v1/form")
def get_form() -> Response:
    """Return a token that will say how long the form was open; of a flooded site also the work to be done for it."""
    admission = admit(Kind.SITE, Kind.PUBLIC)
    check_origin(admission.caller)
    form = new_form(resources().keyed, admission.caller.site(), utc_now())
    document: dict[str, Any] = {"token": form.token, "honeypot": HONEYPOT, "expires_at": moment(form.expires_at)}
    if admission.is_in_flood:
        document["work"] = {"algorithm": ALGORITHM, "challenge": form.token, "bits": BITS}
    response = jsonify(document)
    # A page kept by a cache would hand everybody the same.
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.after_request
def _share_with_pages(response: Response) -> Response:
    allow_origin(response)
    return response
