"""The API described by itself: for programs at /openapi.json, for people at /docs. Comes from `openapi`."""

import base64
import functools
import hashlib
from typing import Any

from flask import Blueprint, Response, jsonify, render_template
from markupsafe import Markup, escape

from api import openapi
from api.resources import resources

routes = Blueprint("reference", __name__)
_STYLE = "reference_style.html"


@routes.get("/openapi.json")
def openapi_document() -> Response:
    """Return the OpenAPI document."""
    return jsonify(_document(resources().base_url))


@routes.get("/docs")
def docs() -> Response:
    """Return the document as a page that loads nothing and runs nothing."""
    document = _document(resources().base_url)
    style = render_template(_STYLE)
    page = render_template(
        "reference.html",
        document=document,
        outline=openapi.outline(document),
        # Our own, and autoescape would quote its quotes.
        style=Markup(style),  # noqa: S704
        prose=_prose,
    )
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src '{style_source(style)}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    response.headers["Cache-Control"] = "no-cache"
    return response


@functools.lru_cache(maxsize=4)
def _document(base_url: str) -> dict[str, Any]:
    return openapi.build(base_url)


def style_source(style: str) -> str:
    """Return the source expression that lets a browser apply exactly this style (CSP 3)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _prose(text: str) -> Markup:
    """Return a description with its paragraphs, and what stands in backticks as code."""
    paragraphs = [
        Markup("").join(
            Markup("<code>{}</code>").format(piece) if position % 2 else escape(piece)
            for position, piece in enumerate(paragraph.split("`"))
        )
        for paragraph in text.split("\n\n")
    ]
    return Markup("").join(Markup("<p>{}</p>").format(one) for one in paragraphs)
