"""The route behind the links in messages: GET shows and asks, whoever fetches it; POST acts, once."""

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from api.limiting import limit_link
from api.link_page import page_of
from api.link_words import words
from api.problems import ProblemError, language
from api.reference import style_source
from api.resources import resources
from moderation.action_links import read_token
from moderation.clock import utc_now
from moderation.errors import ConflictError, NotFoundError
from moderation.messages import LANGUAGES, Language
from moderation.settling import Sight, look, settle

routes = Blueprint("links", __name__)

# Genuine, but there is nothing (more) to be seen behind it.
_GONE = ("expired", "erased", "removed")


@routes.get("/m/<token>")
def get_link(token: str) -> Response:
    """Show the comment and ask. Previews, scanners and prefetching browsers may fetch it as often as they like."""
    if refused := _refused():
        return refused
    return _show(token, 200)


@routes.post("/m/<token>")
def post_link(token: str) -> Response:
    """Do what the link is for, and lead to the page that says so: a phone that opens it again sends nothing again."""
    if refused := _refused():
        return refused
    parts = resources()
    now = utc_now()
    try:
        link = read_token(parts.keyed, token)
        with parts.database.write() as session:
            sight = look(session, link, now)
            owed = settle(session, link, now)
    except (ConflictError, NotFoundError):
        return _show(token, 409)
    parts.doorbell.ring(deliveries=owed, sites=[sight.site_id])
    return _guarded(Response(status=303, headers={"Location": f"{parts.base_url}/m/{token}?lang={_language()}"}))


def _show(token: str, status: int) -> Response:
    """Show what is behind the link; `status` is what is answered where that is something."""
    try:
        with resources().database.read() as session:
            sight = look(session, read_token(resources().keyed, token), utc_now())
    except NotFoundError:
        return _page(None, "unknown", 404)
    return _page(sight, sight.standing, 410 if sight.standing in _GONE else status)


def _refused() -> Response | None:
    """Return the page of whoever asks too often."""
    try:
        limit_link()
    except ProblemError as error:
        page = _page(None, "busy", error.status)
        page.headers["Retry-After"] = error.headers["Retry-After"]
        return page
    return None


def _language() -> Language:
    asked = request.args.get("lang")
    return next((one for one in LANGUAGES if one == asked), None) or language()


def _page(sight: Sight | None, standing: str, status: int) -> Response:
    wanted = _language()
    style = render_template("link_style.html")
    body = render_template(
        "link.html",
        page=page_of(sight, standing, wanted, utc_now()),
        words=words(wanted),
        language=wanted,
        # Our own, and autoescape would quote its quotes.
        style=Markup(style),  # noqa: S704
    )
    response = Response(body, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = wanted
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src '{style_source(style)}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    response.vary.add("Accept-Language")
    return _guarded(response)


def _guarded(response: Response) -> Response:
    """Keep it out of caches and indexes, and its address from whoever a link on it leads to."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
