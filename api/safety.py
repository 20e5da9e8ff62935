"""What every answer tells browsers: run nothing of it, show it in nobody's frame, tell nobody where one came from.

A route that needs more says so itself; what it set stays. Source: OWASP's REST Security and HTTP Headers cheat sheets.
"""

from flask import Response

from api.resources import resources

_ALWAYS = {
    # Problems and JSON are no pages, whatever a stranger wrote into them.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # Comments, verdicts and the state of things belong in no cache.
    "Cache-Control": "no-store",
}
_YEAR = 31_536_000


def guard(response: Response) -> Response:
    """Add what the route did not say."""
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    # What a proxy in front sees; the connection to this process may be plain.
    if resources().base_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
    return response
