"""The route of a decision."""

from flask import Blueprint, Response, jsonify

from api.bodies import read_json
from api.callers import authorise
from api.resources import resources
from moderation.clock import utc_now
from moderation.decisions import decide, read_decision
from moderation.keys import Kind
from moderation.reading import read_comment

routes = Blueprint("decisions", __name__)


@routes.post("/v1/comments/<comment_id>/decision")
def post_decision(comment_id: str) -> Response:
    """Decide about a comment, as it was seen; answer with the comment as it is now."""
    parts = resources()
    with parts.database.read() as session:
        caller = authorise(session, Kind.MODERATOR, Kind.SITE)
    decision = read_decision(read_json())
    with parts.database.write() as session:
        owed = decide(session, caller, comment_id, decision, utc_now())
        document = read_comment(session, caller, comment_id)
    parts.doorbell.ring(deliveries=owed, sites=[document["site"]])
    return jsonify(document)
