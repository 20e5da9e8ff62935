"""The route of a post's comments, for everybody to read: browsers, caches in between and this process keep them."""

from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request

from api.callers import allow_pages_of
from api.limits import MAX_PAGE
from api.resources import resources
from moderation.errors import FieldError, InvalidInputError, NotFoundError
from moderation.list_cache import Answer
from moderation.public_list import Wanted

routes = Blueprint("posts", __name__)

_DEFAULT_LIMIT = "100"
# Seconds that others may keep it without asking, and for which they may show it while they ask.
_CACHING = "public, max-age=5, stale-while-revalidate=30"


@routes.get("/v1/posts/<anything:post_id>/comments")
def get_post_comments(post_id: str) -> Response:
    """Return the comments that are shown on a post, each under the one that it answers."""
    wanted = _wanted(post_id)
    answer = resources().lists.get(wanted)
    response = Response(answer.body, content_type="application/json")
    response.set_etag(answer.tag)
    response.headers["Cache-Control"] = _CACHING
    allow_pages_of(response, answer.domain)
    if answer.next_cursor:
        response.headers["Link"] = _link(wanted, answer)
    response.make_conditional(request.environ)
    return response


def _wanted(post_id: str) -> Wanted:
    site, cursor = request.args.get("site"), request.args.get("cursor")
    limit = request.args.get("limit", _DEFAULT_LIMIT)
    errors = []
    if site is None:
        errors.append(FieldError("site", "required"))
    if not (limit.isascii() and limit.isdigit() and len(limit) < 4 and 0 < int(limit) <= MAX_PAGE):  # noqa: PLR2004 - no int of a megabyte
        errors.append(FieldError("limit", "invalid"))
    if "\0" in (cursor or ""):
        errors.append(FieldError("cursor", "invalid_characters"))
    if errors:
        raise InvalidInputError(errors)
    if not str(site).isprintable():
        # No question to a database.
        raise NotFoundError(f"no site {site}")
    return Wanted(str(site), post_id, cursor, int(limit))


def _link(wanted: Wanted, answer: Answer) -> str:
    path = f"/v1/posts/{quote(wanted.post_id, safe='')}/comments"
    query = urlencode({"site": wanted.site_id, "limit": wanted.limit, "cursor": answer.next_cursor})
    return f'<{resources().base_url}{path}?{query}>; rel="next"'
