"""The routes of a site's policy."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from api.bodies import read_json
from api.callers import MANAGERS, authorise, site_of
from api.limits import MAX_BATCH_BYTES
from api.resources import resources
from moderation.clock import utc_now
from moderation.policy import Policy, read_policy
from moderation.sites import policies_of, set_policy
from moderation.tables import Site

routes = Blueprint("policies", __name__)


@routes.get("/v1/policy")
def get_policy() -> Response:
    """Return the site's policy as it holds now."""
    with resources().database.read() as session:
        site_id = site_of(session, authorise(session, *MANAGERS), request.args.get("site"))
        policy = policies_of(session, [site_id])[site_id]
    return jsonify(_document(site_id, policy))


@routes.put("/v1/policy")
def put_policy() -> Response:
    """Replace the site's policy; what is left out gets its default. Comments judged before keep their verdict."""
    parts = resources()
    with parts.database.read() as session:
        site_id = site_of(session, authorise(session, *MANAGERS), request.args.get("site"))
    sent = read_json(MAX_BATCH_BYTES)
    if isinstance(sent, dict):
        # What GET answered may be sent back.
        sent = {name: value for name, value in sent.items() if name not in ("site", "version")}
    wanted = read_policy(sent)
    with parts.database.write() as session:
        # One at a time, so that two at once make two versions. Comments that come in meanwhile don't wait for it.
        session.get(Site, site_id, with_for_update={"key_share": True})
        policy = set_policy(session, site_id, wanted, utc_now())
    return jsonify(_document(site_id, policy))


def _document(site_id: str, policy: Policy) -> dict[str, Any]:
    return {"site": site_id, "version": policy.version, **policy.document()}
