"""What the service answers: headers, problems, and the form that every answer takes in the document."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.openapi.inputs import Json, ref

PROBLEM_TYPE = "application/problem+json"

HEADERS: Mapping[str, tuple[str, Json]] = {
    "Location": ("Where it can be read from now on.", {"type": "string", "format": "uri"}),
    "Retry-After": ("Seconds after which asking again makes sense.", {"type": "integer", "minimum": 0}),
    "RateLimit": ("The limit with the least left: how many, and seconds until it resets.", {"type": "string"}),
    "RateLimit-Policy": ("The limits that hold: how many in how many seconds.", {"type": "string"}),
    "Preference-Applied": ("How long was waited for at most (RFC 7240).", {"type": "string", "pattern": r"^wait=\d+$"}),
    "Link": ('The next page: `<…>; rel="next"`. Missing on the last one.', {"type": "string"}),
    "ETag": ("Changes with the answer; to be sent back as `If-None-Match`.", {"type": "string"}),
    "Cache-Control": ("For how many seconds it may be kept.", {"type": "string"}),
    "Content-Language": ("The language of the messages.", {"enum": ["en", "fa"]}),
    "WWW-Authenticate": ("How to say who you are.", {"type": "string"}),
    "Accept-Post": ("The content types that are read.", {"type": "string"}),
    "Accept-Encoding": ("The content codings that are read: none.", {"enum": ["identity"]}),
    "Allow": ("The methods that the address takes.", {"type": "string"}),
    "Content-Security-Policy": ("Nothing is loaded and nothing is run.", {"type": "string"}),
    "Access-Control-Allow-Origin": ("The page's origin, where it is one of a site.", {"type": "string"}),
    "Access-Control-Allow-Methods": ("What such a page may send.", {"type": "string"}),
    "Access-Control-Allow-Headers": ("The headers it may send.", {"type": "string"}),
    "Access-Control-Max-Age": ("Seconds for which a browser need not ask again.", {"type": "integer"}),
}

# Values of `type` beside about:blank, where the status alone does not say it.
PROBLEM_KINDS: Mapping[str, str] = {
    "invalid-input": "Fields need another look; `errors` has one entry for each.",
    "idempotency-key-reused": "The Idempotency-Key came before, with another body.",
    "in-progress": "The first request with this Idempotency-Key is still under way.",
    "too-many-requests": "A limit was reached; `RateLimit` says which, `Retry-After` for how long.",
    "changed": "The comment is no longer as the decision's `version` saw it.",
    "origin": "A public key was used on a page of another website.",
}

# name: (status, what it means, headers that always come with it)
_PROBLEMS: Mapping[str, tuple[int, str, tuple[str, ...]]] = {
    "BadRequest": (
        400,
        "The body is not valid JSON in UTF-8, or has the same key twice in an object; or a header is malformed.",
        (),
    ),
    "Unauthorized": (401, "There is no key, or it is not valid (any more).", ("WWW-Authenticate",)),
    "Forbidden": (403, "The key is of a kind that may not do this.", ()),
    "ForbiddenHere": (
        403,
        "The key is of a kind that may not do this; or, of type `origin`, a public key came from another website.",
        (),
    ),
    "NotFound": (404, "There is no such thing, or not among the sites of this key.", ()),
    "Changed": (409, "Someone was first: the comment has another `version` now.", ()),
    "InProgress": (409, "The first request with this `Idempotency-Key` is still under way.", ("Retry-After",)),
    "TooSlow": (408, "The body took longer than 15 seconds to arrive.", ()),
    "TooLarge": (413, "The body is larger than this route reads.", ()),
    "UnsupportedType": (415, "The body is of a type that is not read, or packed (`Content-Encoding`).", ()),
    "Invalid": (422, "Fields need another look: one entry in `errors` for each.", ("Content-Language",)),
    "InvalidOrReused": (
        422,
        "Fields need another look (see `errors`); or, of type `idempotency-key-reused`, the key had another body.",
        (),
    ),
    "TooMany": (429, "Too many comments for now.", ("Retry-After", "RateLimit", "RateLimit-Policy")),
    "Away": (
        503,
        "The database does not answer, or too much is being sent at once; nothing was stored. Try again.",
        ("Retry-After",),
    ),
}


def header_components() -> Json:
    """Return the headers of answers, by name."""
    return {name: {"description": text, "schema": schema} for name, (text, schema) in HEADERS.items()}


def problem_components() -> Json:
    """Return the answers that say no, by name."""
    return {
        name: answer(text, {PROBLEM_TYPE: {"schema": ref("schemas", "Problem")}}, always=headers, maybe=_maybe(name))
        for name, (_, text, headers) in _PROBLEMS.items()
    }


def _maybe(name: str) -> tuple[str, ...]:
    may = {"InvalidOrReused": ("Content-Language",), "UnsupportedType": ("Accept-Post", "Accept-Encoding")}
    return may.get(name, ())


def refusals(*names: str) -> Json:
    """Return the named problems as responses of an operation."""
    return {str(_PROBLEMS[name][0]): ref("responses", name) for name in names}


def answer(
    text: str, content: Json | None = None, *, always: Sequence[str] = (), maybe: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a response; `always` are headers it never lacks, `maybe` those it may carry."""
    headers = {name: _required(name) for name in always} | {name: ref("headers", name) for name in maybe}
    described: Json = {"description": text}
    if headers:
        described["headers"] = headers
    if content:
        described["content"] = content
    return described


def leads_to(parameter: str, *operations: str) -> Json:
    """Return what a response says of the operations that take its `id` as this parameter (OpenAPI's links)."""
    given = {parameter: "$response.body#/id"}
    return {"links": {name: {"operationId": name, "parameters": given} for name in operations}}


def _required(name: str) -> Json:
    text, schema = HEADERS[name]
    return {"description": text, "required": True, "schema": schema}


def json_content(schema: Json, example: Any = None) -> Json:
    """Return JSON content of this schema."""
    media: Json = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {"application/json": media}


def named(name: str, example: Any = None) -> Json:
    """Return JSON content of a named schema."""
    return json_content(ref("schemas", name), example)
