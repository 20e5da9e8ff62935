"""The route of what readers are shown, as the document describes it, and the shape of its answer."""

from api.limits import MAX_PAGE
from api.openapi.answers import answer, named, refusals
from api.openapi.inputs import Json, path_parameter, query_parameter, ref
from api.openapi.shapes import COMMENT_ID, MOMENT, TEXT, object_of, or_null
from moderation.public_list import DEEPEST, MOST_COUNTED

_HEADERS = ("ETag", "Cache-Control")
_SITE = {**query_parameter("site", "The site's id."), "required": True}
_IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of what is known already.",
    "schema": {"type": "string"},
}


def post_routes() -> dict[str, Json]:
    """Return the operations, by address."""
    return {"/v1/posts/{post_id}/comments": {"get": _get_post_comments()}}


def _get_post_comments() -> Json:
    return {
        "operationId": "getPostComments",
        "tags": ["Comments"],
        "summary": "List what readers are shown of a post",
        "description": "The approved comments, oldest first, each with its answers in `replies`. Pages of the site "
        "may ask from a browser. A change is seen within a second; caches in between may keep the answer for as long "
        "as `Cache-Control` says. All text is a stranger's: show it as text.",
        "security": [],
        "parameters": [
            path_parameter("post_id", "The website's id of the post, with a slash in it as `%2F` or as it is.", "8344"),
            _SITE,
            query_parameter("cursor", "Where the page starts."),
            query_parameter(
                "limit",
                "How many comments to a page.",
                {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 100},
            ),
            _IF_NONE_MATCH,
        ],
        "responses": {
            "200": answer("A page of comments.", named("PublicList"), always=_HEADERS, maybe=("Link",)),
            "304": answer("What is known already is right.", always=_HEADERS, maybe=("Link",)),
            **refusals("NotFound", "Invalid", "Away"),
        },
    }


def post_schemas() -> dict[str, Json]:
    """Return the schemas of what readers are shown, by name."""
    comments: Json = {"type": "array", "items": ref("schemas", "PublicComment")}
    parent = "The comment that it answers. Where that one was on a page before, this one stands at the top."
    return {
        "PublicList": object_of(
            {
                "post_id": TEXT,
                "count": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": MOST_COUNTED,
                    "description": f"How many there are on all pages, counted up to {MOST_COUNTED:,}.",
                },
                "comments": comments,
                "next_cursor": {**or_null(TEXT), "description": "Where the next page starts; null on the last one."},
            }
        ),
        "PublicComment": object_of(
            {
                "id": COMMENT_ID,
                "parent_id": {**or_null(COMMENT_ID), "description": parent},
                "name": TEXT,
                "website": {**or_null(TEXT), "description": "The author's, if it is one of `http` or `https`."},
                "body": TEXT,
                "language": or_null(TEXT),
                "submitted_at": or_null(MOMENT),
                "received_at": MOMENT,
                "replies": {
                    **comments,
                    "description": f"Oldest first. Beyond {DEEPEST} levels answers stand beside what they answer.",
                },
            },
            text="A comment as everybody may see it.",
        ),
    }
