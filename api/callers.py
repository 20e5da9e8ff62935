"""Who is calling, and whether they may."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Response, g, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.envelope import SITE
from api.problems import ProblemError
from api.resources import resources
from moderation.admission import Admission
from moderation.clock import utc_now
from moderation.errors import NotFoundError
from moderation.keys import Caller, Kind, authenticate
from moderation.tables import Site

ANY_READER = (Kind.SITE, Kind.MODERATOR, Kind.ADMIN)
MANAGERS = (Kind.MODERATOR, Kind.ADMIN)


def authorise(session: Session, *allowed: Kind) -> Caller:
    """Return who is calling; raise ProblemError 401 without a valid key, 403 when its kind may not do this."""
    token = _token()
    return _permit(authenticate(session, resources().keyed, token, utc_now()), token, allowed)


def admit(*allowed: Kind) -> Admission:
    """Return who posts, and by which policy; raise ProblemError as `authorise` does."""
    token = _token()
    admission = resources().admissions.of(token)
    _permit(admission.caller if admission else None, token, allowed)
    assert admission is not None
    return admission


def _token() -> str:
    """Return the key that was sent; an empty one where none was."""
    scheme, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _permit(caller: Caller | None, token: str, allowed: Sequence[Kind]) -> Caller:
    if caller is None:
        detail = (
            "This key is not valid." if token else "Send a key: `Authorization: Bearer …`. See /docs for its kinds."
        )
        raise unauthorised(detail)
    if caller.kind not in allowed:
        kinds = " or ".join(str(kind) for kind in allowed)
        raise ProblemError(403, "Forbidden", f"A {caller.kind} key may not do this; it takes a {kinds} key.")
    if resources().key_use.is_due(caller.key_id):
        g.key_used = (caller.key_id, token)
    if caller.site_ids is not None and len(caller.site_ids) == 1:
        request.environ[SITE] = next(iter(caller.site_ids))
    return caller


def note_key(response: Response) -> Response:
    """Note that a key was used; after the answer is made, when the request holds no connection any more."""
    used = g.pop("key_used", None)
    if used is not None:
        parts = resources()
        key_id, token = used
        parts.key_use.note(parts.database, parts.keyed, key_id, token, utc_now())
    return response


def unauthorised(detail: str) -> ProblemError:
    """Return the answer to whoever has no valid key; RFC 9110 wants it to say how to show one."""
    return ProblemError(401, "Unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="moderation"'})


def site_of(session: Session, caller: Caller, wanted: str | None) -> str:
    """Return the one site that a call is about, as `Caller.site` does; raise NotFoundError for no site."""
    site_id = caller.site(wanted)
    # Whoever may touch every site can name one that nobody made. A name with a NUL is no question to a database.
    if caller.site_ids is None and (not site_id.isprintable() or session.get(Site, site_id) is None):
        raise NotFoundError(f"no site {site_id}")
    return site_id


def check_origin(caller: Caller) -> None:
    """Raise ProblemError when a browser uses a public key on a page that is not the site's."""
    if caller.kind is not Kind.PUBLIC:
        return
    origin = request.headers.get("Origin")
    if not origin:
        return
    with resources().database.read() as session:
        is_home = _is_home(session, origin, caller.site())
    if not is_home:
        raise ProblemError(403, "Forbidden", "This public key may not be used on this website.", kind="origin")


def allow_origin(answer: Response) -> None:
    """Let a site's own pages read an answer (CORS), and nobody else's."""
    origin = request.environ.get("HTTP_ORIGIN")
    _vary(answer)
    if not origin:
        return
    try:
        with resources().database.read() as session:
            is_home = _is_home(session, origin, None)
    except SQLAlchemyError:
        return
    if is_home:
        _allow(answer, origin, "Location, Retry-After, RateLimit, RateLimit-Policy")
        if request.method == "OPTIONS":
            answer.headers["Access-Control-Allow-Methods"] = "GET, POST"
            answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Idempotency-Key, Prefer"
            answer.headers["Access-Control-Max-Age"] = "600"


def allow_pages_of(answer: Response, domain: str | None) -> None:
    """Let pages of this domain read an answer (CORS), without asking the database."""
    origin = request.headers.get("Origin")
    _vary(answer)
    if origin and (_is_own(origin) or domain in _hosts(origin)):
        _allow(answer, origin, "ETag, Link")


def _vary(answer: Response) -> None:
    """Say that the answer depends on the page that asks."""
    if "Vary" in answer.headers:
        answer.vary.add("Origin")
    else:
        # Werkzeug would take a set apart and put it together again.
        answer.headers.add("Vary", "Origin")


def _allow(answer: Response, origin: str, exposed: str) -> None:
    answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Access-Control-Expose-Headers"] = exposed


def _is_own(origin: str) -> bool:
    """Tell whether the origin is this service's own."""
    own = urlsplit(resources().base_url)
    return origin == f"{own.scheme}://{own.netloc}"


def _hosts(origin: str) -> list[str]:
    """Return the domains that a site may have whose page is of this origin."""
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        return []
    return [host, host.removeprefix("www.")] if host else []


def _is_home(session: Session, origin: str, site_id: str | None) -> bool:
    """Tell whether the origin is this service's own, or that of the site (None: of any site)."""
    if _is_own(origin):
        return True
    hosts = _hosts(origin)
    if not hosts:
        return False
    query = select(Site.id).where(Site.domain.in_(hosts)).limit(1)
    return session.scalar(query.where(Site.id == site_id) if site_id else query) is not None
