"""The schemas of what surrounds comments: webhook endpoints, policies, problems, and how the service itself is."""

from dataclasses import asdict
from typing import get_args

from api.openapi.answers import PROBLEM_KINDS
from api.openapi.inputs import Json, ref
from api.openapi.shapes import MOMENT, SITE_ID, TEXT, object_of, one_of, or_null
from moderation.endpoints import ASKED, DEFAULT_EVENTS, FORMATS, MAX_URL
from moderation.events import ALL
from moderation.messages import CODES, LANGUAGES
from moderation.policy import (
    MAX_HOURS,
    MAX_LANGUAGES,
    MAX_POINTS,
    MAX_SHADOW,
    MAX_SIGNAL_NAME,
    MAX_WORD_LENGTH,
    MAX_WORDS,
    OnFailure,
    Policy,
    Thresholds,
)
from moderation.quiet import CLOCK, DEFAULT_BURST, MAX_BURST, MAX_SCORE
from moderation.quiet import MAX_LANGUAGES as MAX_ENDPOINT_LANGUAGES
from moderation.remote.names import SERVICES
from moderation.rules import MAX_ENTRIES, MAX_ENTRY_LENGTH
from moderation.submission import FIELDS, LANGUAGE

_EVENTS: Json = {"type": "array", "items": one_of(ASKED), "minItems": 1}


def setup_schemas() -> dict[str, Json]:
    """Return the schemas, by name."""
    return _endpoints() | _policies() | _problems() | _health()


def _endpoints() -> dict[str, Json]:
    shown = {
        "id": {"type": "string", "pattern": "^ep_[0-9a-z]{26}$"},
        "site": SITE_ID,
        "url": {"type": "string", "description": "Of a chat only the host: the rest of its URL is the key to it."},
        "events": _EVENTS,
        "format": one_of(FORMATS),
        "language": {**or_null(one_of(LANGUAGES)), "enum": [*LANGUAGES, None]},
        "enabled": {"type": "boolean"},
        "disabled_reason": {**or_null(TEXT), "description": "Why the service itself disabled it."},
        "failing_since": {**or_null(MOMENT), "description": "Since when nothing could be delivered to it."},
        "rests_until": {**or_null(MOMENT), "description": "When it is tried again; what it is owed waits till then."},
    }
    quiet = _quiet()
    shown |= {name: {**schema, "type": str(schema["type"][0])} for name, schema in quiet.items()}
    secret = {"type": "string", "pattern": "^whsec_[A-Za-z0-9+/]{43}=$", "description": "Shown this once."}
    settable = {
        "url": {
            "type": ["string", "null"],
            "maxLength": MAX_URL,
            "description": "A public address, over https. Others only where MODERATION_OUTBOUND_ALLOW names them. "
            "For `email`: `mailto:` and up to five addresses. Each format has its own (docs/webhooks.md).",
        },
        "events": {
            **or_null(_EVENTS),
            "description": f"`{ALL}` is all, those of later releases too.",
        },
        "format": {**or_null(one_of(FORMATS)), "enum": [*FORMATS, None]},
        "language": {
            **or_null(one_of(LANGUAGES)),
            "enum": [*LANGUAGES, None],
            "description": "Of messages to people; where there is none, the comment's.",
        },
        "enabled": {"type": ["boolean", "null"]},
        **quiet,
    }
    defaults = "; ".join(f"`{audience}`: {', '.join(events)}" for audience, events in DEFAULT_EVENTS.items())
    audience = one_of(
        tuple(DEFAULT_EVENTS), f"Whom it is for: decides what is sent where `events` is missing. {defaults}."
    )
    site = {"type": ["string", "null"], "description": "The site's id. Needed where the key opens more than one site."}
    return {
        "Endpoint": object_of(shown, text="An address that hears of events."),
        "EndpointWithSecret": object_of({**shown, "secret": secret}, text="An endpoint, with its signing secret."),
        "NewEndpoint": object_of(
            {**settable, "url": {**settable["url"], "type": "string"}, "audience": audience, "site": site},
            required=["url"],
        ),
        "EndpointChange": object_of(settable, required=[], text="What is left out, or null, stays as it is."),
        "EndpointList": object_of({"endpoints": {"type": "array", "items": ref("schemas", "Endpoint")}}),
    }


def _quiet() -> dict[str, Json]:
    clock: Json = {"type": "string", "pattern": CLOCK}
    return {
        "min_score": {
            "type": ["number", "null"],
            "minimum": -MAX_SCORE,
            "maximum": MAX_SCORE,
            "description": "Comments whose score is lower are not told of; 0: all are.",
        },
        "languages": {
            "type": ["array", "null"],
            "maxItems": MAX_ENDPOINT_LANGUAGES,
            "items": {"type": "string", "pattern": f"^{LANGUAGE.pattern}$"},
            "description": "Comments of other languages are not told of; empty: all are.",
        },
        "quiet_hours": {
            "type": ["object", "null"],
            "properties": {"from": clock, "to": clock, "zone": {"type": "string"}},
            "description": "When held comments wait and are told of together afterwards: all three fields, or none.",
            "example": {"from": "22:00", "to": "07:00", "zone": "Asia/Tehran"},
        },
        "burst": {
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": MAX_BURST,
            "description": "As many held comments are told of one by one within ten minutes, more together; 0: all one "
            f"by one. {DEFAULT_BURST} but for the format `standard`, which has 0.",
        },
    }


def _policies() -> dict[str, Json]:
    number: Json = {"type": "number", "minimum": -MAX_POINTS, "maximum": MAX_POINTS}
    words: Json = {
        "type": "array",
        "maxItems": MAX_WORDS,
        "items": {"type": "string", "maxLength": MAX_WORD_LENGTH},
    }
    limits = {
        "type": "object",
        "description": "The site's own limits in characters, below the service's.",
        "properties": {one.name: {"type": "integer", "minimum": 1, "maximum": one.max_length} for one in FIELDS},
        "additionalProperties": False,
    }
    fields = {
        "thresholds": {**ref("schemas", "Thresholds"), "description": "The least scores that lead to each action."},
        "points": {
            "type": "object",
            "propertyNames": {"maxLength": MAX_SIGNAL_NAME},
            "additionalProperties": number,
            "description": "What each signal weighs at full strength.",
        },
        "words_hold": {**words, "description": "Words that hold a comment for a moderator."},
        "words_spam": {**words, "description": "Words that make it spam."},
        "on_failure": one_of(get_args(OnFailure), "What becomes of a comment that a filter failed on."),
        "max_lengths": limits,
        "languages": {
            "type": "array",
            "maxItems": MAX_LANGUAGES,
            "items": {"type": "string", "pattern": f"^{LANGUAGE.pattern}$"},
            "description": "What the site is written in (language tags); empty when any language may come.",
        },
        "rules": _rules(),
        "shadow": {
            "type": "array",
            "maxItems": MAX_SHADOW,
            "items": {"type": "string", "maxLength": MAX_SIGNAL_NAME},
            "description": "Signals that are noticed and shown but have no say.",
        },
        "remote": {
            "type": "array",
            "items": one_of(SERVICES),
            "description": "Services outside that are told of comments and asked for an opinion; none by default.",
        },
        "on_remote_failure": one_of(
            get_args(OnFailure), "What becomes of a comment that one of them gave no opinion on."
        ),
        "remind_after_hours": {
            "type": "number",
            "minimum": 0,
            "maximum": MAX_HOURS,
            "description": "After so long moderators are reminded of what is held (`queue.waiting`); 0: never.",
        },
    }
    site, version = (
        {"site": SITE_ID},
        {"version": {"type": "integer", "minimum": 0, "description": "0 is the default."}},
    )
    thresholds = dict.fromkeys(asdict(Thresholds()), number)
    ignored: Json = {"description": "Ignored: what GET answered may be sent back."}
    return {
        "Thresholds": object_of(thresholds),
        "Policy": object_of(
            {**site, **version, **fields}, text="What signals weigh on a site, and how much is enough."
        ),
        "NewPolicy": {
            **object_of(
                {**fields, "thresholds": object_of(thresholds, required=[]), "site": ignored, "version": ignored},
                required=[],
            ),
            "description": "What is left out gets its default.",
            "additionalProperties": False,
            "example": {**Policy().document(), "words_hold": ["casino"]},
        },
    }


def _rules() -> Json:
    entries: Json = {
        "type": "array",
        "maxItems": MAX_ENTRIES,
        "items": {"type": "string", "minLength": 1, "maxLength": MAX_ENTRY_LENGTH},
    }
    person = "An email address, `@domain` of one, or an IP address or network."
    switch: Json = {"type": "boolean"}
    return object_of(
        {
            "trust": {**entries, "description": f"Whose comments are approved. {person}"},
            "block": {**entries, "description": f"Whose comments are spam. {person}"},
            "closed_posts": {**entries, "description": "Posts whose new comments are held."},
            "hold_first_timers": {**switch, "description": "Hold whoever has no approved comment yet."},
            "hold_everything": {**switch, "description": "Hold every comment, but those of the trusted."},
            "expect_form_token": {
                **switch,
                "description": "All of the site's forms send a `form_token`: notice comments that lack one.",
            },
            "tighten_in_floods": {
                **switch,
                "default": True,
                "description": "Hold what would be approved while the site is flooded, and ask more of public forms.",
            },
        },
        required=[],
        text="The site's own rules: followed whatever the score is.",
    )


def _problems() -> dict[str, Json]:
    kinds = ["about:blank", *(f"urn:comment-moderation:problem:{kind}" for kind in PROBLEM_KINDS)]
    meanings = " ".join(f"`…:{kind}`: {text}" for kind, text in PROBLEM_KINDS.items())
    field = {**TEXT, "description": "Empty where it is about all of what was sent."}
    return {
        "FieldError": object_of(
            {"field": field, "code": one_of(CODES, "For programs."), "message": {**TEXT, "description": "For people."}}
        ),
        "Problem": object_of(
            {
                "type": one_of(kinds, f"`about:blank`: the status says it all. {meanings}"),
                "title": TEXT,
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": {**TEXT, "description": "For people."},
                "errors": {"type": "array", "items": ref("schemas", "FieldError"), "minItems": 1},
            },
            required=["type", "title", "status", "detail"],
            text="An answer that says no (RFC 9457).",
        ),
    }


def _health() -> dict[str, Json]:
    part = object_of(
        {
            "status": one_of(("well", "unwell")),
            "detail": {**TEXT, "description": "What is wrong."},
            "seconds": {"type": "number", "minimum": 0, "description": "How long looking took."},
        },
        required=["status", "seconds"],
    )
    return {
        "Liveness": object_of({"status": {"const": "alive"}}),
        "Readiness": object_of(
            {
                "status": one_of(("ready", "not ready")),
                "parts": {
                    "type": "object",
                    "additionalProperties": part,
                    "description": "database, migrations, redis, broker, and worker:QUEUE for each queue.",
                },
            }
        ),
    }
