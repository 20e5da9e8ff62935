"""What every answer tells browsers: run nothing of it, show it in nobody's frame, tell nobody where one came from.

A route that needs more says so itself; what it set stays. Source: OWASP's REST Security and HTTP Headers cheat sheets.
"""

_ALWAYS = (
    # Problems and JSON are no pages, whatever a stranger wrote into them.
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    # Comments, verdicts and the state of things belong in no cache.
    ("Cache-Control", "no-store"),
)
_YEAR = 31_536_000


def guards(base_url: str) -> tuple[tuple[str, str], ...]:
    """Return the headers of an answer from this address."""
    # What a proxy in front sees; the connection to this process may be plain.
    if base_url.startswith("https://"):
        return (*_ALWAYS, ("Strict-Transport-Security", f"max-age={_YEAR}"))
    return _ALWAYS
