"""What the service takes beside a body: keys, parameters and headers of requests."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.preferences import MAX_WAIT_SECONDS
from moderation.idempotency import MAX_KEY_LENGTH
from moderation.keys import PREFIX_OF, Kind

Json = dict[str, Any]

# kind: (name in the document, whose it is)
_KEYS: Mapping[Kind, tuple[str, str]] = {
    Kind.SITE: ("siteKey", "A website's own server. Keep it secret."),
    Kind.PUBLIC: ("publicKey", "A form in a browser, on the site's own pages only (the `Origin` header is checked)."),
    Kind.MODERATOR: ("moderatorToken", "A moderator, for the sites they moderate."),
    Kind.ADMIN: ("adminToken", "The operator, for every site; calls about one site name it with `site`."),
}
AUTHOR_TOKEN = "authorToken"  # noqa: S105 - the name of a scheme


def ref(kind: str, name: str) -> Json:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def security_schemes() -> Json:
    """Return the kinds of key, by name."""
    bearers = {
        name: {"type": "http", "scheme": "bearer", "bearerFormat": f"{PREFIX_OF[kind]}_…", "description": text}
        for kind, (name, text) in _KEYS.items()
    }
    author = {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "A comment's author, by the `status_url` that a post with a public key was answered.",
    }
    return bearers | {AUTHOR_TOKEN: author}


def keys(kinds: Sequence[Kind], *, author: bool = False) -> list[Json]:
    """Return the kinds of key that open an operation, any one of them."""
    opened: list[Json] = [{_KEYS[kind][0]: []} for kind in kinds]
    return [*opened, {AUTHOR_TOKEN: []}] if author else opened


def path_parameter(name: str, text: str, example: str) -> Json:
    """Return a part of the address."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string"},
        "example": example,
    }


def query_parameter(name: str, text: str, schema: Json | None = None) -> Json:
    """Return something that may stand behind the question mark."""
    return {"name": name, "in": "query", "description": text, "schema": schema or {"type": "string"}}


SITE = query_parameter("site", "The site's id. Needed where the key opens more than one site.")

IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a repeated request take effect once: for a day it is answered as the first one was. "
    f"1 to {MAX_KEY_LENGTH} printable ASCII characters, bare or in double quotes.",
    "schema": {"type": "string", "pattern": f'^("[ -~]{{1,{MAX_KEY_LENGTH}}}"|[ -~]{{1,{MAX_KEY_LENGTH}}})$'},
}

PREFER: Json = {
    "name": "Prefer",
    "in": "header",
    "description": f"`wait=N` waits up to N seconds ({MAX_WAIT_SECONDS} at most) for the verdict (RFC 7240).",
    "schema": {"type": "string"},
}

ACCEPT_LANGUAGE: Json = {
    "name": "Accept-Language",
    "in": "header",
    "description": "The language of the messages in `errors`: `en` or `fa`.",
    "schema": {"type": "string"},
}
