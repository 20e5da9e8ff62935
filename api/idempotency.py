"""The `Idempotency-Key` header: draft-ietf-httpapi-idempotency-key-header-07."""

from flask import request

from api.problems import ProblemError
from api.resources import resources
from moderation.idempotency import MAX_KEY_LENGTH, Once


def wanted_once(site_id: str, route: str) -> Once | None:
    """Return the client's wish that this request takes effect once, or None; raise ProblemError 400 for a bad key."""
    header = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if header is None:
        return None
    key = header.strip()
    # The draft quotes it (a structured field's string); clients of other services send it bare.
    if len(key) >= 2 and key[0] == key[-1] == '"':  # noqa: PLR2004 - a pair of quotes
        key = key[1:-1]
    if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise ProblemError(
            400, "Bad Request", f"Idempotency-Key takes 1 to {MAX_KEY_LENGTH} printable ASCII characters."
        )
    # Latin-1 gives every byte one character, so that different bodies have different fingerprints.
    content = f"{request.mimetype}\n" + request.get_data().decode("latin-1")
    return Once(site_id, route, key, resources().keyed.digest("idempotency", content))
