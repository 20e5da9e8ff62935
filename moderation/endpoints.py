"""Who wants to hear of events: webhook endpoints and what they ask for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from moderation.errors import FieldError, InvalidInputError, NotFoundError
from moderation.events import ALL, COMMENT_TYPES, ENDPOINT_TYPES, SITE_TYPES, TYPES, WAITING, hears
from moderation.formats import FORMATTERS
from moderation.formats.targets import OPERATOR, addresses, is_fit, shown
from moderation.identity import Keyed, new_id
from moderation.keys import Caller
from moderation.messages import LANGUAGES
from moderation.outbound import NotAllowedError, Outbound
from moderation.payload import moment
from moderation.quiet import Quiet, burst_of, read_quiet
from moderation.tables import Endpoint

FORMATS = tuple(FORMATTERS)
# The website wants to know all about its comments; a moderator only what needs one, and why there is so much of it.
DEFAULT_EVENTS = {"website": COMMENT_TYPES, "moderators": ("comment.held", WAITING, *SITE_TYPES, *ENDPOINT_TYPES)}
# What may be asked for.
ASKED = (*TYPES, ALL)
MAX_URL = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChange:
    """What a client said of an endpoint; None is left as it is."""

    url: str | None = None
    events: tuple[str, ...] | None = None
    format: str | None = None
    language: str | None = None
    enabled: bool | None = None
    quiet: Quiet = field(default_factory=Quiet)


def read_endpoint(sent: Any, *, is_new: bool) -> EndpointChange:
    """Read an endpoint as a client sent it; raise InvalidInputError with every error at once."""
    if not isinstance(sent, dict):
        raise InvalidInputError([FieldError("", "wrong_type")])
    errors = []
    url, events, kind, enabled = (sent.get(name) for name in ("url", "events", "format", "enabled"))
    audience = sent.get("audience", "website")
    if url is None and is_new:
        errors.append(FieldError("url", "required"))
    elif url is not None and not _is_text(url):
        errors.append(FieldError("url", "invalid"))
    if events is not None and not (isinstance(events, list) and events and all(one in ASKED for one in events)):
        errors.append(FieldError("events", "invalid"))
    choices = (("format", FORMATS), ("language", LANGUAGES))
    errors += [FieldError(name, "invalid") for name, known in choices if sent.get(name) not in (None, *known)]
    if enabled is not None and not isinstance(enabled, bool):
        errors.append(FieldError("enabled", "wrong_type"))
    if not isinstance(audience, str) or audience not in DEFAULT_EVENTS:
        errors.append(FieldError("audience", "invalid"))
    quiet = read_quiet(sent, errors)
    if errors:
        raise InvalidInputError(errors)
    if events is None and is_new:
        events = DEFAULT_EVENTS[audience]
    return EndpointChange(
        url=url.strip() if url else None,
        events=tuple(dict.fromkeys(events)) if events else None,
        format=kind,
        language=sent.get("language"),
        enabled=enabled,
        quiet=quiet,
    )


def _is_text(url: Any) -> bool:
    # Nothing that does not print, so no NUL and no half of a surrogate pair either.
    return isinstance(url, str) and 0 < len(url) <= MAX_URL and bool(url.strip()) and url.strip().isprintable()


def check_url(outbound: Outbound, url: str | None, *, has_mail: bool, has_services: bool) -> None:
    """Raise InvalidInputError when webhooks may not go there. Looks names up, so call it outside of transactions.

    Mail goes wherever the operator's server takes it, where there is one (`has_mail`); messages go to the operator's
    services where there are some and the operator asks for it (`has_services`).
    """
    if url is None or (addresses(url) and has_mail) or (url == OPERATOR and has_services):
        return
    if url == OPERATOR:
        why = "only an operator has messages sent there, with MODERATION_APPRISE_URLS set"
        raise InvalidInputError([FieldError("url", "not_allowed", {"why": why})])
    if addresses(url):
        raise InvalidInputError([FieldError("url", "not_allowed", {"why": "MODERATION_SMTP_URL is not set"})])
    try:
        outbound.check(url)
    except NotAllowedError as error:
        raise InvalidInputError([FieldError("url", "not_allowed", {"why": str(error)})]) from None


def add_endpoint(session: Session, site_id: str, change: EndpointChange, now: datetime) -> Endpoint:
    """Make an endpoint; its address was checked before. Raises InvalidInputError where that is not of its format."""
    endpoint = Endpoint(
        id=new_id("ep"),
        site_id=site_id,
        url=change.url,
        events=_stored(change.events or COMMENT_TYPES),
        format=change.format or "standard",
        language=change.language,
        enabled=change.enabled is not False,
        generation=1,
        created_at=now,
        **change.quiet.given(),
    )
    _check_fit(endpoint)
    session.add(endpoint)
    session.flush()
    return endpoint


def find_endpoint(session: Session, caller: Caller, endpoint_id: str) -> Endpoint:
    """Return the endpoint; raise NotFoundError for one that is gone or of others."""
    endpoint = session.get(Endpoint, endpoint_id)
    if endpoint is None or endpoint.deleted_at is not None or not caller.may_touch(endpoint.site_id):
        raise NotFoundError(f"no endpoint {endpoint_id}")
    return endpoint


def list_endpoints(session: Session, site_ids: frozenset[str] | None) -> Sequence[Endpoint]:
    """Return the endpoints of these sites (None: of all), oldest first."""
    query = select(Endpoint).where(Endpoint.deleted_at.is_(None)).order_by(Endpoint.id)
    if site_ids is not None:
        query = query.where(Endpoint.site_id.in_(site_ids))
    return session.scalars(query).all()


def change_endpoint(endpoint: Endpoint, change: EndpointChange) -> None:
    """Apply what is not None. Enabling it, or another address, forgets that it failed: it is tried at once."""
    if change.url is not None:
        endpoint.url = change.url
    if change.events is not None:
        endpoint.events = _stored(change.events)
    if change.format is not None:
        endpoint.format = change.format
    if change.language is not None:
        endpoint.language = change.language
    if change.url is not None or change.format is not None:
        _check_fit(endpoint)
    if change.enabled is not None:
        endpoint.enabled = change.enabled
        endpoint.disabled_reason = None
    for name, value in change.quiet.given().items():
        setattr(endpoint, name, value)
    if change.url is not None or change.enabled:
        endpoint.failures, endpoint.failing_since, endpoint.rests_until, endpoint.tripped_at = 0, None, None, None


def rotate_secret(endpoint: Endpoint, now: datetime) -> None:
    """Give the endpoint a new secret; the one before signs too for a day (`deliveries.composing.BOTH_SIGN`)."""
    endpoint.generation += 1
    endpoint.rotated_at = now


def _stored(events: Sequence[str]) -> list[str]:
    # By name too: in an upgrade, workers of the release before know nothing of "all".
    return [ALL, *TYPES] if ALL in events else list(events)


def _check_fit(endpoint: Endpoint) -> None:
    if not is_fit(endpoint.format, endpoint.url):
        raise InvalidInputError([FieldError("url", "not_allowed", {"why": f"it is no address for {endpoint.format}"})])


def describe(endpoint: Endpoint, keyed: Keyed | None = None) -> dict[str, Any]:
    """Return the endpoint as answers show it; with its secret only when `keyed` is given, when it is new."""
    document = {
        "id": endpoint.id,
        "site": endpoint.site_id,
        "url": shown(endpoint.format, endpoint.url),
        "events": [ALL] if hears(endpoint, ALL) else endpoint.events,
        "format": endpoint.format,
        "language": endpoint.language,
        "min_score": endpoint.min_score or 0,
        "languages": endpoint.languages or [],
        "quiet_hours": endpoint.quiet_hours or {},
        "burst": burst_of(endpoint.burst, endpoint.format),
        "enabled": endpoint.enabled,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": moment(endpoint.failing_since),
        "rests_until": moment(endpoint.rests_until) if endpoint.failing_since else None,
    }
    if keyed is not None:
        document["secret"] = keyed.endpoint_secret(endpoint.id, endpoint.generation)
    return document
