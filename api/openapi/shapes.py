"""The schemas of a comment's way: as it is sent, as it is answered, and as it is read with its verdict and decision."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.limits import MAX_BATCH
from api.openapi.inputs import Json, ref
from moderation.decisions import MAX_REASON, STATUS_OF
from moderation.form_work import ALGORITHM
from moderation.reading import REASON_OF
from moderation.submission import FIELDS, FORM_TOKEN, FORM_WORK, HONEYPOT, WORDPRESS_NAMES, Field
from moderation.verdict import STATUS_OF as STATUS_OF_VERDICT

STATUSES = tuple(REASON_OF)
MEANING_OF = {
    "received": "waits for its verdict",
    "approved": "may be shown",
    "held": "waits for a moderator",
    "spam": "is not to be shown",
    "rejected": "a moderator does not want it shown",
}
MOMENT: Json = {"type": "string", "format": "date-time", "description": "UTC, ISO 8601."}
TEXT: Json = {"type": "string"}
SITE_ID: Json = {"type": "string", "pattern": "^st_[0-9a-z]{26}$"}
COMMENT_ID: Json = {"type": "string", "pattern": "^cm_[0-9a-z]{26}$"}

# Of any type: what is wrong with them is noticed, never refused.
_OF_FORMS: dict[str, Json] = {
    FORM_TOKEN: {"description": "What `GET /v1/form` answered when the form was shown: says how long it was open."},
    FORM_WORK: {"description": "The counter that shows the work which `GET /v1/form` asked for."},
    HONEYPOT: {"description": "A field that people don't see and leave empty; robots fill it."},
}


def object_of(properties: Mapping[str, Any], *, required: Sequence[str] | None = None, text: str = "") -> Json:
    """Return an object's schema; all of its properties are always there unless `required` says which are."""
    schema: Json = {"type": "object", "properties": dict(properties)}
    needed = list(properties) if required is None else list(required)
    if needed:
        schema["required"] = needed
    return {"description": text, **schema} if text else schema


def one_of(values: Sequence[str], text: str = "") -> Json:
    """Return the schema of a word out of a few."""
    schema: Json = {"type": "string", "enum": list(values)}
    return {**schema, "description": text} if text else schema


def or_null(schema: Json) -> Json:
    """Return the schema with null as one more value."""
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def describe_status() -> Json:
    """Return the schema of a comment's status."""
    meanings = "; ".join(f"`{status}` {MEANING_OF[status]}" for status in STATUSES)
    return one_of(STATUSES, f"{meanings[0].upper()}{meanings[1:]}.")


def _field(field: Field) -> Json:
    types = ["string"] + ["integer"] * field.accepts_number + ["null"] * (not field.is_required)
    schema: Json = {"type": types if len(types) > 1 else "string", "maxLength": field.max_length}
    if field.is_required:
        # Blanks around it are taken off first.
        schema["pattern"] = r"\S"
    return {**schema, "description": field.text_help}


def _new_comment() -> Json:
    return object_of(
        {field.name: _field(field) for field in FIELDS} | _OF_FORMS,
        required=[field.name for field in FIELDS if field.is_required],
        text="A comment as it is posted. Blanks around a text are taken off; fields of other names are ignored.",
    )


def _new_comment_form() -> Json:
    fields = {field.name: {**_field(field), "type": "string"} for field in FIELDS}
    fields |= {name: {"type": "string", **schema} for name, schema in _OF_FORMS.items()}
    wordpress = {
        theirs: {"type": "string", "description": f"WordPress's name of `{ours}`."}
        for theirs, ours in WORDPRESS_NAMES.items()
    }
    wordpress["comment_parent"]["description"] += " 0 is none."
    names = [
        [field.name, *(theirs for theirs, ours in WORDPRESS_NAMES.items() if ours == field.name)] for field in FIELDS
    ]
    needed = [names_of for field, names_of in zip(FIELDS, names, strict=True) if field.is_required]
    return {
        **object_of(fields | wordpress, required=[], text="The same as a form, by our names or by WordPress's."),
        "allOf": [{"anyOf": [{"required": [name]} for name in names_of]} for names_of in needed],
    }


def _as_posted() -> dict[str, Json]:
    fields = {field.name: TEXT if field.is_required else or_null(TEXT) for field in FIELDS}
    return {**fields, "submitted_at": or_null(MOMENT)}


def _comment() -> Json:
    return object_of(
        {
            "id": COMMENT_ID,
            "status": describe_status(),
            "version": {"type": "integer", "minimum": 1, "description": "Rises with every change of status."},
            "site": SITE_ID,
            **_as_posted(),
            "received_at": MOMENT,
            "settled_at": or_null(MOMENT),
            "erased_at": {
                **or_null(MOMENT),
                "description": "When its author's data and words were erased; it is then empty and rejected, or spam.",
            },
            "campaign": {
                **or_null(COMMENT_ID),
                "description": "The first of the near-copies that this is one of; null while it is alone.",
            },
            "verdict": or_null(ref("schemas", "Verdict")),
            "decision": or_null(ref("schemas", "Decision")),
        },
        text="A comment with all that is known of it.",
    )


def _accepted(status: Json) -> dict[str, Json]:
    url = {"type": "string", "format": "uri", "description": "Where to ask how it stands."}
    return {"id": COMMENT_ID, "status": status, "status_url": url}


def comment_schemas() -> dict[str, Json]:
    """Return the schemas of comments sent and answered, by name."""
    listed = {"type": "array", "items": ref("schemas", "NewComment"), "maxItems": MAX_BATCH}
    errors = {"type": "array", "items": ref("schemas", "FieldError"), "minItems": 1}
    refused = object_of({"status": {"const": 422}, "errors": errors}, text="A comment that was not accepted.")
    accepted = object_of(_accepted({"const": 202}), text="A comment that was.")
    return {
        "NewComment": _new_comment(),
        "NewCommentForm": _new_comment_form(),
        "NewComments": object_of({"comments": listed}),
        "Form": object_of(
            {
                "token": {**TEXT, "description": f"To be sent back as `{FORM_TOKEN}`."},
                "honeypot": {"const": HONEYPOT, "description": "The name of the field to hide from people."},
                "expires_at": MOMENT,
                "work": object_of(
                    {
                        "algorithm": {"const": ALGORITHM},
                        "challenge": TEXT,
                        "bits": {"type": "integer", "minimum": 1, "maximum": 32},
                    },
                    text="Only while the site is flooded, for a public key: the hash of the challenge followed by a "
                    f"decimal counter begins with so many zero bits. The counter is sent back as `{FORM_WORK}`.",
                ),
            },
            required=["token", "honeypot", "expires_at"],
            text="What a reply form needs when it is shown.",
        ),
        "Accepted": object_of(_accepted({"const": "received"}), text="The comment is stored, and will be judged."),
        "BatchResults": object_of(
            {"results": {"type": "array", "items": {"oneOf": [accepted, refused]}, "maxItems": MAX_BATCH}},
            text="One result per comment, in the order in which they were sent.",
        ),
        "Comment": _comment(),
        "AuthorView": object_of(
            {"id": COMMENT_ID, "status": describe_status(), "reason": one_of(tuple(REASON_OF.values()))},
            text="What a comment's author is told of it.",
        ),
        "CommentPage": object_of(
            {
                "comments": {"type": "array", "items": ref("schemas", "Comment")},
                "next_cursor": {**or_null(TEXT), "description": "Where the next page starts; null on the last one."},
            }
        ),
    }


def judgement_schemas() -> dict[str, Json]:
    """Return the schemas of verdicts and decisions, by name."""
    number: Json = {"type": "number"}
    position = or_null({"type": "integer", "minimum": 0})
    return {
        "Verdict": object_of(
            {
                "action": one_of(tuple(STATUS_OF_VERDICT)),
                "score": {**number, "description": "The points of all signals."},
                "thresholds": ref("schemas", "Thresholds"),
                "signals": {"type": "array", "items": ref("schemas", "Signal"), "description": "The weightiest first."},
                "model": {**or_null(TEXT), "description": "The version of the text model."},
                "policy": {"type": "integer", "description": "The version of the site's policy."},
                "judged_at": MOMENT,
                "shadow": or_null(ref("schemas", "Shadow")),
            },
            text="The machine's result, with all that explains it.",
        ),
        "Signal": object_of(
            {
                "name": TEXT,
                "strength": {"type": "number", "minimum": 0, "maximum": 1},
                "points": number,
                "evidence": {"type": "array", "items": ref("schemas", "Evidence")},
                "shadow": {"const": True, "description": "It has no say: its points don't count."},
            },
            required=["name", "strength", "points", "evidence"],
            text="What one filter noticed.",
        ),
        "Shadow": object_of(
            {
                "action": one_of(tuple(STATUS_OF_VERDICT)),
                "score": number,
                "model": {**or_null(TEXT), "description": "The model that is tried out, if one is."},
            },
            text="What the verdict would be if what is in the shadow had a say; null where nothing is tried out.",
        ),
        "Evidence": object_of(
            {"text": TEXT, "field": TEXT, "start": position, "end": position},
            text="What was matched, and where: characters of the field, null where it is no span of it.",
        ),
        "Decision": object_of(
            {
                "action": one_of(tuple(STATUS_OF)),
                "reason": or_null(TEXT),
                "by": {**TEXT, "description": "The moderator's name, or `website`."},
                "version": {"type": "integer", "description": "The comment's, since this decision."},
                "decided_at": MOMENT,
            },
            text="A person's result. It outranks the verdict.",
        ),
        "NewDecision": object_of(
            {
                "action": one_of(tuple(STATUS_OF)),
                "version": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 2**31 - 1,
                    "description": "The comment's version that you saw; another one by now is answered 409.",
                },
                "reason": {"type": ["string", "null"], "maxLength": MAX_REASON, "description": "Why, for colleagues."},
            },
            required=["action", "version"],
        ),
    }
