"""Count the requests, for `/metrics`."""

import time

from flask import Response, g, request

from api.resources import resources
from moderation.metrics.counted import REQUEST_SECONDS, REQUESTS
from moderation.tallies import Tally


def count_request(response: Response) -> Response:
    """Count an answer by its route (never its path), method and status, and how long it took."""
    route = request.url_rule.rule if request.url_rule else "none"
    # A method may be any word that a client makes up.
    method = request.method if request.url_rule else "any"
    tally = Tally()
    tally.count(REQUESTS, method, route, str(response.status_code))
    if "began" in g:
        tally.observe(REQUEST_SECONDS, time.perf_counter() - g.began, route)
    resources().notes.note(tally)
    return response
