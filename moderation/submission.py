"""Read one comment as a client sent it: every field checked, every error named at once, nothing else changed.

Pure. Comes before `intake`, which commits what was read. Text is trimmed, NUL and lone surrogates are refused (no
database or terminal is safe with them), the rest stays as the author wrote it.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from moderation.errors import FieldError, InvalidInputError

_SURROGATE = re.compile("[\ud800-\udfff]")
# BCP 47 in shape (fa, en-GB), and WordPress's en_US.
LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A comment that may be accepted."""

    name: str
    email: str
    # For comparison only: NFC, domain in Unicode and lower case, all case folded.
    email_normalized: str
    body: str
    post_id: str
    website: str | None = None
    post_url: str | None = None
    post_title: str | None = None
    parent_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    referrer: str | None = None
    language: str | None = None
    external_id: str | None = None
    submitted_at: datetime | None = None
    # What the form's token field held, None where it was not sent; and whether its hidden field was filled in.
    form_token: str | None = None
    is_trapped: bool = False
    # What the form sends as its work, None where it sends none.
    form_work: str | None = None


class _FieldProblem(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, code: str, **limits: Any) -> None:
        self.code = code
        self.limits = limits


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of one field: its name in requests, the most characters, and what its text must be."""

    name: str
    max_length: int
    text_help: str
    is_required: bool = False
    read: Callable[[str], Any] = str
    # Ids come as numbers from some websites.
    accepts_number: bool = False


def _read_ip(text: str) -> str:
    try:
        # A zone (fe80::1%eth0) means something on one machine only.
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        raise _FieldProblem("invalid") from None


def _read_language(text: str) -> str:
    if not LANGUAGE.fullmatch(text):
        raise _FieldProblem("invalid")
    return text


def is_storable(text: str) -> bool:
    """Tell whether a database can keep the text: one with a NUL, or half of a surrogate pair, it can't."""
    return "\0" not in text and (text.isascii() or not _SURROGATE.search(text))


def read_moment(text: str) -> datetime | None:
    """Return the moment that the text is in ISO 8601 (in UTC, where it names no zone), or None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read_moment(text: str) -> datetime:
    moment = read_moment(text)
    if moment is None:
        raise _FieldProblem("invalid")
    return moment


# RFC 5322, 3.2.3: what stands before the @ of nearly all addresses, and a host's name in ASCII that is not Punycode.
_PLAIN_EMAIL = re.compile(
    r"([A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*)@((?!.*[Xx][Nn]--)[A-Za-z0-9.-]+)"
)
_MOST_EMAIL = 254


def normalize_email(text: str) -> str:
    """Return the address in the one form that equal addresses share; raise ValueError when it is no address.

    No look-up is made: whether mail arrives there is not a question for a request.
    """
    plain = _PLAIN_EMAIL.fullmatch(text) if len(text) <= _MOST_EMAIL else None
    if plain is not None:
        # Nothing is left to be asked of what stands before the @. 1.5 µs instead of 21.
        return f"{plain[1]}@{_plain_domain(plain[2])}".lower()
    return unicodedata.normalize("NFC", _checked(text).normalized.casefold())


@lru_cache(maxsize=1024)
def _plain_domain(domain: str) -> str:
    """Return the domain as email-validator writes it; remembered, since most addresses share a few of them."""
    found: str = _checked(f"a@{domain}").domain
    return found


def _checked(text: str) -> ValidatedEmail:
    try:
        return validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        raise ValueError("not an email address") from None


def _read_email(text: str) -> tuple[str, str]:
    """Return the address as it was sent, and normalized: reading one takes longer than all other fields do."""
    try:
        return text, normalize_email(text)
    except ValueError:
        raise _FieldProblem("invalid") from None


FIELDS = (
    Field("name", 100, "The author's name, shown with the comment.", is_required=True),
    Field("email", 254, "The author's email address; never published.", is_required=True, read=_read_email),
    Field("body", 20_000, "The comment.", is_required=True),
    Field("post_id", 200, "What is commented on: the website's own id.", is_required=True, accepts_number=True),
    Field("website", 2_000, "The author's website."),
    Field("post_url", 2_000, "Where the post can be read."),
    Field("post_title", 1_000, "The post's title."),
    Field("parent_id", 200, "The comment that this one answers: our id or the website's.", accepts_number=True),
    Field("ip", 45, "The visitor's address. With a public key the connection's own is taken.", read=_read_ip),
    Field("user_agent", 1_000, "The visitor's browser, as it names itself."),
    Field("referrer", 2_000, "Where the visitor came from."),
    Field("language", 35, "The page's language, such as fa or en-GB.", read=_read_language),
    Field("external_id", 200, "The website's own id of this comment.", accepts_number=True),
    Field("submitted_at", 40, "When it was written, ISO 8601; UTC where no zone is given.", read=_read_moment),
)

_READ = [(field.name, field) for field in FIELDS]

# A token that the form was given when it was shown (`forms`), and the field that people don't see and robots fill: no
# browser offers to fill one of that name.
FORM_TOKEN = "form_token"  # noqa: S105 - a field's name
HONEYPOT = "contact_url"
# The counter that a form was asked for while its site is flooded (`form_work`).
FORM_WORK = "form_work"

# Longer numbers would cost time to print.
_MOST_WORK = 10**20

# The names that WordPress's reply form uses, for form posts.
WORDPRESS_NAMES = {
    "author": "name",
    "url": "website",
    "comment": "body",
    "comment_post_ID": "post_id",
    "comment_parent": "parent_id",
}


def rename_wordpress_fields(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form with WordPress's field names turned into ours; ours win where both are given."""
    renamed = {WORDPRESS_NAMES.get(name, name): value for name, value in form.items() if name in WORDPRESS_NAMES}
    # WordPress says 0 for "answers no comment".
    if renamed.get("parent_id") == "0":
        del renamed["parent_id"]
    return renamed | {name: value for name, value in form.items() if name not in WORDPRESS_NAMES}


def read_submission(sent: Any, max_lengths: Mapping[str, int] | None = None) -> Submission:
    """Read what a client sent; raise InvalidInputError with one error per field that is wrong.

    `max_lengths` are a site's own limits in characters; they may lower ours, not raise them. Unknown fields are
    ignored: forms carry buttons and nonces.
    """
    if not isinstance(sent, Mapping):
        raise InvalidInputError([FieldError("", "wrong_type")])
    values: dict[str, Any] = {}
    errors = []
    lower = max_lengths or {}
    for name, field in _READ:
        value = sent.get(name)
        if value is None and not field.is_required:
            continue
        limit = min(field.max_length, lower.get(name, field.max_length)) if lower else field.max_length
        try:
            values[name] = _read_field(field, value, limit)
        except _FieldProblem as problem:
            errors.append(FieldError(name, problem.code, problem.limits))
    if errors:
        raise InvalidInputError(errors)
    email, email_normalized = values.pop("email")
    return Submission(
        **values,
        email=email,
        email_normalized=email_normalized,
        form_token=_read_form_token(sent[FORM_TOKEN]) if FORM_TOKEN in sent else None,
        is_trapped=HONEYPOT in sent and _is_filled(sent[HONEYPOT]),
        form_work=_read_form_work(sent[FORM_WORK]) if FORM_WORK in sent else None,
    )


def _read_form_token(value: Any) -> str | None:
    """Return what was sent as a form's token; whatever it is, it is no reason to refuse the comment."""
    if not _is_filled(value):
        return None
    return value.strip() if isinstance(value, str) else ""


def _read_form_work(value: Any) -> str | None:
    """Return the counter as it was sent; whatever it is, it is no reason to refuse the comment."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_WORK:
        return str(value)
    return _read_form_token(value)


def _is_filled(value: Any) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _read_field(field: Field, value: Any, max_length: int) -> Any:
    text = value.strip() if isinstance(value, str) else _as_text(field, value, max_length)
    if not text:
        if field.is_required:
            raise _FieldProblem("required")
        return None
    if not is_storable(text):
        raise _FieldProblem("invalid_characters")
    if len(text) > max_length:
        raise _FieldProblem("too_long", max=max_length)
    return text if field.read is str else field.read(text)


def _as_text(field: Field, value: Any, max_length: int) -> str:
    """Return the text of what was sent as something else."""
    if value is None:
        return ""
    if field.accepts_number and isinstance(value, int) and not isinstance(value, bool):
        # Longer ones would cost quadratic time to print, and be refused anyway.
        return str(value) if abs(value) < 10**100 else "9" * (max_length + 1)
    is_repeated = isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
    raise _FieldProblem("repeated" if is_repeated else "wrong_type")
