"""The page behind the links in messages, as the document describes it."""

from api.openapi.answers import answer, refusals
from api.openapi.inputs import Json, path_parameter, query_parameter
from moderation.messages import LANGUAGES

_HTML: Json = {"text/html": {"schema": {"type": "string"}}}
_PAGE = ("Content-Language", "Content-Security-Policy")
_PARAMETERS = [
    path_parameter(
        "token",
        "What the link is for, sealed.",
        "a2.01kb2v9w3x8e6m5n4p3q2r1s0t.01kb2v9w3x8e6m5n4p3q2r1s0v.1795946400.264974sng3ynrzq2vtd3da3gqn",
    ),
    query_parameter("lang", "The page's language, before `Accept-Language`.", {"enum": list(LANGUAGES)}),
]


def link_routes() -> dict[str, Json]:
    """Return the operations, by address."""
    return {"/m/{token}": {"get": _get_link(), "post": _post_link()}}


def _pages() -> Json:
    return {
        "404": answer("It is no link of this service.", _HTML, always=_PAGE),
        "410": answer("Its time is over, its endpoint was removed, or the comment was erased.", _HTML, always=_PAGE),
        "429": answer("Too many requests from this address.", _HTML, always=(*_PAGE, "Retry-After")),
        **refusals("Away"),
    }


def _get_link() -> Json:
    return {
        "operationId": "getLink",
        "tags": ["Links"],
        "summary": "Look at what a link in a message is for",
        "description": "A page that shows the comment, why it was held, and one button; or what became of it. Nothing "
        "changes, whoever fetches it.",
        "security": [],
        "parameters": _PARAMETERS,
        "responses": {"200": answer("The page.", _HTML, always=_PAGE), **_pages()},
    }


def _post_link() -> Json:
    return {
        "operationId": "postLink",
        "tags": ["Links"],
        "summary": "Do what a link in a message is for",
        "description": "Works once, for that action on that version of that comment, for seven days. The decision says "
        "which endpoint the link was sent to.",
        "security": [],
        "parameters": _PARAMETERS,
        "responses": {
            "303": answer("It is done; the page says so.", always=("Location",)),
            "409": answer("Somebody decided before, or the comment has changed.", _HTML, always=_PAGE),
            **_pages(),
        },
    }
