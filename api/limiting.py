"""Hold requests against the limits, and tell clients how they stand.

A website's server vouches for its visitors, so only its key is counted; of a public form everything is: the visitor's
address and network, the author's address, the whole site. Header fields: draft-ietf-httpapi-ratelimit-headers.
"""

import ipaddress
from collections.abc import Mapping, Sequence

from flask import Response, g, request

from api.problems import ProblemError
from api.resources import resources
from api.visitors import is_trusted, visitor_address
from moderation.keys import Caller, Kind
from moderation.limiting.limits import Limit
from moderation.limiting.redis_totals import RedisTotals
from moderation.limiting.shared import Limiter
from moderation.limiting.windows import Standing
from moderation.log import get_logger
from moderation.metrics.counted import LIMITED
from moderation.settings import Settings
from moderation.tallies import Tally

log = get_logger(__name__)

# While a site is flooded, what a public form posts counts so many times: a quarter of each limit is left.
_WEIGHT_IN_FLOODS = 4
# Links in messages that one address may open or use: a moderator at full speed, and a chat's server that previews them.
_LINKS = Limit(120, 60)
# What one household or one office has of an internet provider.
_NETWORK_BITS = {4: 24, 6: 48}


def make_limiter(settings: Settings) -> Limiter:
    """Return the limiter that these settings describe; connects to nothing yet."""
    return Limiter(_limits_of(settings), RedisTotals(settings.redis_client_url))


def _limits_of(settings: Settings) -> dict[str, Limit]:
    wanted: Mapping[str, Limit | None] = {
        "key": settings.limit_key,
        "site": settings.limit_site,
        "network": settings.limit_network,
        "address": settings.limit_address,
        "email": settings.limit_email,
        "link": _LINKS,
    }
    return {name: limit for name, limit in wanted.items() if limit is not None}


def limit_caller(caller: Caller, cost: int = 1, *, is_in_flood: bool = False) -> None:
    """Count a request that posts `cost` comments; raise ProblemError 429 when it is too much."""
    subjects = {"key": caller.key_id}
    if caller.kind is Kind.PUBLIC:
        address = connection_address()
        subjects["site"] = caller.site()
        if address:
            subjects |= _hashed(caller, {"address": address, "network": network_of(address)})
    _take(subjects, cost, is_in_flood=is_in_flood)


def limit_author(caller: Caller, email_normalized: str, *, is_in_flood: bool = False) -> None:
    """Count a comment of a public form for its author; raise ProblemError 429 when it is too much."""
    if caller.kind is Kind.PUBLIC:
        _take(_hashed(caller, {"email": email_normalized}), 1, is_in_flood=is_in_flood)


def limit_link() -> None:
    """Count a request for a link in a message; raise ProblemError 429 when it is too much."""
    address = connection_address()
    if address:
        _count({"link": resources().keyed.token("limit", f"link {address}")}, 1, "requests")


def connection_address() -> str | None:
    """Return the visitor's address, as the connection and trusted proxies tell it."""
    forwarded = [entry for line in request.headers.getlist("X-Forwarded-For") for entry in line.split(",")]
    trusted = resources().settings.trusted_proxies
    if forwarded and not is_trusted(request.remote_addr, trusted):
        _warn_of_ignored_header()
    return visitor_address(request.remote_addr, forwarded, trusted)


def _warn_of_ignored_header() -> None:
    """Say it once per process, without an address: a stranger may send the header as often as they like."""
    warned = resources().warned
    if "forwarded" not in warned:
        warned.add("forwarded")
        log.warning("a forwarded header was ignored: name the proxy in TRUSTED_PROXIES")


def network_of(address: str) -> str:
    """Return the network that an address is counted with: /24, or /48 of IPv6."""
    bits = _NETWORK_BITS[ipaddress.ip_address(address).version]
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def _hashed(caller: Caller, people: Mapping[str, str]) -> dict[str, str]:
    """Return what stands for people where they are counted; one site's visitors don't count at another."""
    keyed = resources().keyed
    return {name: keyed.token("limit", f"{name} {caller.site()} {person}") for name, person in people.items()}


def _take(subjects: Mapping[str, str], cost: int, *, is_in_flood: bool) -> None:
    if is_in_flood:
        # However small a limit is, one comment goes through.
        room = [limit.most for name, limit in _limits_of(resources().settings).items() if name in subjects]
        cost = max(cost, min(_WEIGHT_IN_FLOODS * cost, *room)) if room else cost
    _count(subjects, cost, "comments")


def _count(subjects: Mapping[str, str], cost: int, what: str) -> None:
    standings = resources().limiter.take(subjects, cost)
    g.standings = [*g.get("standings", ()), *standings]
    over = [one for one in standings if one.is_over]
    if over:
        wait = max(one.reset for one in over)
        tally = Tally()
        for one in over:
            tally.count(LIMITED, one.name)
        resources().notes.note(tally)
        raise ProblemError(
            429,
            "Too Many Requests",
            f"Too many {what} for now. Please try again in {wait} seconds.",
            kind="too-many-requests",
            headers={"Retry-After": str(wait)},
        )


def show_limits(response: Response) -> Response:
    """Add the `RateLimit` fields to an answer: every limit that was asked, and the one with the least left."""
    standings: Sequence[Standing] = g.get("standings", ())
    if standings:
        policies = [f'"{one.name}";q={one.limit.most};w={one.limit.seconds}' for one in standings]
        least = standings[0]
        if len(standings) > 1:
            least = min(standings, key=lambda one: (not one.is_over, one.remaining / one.limit.most))
        # Nobody else adds them, so that there is nothing to be replaced.
        response.headers.add("RateLimit-Policy", ", ".join(policies))
        response.headers.add("RateLimit", f'"{least.name}";r={least.remaining};t={least.reset}')
    return response
