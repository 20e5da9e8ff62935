"""Read what a client sent: JSON or a form, strictly, with a clear answer to anything else."""

import json
from typing import Any
from urllib.parse import parse_qsl

from flask import request

from api.arrival import too_large
from api.limits import MAX_BYTES
from api.problems import ProblemError

# Where the front leaves a body that it took in: Werkzeug would read it from a stream, of which it makes two more.
WHOLE = "moderation.body"
_MAX_FORM_FIELDS = 200
_FORM = "application/x-www-form-urlencoded"


class _AmbiguousJSONError(ValueError):
    """An object has the same key twice: which one counts is anybody's guess."""


def read_json(max_bytes: int = MAX_BYTES) -> Any:
    """Return the JSON that was sent; raise ProblemError for another type (415), too much (413) or none (400)."""
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise _wrong_type("application/json")
    return _parse_json(_as_text(read_bytes(max_bytes)))


def read_json_or_form(content: bytes) -> tuple[Any, bool]:
    """Return what was sent, and whether it came as a form."""
    # As nearly all send it; Werkzeug takes a header of several parts apart.
    mimetype = "application/json" if request.environ.get("CONTENT_TYPE") == "application/json" else request.mimetype
    if mimetype == _FORM:
        return _parse_form(_as_text(content)), True
    if mimetype != "application/json" and not mimetype.endswith("+json"):
        raise _wrong_type(f"application/json or {_FORM}")
    return _parse_json(_as_text(content)), False


def _wrong_type(wanted: str) -> ProblemError:
    return ProblemError(
        415, "Unsupported Media Type", f"Send {wanted}.", headers={"Accept-Post": wanted.replace(" or ", ", ")}
    )


def read_bytes(max_bytes: int) -> bytes:
    """Return the request's body; raise ProblemError when it is larger than that, or packed."""
    # Nothing is unpacked: a small body may unpack to gigabytes.
    environ = request.environ
    if environ.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in ("", "identity"):
        raise ProblemError(
            415, "Unsupported Media Type", "Send the body as it is.", headers={"Accept-Encoding": "identity"}
        )
    # The front took it in whole; what it let pass may be too much for this route.
    whole: bytes | None = environ.get(WHOLE)
    if (request.content_length or 0 if whole is None else len(whole)) > max_bytes:
        raise too_large(max_bytes)
    return request.get_data() if whole is None else whole


def _as_text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProblemError(400, "Bad Request", "The body is not valid UTF-8.") from None


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unambiguous, parse_constant=_refuse)
    except _AmbiguousJSONError as error:
        raise ProblemError(400, "Bad Request", str(error)) from None
    except (ValueError, RecursionError):
        raise ProblemError(400, "Bad Request", "The body is not valid JSON.") from None


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _AmbiguousJSONError("An object of the body has the same key more than once.")
    return found


def _refuse(_name: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


def _parse_form(text: str) -> dict[str, Any]:
    """Return the form's fields; a field that was given twice has a list, which reading refuses by name."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FORM_FIELDS)
    except UnicodeDecodeError:
        raise ProblemError(400, "Bad Request", "The form is not valid UTF-8.") from None
    except ValueError:
        raise ProblemError(400, "Bad Request", f"The form has more than {_MAX_FORM_FIELDS} fields.") from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields[name] = value if name not in fields else [*_as_list(fields[name]), value]
    return fields


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
