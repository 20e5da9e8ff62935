"""Every error as RFC 9457 `application/problem+json`, and none of them a traceback."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, Response, request
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError

from moderation import messages
from moderation.errors import ConflictError, InvalidInputError, KeyReusedError, NotFoundError
from moderation.log import get_logger
from moderation.messages import LANGUAGES, Language

log = get_logger(__name__)

# Long enough for a database to come back, short enough for a client that retries by itself.
RETRY_AFTER_SECONDS = 5
# In the environment of a request that was not taken in: the ProblemError that says why.
REFUSED = "moderation.refused"


class ProblemError(Exception):
    """An answer that says no."""

    def __init__(
        self, status: int, title: str, detail: str, *, kind: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.title = title
        self.detail = detail
        self.kind = kind
        self.headers = headers or {}
        super().__init__(title)


def language() -> Language:
    """Return the language that the client asked for most, English where it asked for neither; fa-IR is fa."""
    asked = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((one for tag in asked for one in LANGUAGES if one == tag), "en")


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    kind: str | None = None,
    errors: Sequence[Mapping[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Shape an answer that says no. `kind` distinguishes those that share a status."""
    document: dict[str, Any] = {
        "type": f"urn:comment-moderation:problem:{kind}" if kind else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if errors is not None:
        document["errors"] = errors
    return Response(
        # What was sent may be quoted in it, and half of a surrogate pair is no text in UTF-8.
        json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"),
        status,
        headers=dict(headers or {}),
        content_type="application/problem+json",
    )


def register(app: Flask) -> None:
    """Answer every error that can leave a route, and what was refused before it came to one."""
    app.before_request(_raise_refused)
    app.register_error_handler(ProblemError, _refused)
    app.register_error_handler(InvalidInputError, _invalid)
    app.register_error_handler(NotFoundError, _not_found)
    app.register_error_handler(ConflictError, _conflict)
    app.register_error_handler(KeyReusedError, _key_reused)
    # The last two: PostgreSQL may only be read (a replica), and it has no such table or column (not migrated yet).
    for error in (OperationalError, InterfaceError, PoolTimeoutError, InternalError, ProgrammingError):
        app.register_error_handler(error, _database_away)
    app.register_error_handler(HTTPException, _http)


def _raise_refused() -> None:
    refused: ProblemError | None = request.environ.get(REFUSED)
    if refused is not None:
        raise refused


def _refused(error: ProblemError) -> Response:
    return problem(error.status, error.title, error.detail, kind=error.kind, headers=error.headers)


def _invalid(error: InvalidInputError) -> Response:
    wanted = language()
    answer = problem(
        422,
        "Unprocessable Content",
        messages.invalid_input(wanted),
        kind="invalid-input",
        errors=[messages.describe(one, wanted) for one in error.errors],
    )
    answer.headers["Content-Language"] = wanted
    answer.vary.add("Accept-Language")
    return answer


def _not_found(error: NotFoundError) -> Response:
    return problem(404, "Not Found", f"There is {error}.")


def _conflict(error: ConflictError) -> Response:
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    return problem(409, "Conflict", str(error), kind=error.code.replace("_", "-"), headers=headers)


def _key_reused(error: KeyReusedError) -> Response:
    return problem(422, "Unprocessable Content", f"{error}.", kind="idempotency-key-reused")


def _database_away(error: Exception) -> Response:
    # Only the kind: the text of it carries the statement with what the client sent.
    log.error("database failed", error=type(error).__name__, route=request.url_rule.rule if request.url_rule else None)
    return problem(
        503,
        "Service Unavailable",
        "The database does not answer; nothing was stored. Please try again.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _http(error: HTTPException) -> Response:
    original = getattr(error, "original_exception", None)
    if isinstance(error, InternalServerError) and original is not None:
        # The kind and the place, never the text: it may quote a comment.
        last = original.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        place = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else None
        log.error("request failed", error=type(original).__name__, place=place)
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() in ("allow", "retry-after", "location", "www-authenticate")
    }
    return problem(error.code or 500, error.name, error.description or error.name, headers=headers)
