"""The routes of comments as the document describes them: posted, posted in batches, read, decided about."""

from api.limits import MAX_BATCH, MAX_BATCH_BYTES, MAX_BYTES, MAX_PAGE
from api.openapi.answers import answer, json_content, leads_to, named, refusals
from api.openapi.inputs import (
    ACCEPT_LANGUAGE,
    IDEMPOTENCY_KEY,
    PREFER,
    SITE,
    Json,
    keys,
    path_parameter,
    query_parameter,
    ref,
)
from api.openapi.shapes import STATUSES, one_of
from moderation.keys import Kind
from moderation.submission import HONEYPOT

READERS = (Kind.SITE, Kind.MODERATOR, Kind.ADMIN)
_TAG = "Comments"
_ID = path_parameter("comment_id", "The comment's id.", "cm_01kb2v9w3x8e6m5n4p3q2r1s0t")
_STATUS_URL = "https://moderation.example.com/v1/comments/cm_01kb2v9w3x8e6m5n4p3q2r1s0t"
_COMMENT = {
    "name": "Sara",
    "email": "sara@example.com",
    "body": "Thank you for this report. سپاس از گزارش خوبتان!",
    "post_id": "8344",
    "post_url": "https://news.example.com/8344",
    "language": "fa",
    "ip": "203.0.113.7",
}
_FORM = {"author": "Sara", "email": "sara@example.com", "comment": "Thank you.", "comment_post_ID": "8344"}
_ACCEPTED = {"id": _STATUS_URL[-29:], "status": "received", "status_url": _STATUS_URL}


def comment_routes() -> dict[str, Json]:
    """Return the operations, by address."""
    return {
        "/v1/comments": {"post": _post_comment(), "get": _get_comments(), "options": _preflight("Comment")},
        "/v1/comments/batch": {"post": _post_batch()},
        "/v1/form": {"get": _get_form(), "options": _preflight("Form")},
        "/v1/comments/{comment_id}": {"get": _get_comment()},
        "/v1/comments/{comment_id}/decision": {"post": _post_decision()},
    }


def _post_comment() -> Json:
    both = {"anyOf": [ref("schemas", "Comment"), ref("schemas", "AuthorView")]}
    return {
        "operationId": "postComment",
        "tags": [_TAG],
        "summary": "Post a comment",
        "description": "It is stored before the answer says so; a worker judges it a moment later. With a public key "
        f"the visitor's address is the connection's, whatever the body says. At most {MAX_BYTES // 1024} KiB.",
        "security": keys((Kind.SITE, Kind.PUBLIC)),
        "parameters": [IDEMPOTENCY_KEY, PREFER, ACCEPT_LANGUAGE],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": ref("schemas", "NewComment"), "example": _COMMENT},
                "application/x-www-form-urlencoded": {"schema": ref("schemas", "NewCommentForm"), "example": _FORM},
            },
        },
        "responses": {
            "200": answer(
                "The verdict came while `Prefer: wait` lasted. A public key is told what the author may know.",
                json_content(both),
                always=("Location", "Preference-Applied"),
                maybe=("RateLimit", "RateLimit-Policy"),
            ),
            "202": answer(
                "The comment is stored and will be judged. With a public key, `status_url` carries the author's token.",
                named("Accepted", _ACCEPTED),
                always=("Location", "Retry-After"),
                maybe=("RateLimit", "RateLimit-Policy"),
            )
            | leads_to("comment_id", "getComment", "postDecision"),
            **refusals(
                "BadRequest",
                "Unauthorized",
                "ForbiddenHere",
                "InProgress",
                "TooSlow",
                "TooLarge",
                "UnsupportedType",
                "InvalidOrReused",
                "TooMany",
                "Away",
            ),
        },
    }


def _get_form() -> Json:
    example = {
        "token": "1795298400000.u0cTgV7QJZtVvD0r9m3b1v3gW0f0oYp3m2h8C1xk2sM",
        "honeypot": HONEYPOT,
        "expires_at": "2026-11-22T22:00:00Z",
    }
    return {
        "operationId": "getForm",
        "tags": [_TAG],
        "summary": "Get a token for a reply form that is shown",
        "description": "Sent back with the comment it says how long the form was open. It is not needed, and a bad one "
        "is no reason to refuse a comment: it is one more sign among others.",
        "security": keys((Kind.SITE, Kind.PUBLIC)),
        "responses": {
            "200": answer("The token, and the name of the field to hide.", named("Form", example)),
            **refusals("Unauthorized", "ForbiddenHere", "Away"),
        },
    }


def _preflight(name: str) -> Json:
    return {
        "operationId": f"preflight{name}",
        "tags": [_TAG],
        "summary": "Let a page's form ask whether it may post",
        "description": "Browsers send this by themselves (CORS). Pages of a site's own domain may then post, and read "
        "every answer about comments.",
        "security": [],
        "responses": {
            "200": answer(
                "The methods that the address takes.",
                always=("Allow",),
                maybe=(
                    "Access-Control-Allow-Origin",
                    "Access-Control-Allow-Methods",
                    "Access-Control-Allow-Headers",
                    "Access-Control-Max-Age",
                ),
            )
        },
    }


def _post_batch() -> Json:
    results = {
        "results": [
            {"status": 202, "id": _ACCEPTED["id"], "status_url": _STATUS_URL},
            {
                "status": 422,
                "errors": [
                    {"field": "email", "code": "required", "message": "Please enter your email address."},
                ],
            },
        ]
    }
    return {
        "operationId": "postComments",
        "tags": [_TAG],
        "summary": "Post many comments at once",
        "description": f"Up to {MAX_BATCH} comments and {MAX_BATCH_BYTES // 1024**2} MiB, stored in one transaction. "
        "One that is not right spoils none of the others.",
        "security": keys((Kind.SITE,)),
        "parameters": [IDEMPOTENCY_KEY, ACCEPT_LANGUAGE],
        "requestBody": {
            "required": True,
            "content": named("NewComments", {"comments": [_COMMENT, {"name": "Ali", "body": "Hi", "post_id": 8344}]}),
        },
        "responses": {
            "200": answer("One result for each, in order.", named("BatchResults", results)),
            **refusals(
                "BadRequest",
                "Unauthorized",
                "Forbidden",
                "InProgress",
                "TooSlow",
                "TooLarge",
                "UnsupportedType",
                "InvalidOrReused",
                "TooMany",
                "Away",
            ),
        },
    }


def _get_comment() -> Json:
    both = {"anyOf": [ref("schemas", "Comment"), ref("schemas", "AuthorView")]}
    return {
        "operationId": "getComment",
        "tags": [_TAG],
        "summary": "Read a comment, its verdict and its decision",
        "description": "With `?token=` instead of a key the comment's author reads how it stands, and no more.",
        "security": keys(READERS, author=True),
        "parameters": [_ID],
        "responses": {
            "200": answer("The comment; to its author `id`, `status` and `reason`.", json_content(both)),
            **refusals("Unauthorized", "Forbidden", "NotFound", "Away"),
        },
    }


def _get_comments() -> Json:
    return {
        "operationId": "getComments",
        "tags": [_TAG],
        "summary": "List a site's comments, newest first",
        "description": "Follow `Link` or send `next_cursor` as `cursor` until there is none. There are no totals.",
        "security": keys(READERS),
        "parameters": [
            SITE,
            query_parameter("status", "Only those of this status.", one_of(STATUSES)),
            query_parameter("post_id", "Only those on this post."),
            query_parameter("campaign", "Only near-copies of each other: the `campaign` of one of them."),
            query_parameter(
                "shadow",
                "`differs`: only those whose verdict would be another if what is in the shadow had a say.",
                one_of(("differs",)),
            ),
            query_parameter("cursor", "Where the page starts."),
            query_parameter(
                "limit",
                "How many to a page.",
                {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50},
            ),
        ],
        "responses": {
            "200": answer("A page of comments.", named("CommentPage"), maybe=("Link",)),
            **refusals("Unauthorized", "Forbidden", "NotFound", "Invalid", "Away"),
        },
    }


def _post_decision() -> Json:
    return {
        "operationId": "postDecision",
        "tags": [_TAG],
        "summary": "Decide about a comment",
        "description": "A person's word outranks the machine's, and a new decision undoes an old one. `version` is the "
        "one you saw: who decides second is told so instead of overruling unawares.",
        "security": keys((Kind.MODERATOR, Kind.SITE)),
        "parameters": [_ID, ACCEPT_LANGUAGE],
        "requestBody": {
            "required": True,
            "content": named("NewDecision", {"action": "approve", "version": 2, "reason": "A fair point."}),
        },
        "responses": {
            "200": answer("The comment as it is now.", named("Comment")),
            **refusals(
                "BadRequest",
                "Unauthorized",
                "Forbidden",
                "NotFound",
                "Changed",
                "TooSlow",
                "TooLarge",
                "UnsupportedType",
                "Invalid",
                "Away",
            ),
        },
    }
