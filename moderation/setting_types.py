"""How the text of a setting is read: each reader gives the value or raises ValueError with what was expected.

`settings` declares its fields with these.
"""

import base64
import binascii
import ipaddress
from collections.abc import Callable
from dataclasses import field
from typing import Any
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from moderation.sentinels import read_sentinels

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
# Settings that make no sense without another one.
NEEDED = {
    "check_url": "check_secret",
    "opinion_url": "opinion_model",
    "smtp_url": "smtp_from",
    "database_read_url": "database_url",
}


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within bounds, both included."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def choice(*known: str) -> Callable[[str], str]:
    """Return a reader of one of these words."""

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(" or ".join(known))
        return text

    return read


def networks(text: str) -> Networks:
    """Read networks in CIDR notation, comma separated."""
    try:
        return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("networks such as 10.0.0.0/8,fd00::/8, comma separated") from None


def names(text: str) -> tuple[str, ...]:
    """Read names, comma separated."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def log_level(text: str) -> str:
    """Read one of LOG_LEVELS, in any case."""
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def http_url(text: str) -> str:
    """Read an http or https address, without slashes at its end."""
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("an address that starts with http:// or https://")
    return text.rstrip("/")


def redis_address(text: str) -> str:
    """Read the address of a Redis; only what names Sentinels is looked at here."""
    read_sentinels(text)
    return text


def postgresql_url(text: str) -> str:
    """Read the address of a PostgreSQL."""
    if not text.startswith(("postgresql://", "postgresql+psycopg://")):
        raise ValueError("postgresql+psycopg://…")
    return text


def smtp_url(text: str) -> str:
    """Read the address of a mail server."""
    try:
        parts = urlsplit(text)
        # The port is read, and may be none, when it is asked for.
        is_one = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    # Python's SMTP writes passwords in ASCII alone.
    if not is_one or parts.path.strip("/") or parts.query or parts.fragment or not unquote(text).isascii():
        raise ValueError("smtp:// or smtps://, with user:password@ where it wants them, a host and perhaps a port")
    return text


def mail_address(text: str) -> str:
    """Read an email address, in ASCII as mail servers take it."""
    try:
        return str(validate_email(text, check_deliverability=False, allow_smtputf8=False).ascii_email)
    except EmailNotValidError:
        raise ValueError("an email address") from None


def webhook_secret(text: str) -> str:
    """Read a Standard Webhooks secret: `whsec_` and the padded base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith("whsec_") or not 24 <= len(key) <= 64:  # noqa: PLR2004 - the specification's own bounds
        raise ValueError("whsec_ and the base64 of 24 to 64 bytes")
    return text


def setting(default: Any, text_help: str, read: Callable[[str], Any] = str, *, is_secret: bool = False) -> Any:
    """Declare a field of `Settings` with its line of help and how its text is read."""
    return field(default=default, metadata={"help": text_help, "read": read, "is_secret": is_secret})


# What people write where a secret belongs, and forget to change.
_PLACEHOLDERS = ("changeme", "change-me", "change_me", "change me", "placeholder", "your-secret", "your_secret")
_FEWEST_CHARACTERS = 8


def is_guessable(secret: str) -> bool:
    """Tell whether a secret is made of few different characters or is somebody's placeholder."""
    return len(set(secret)) < _FEWEST_CHARACTERS or any(word in secret.lower() for word in _PLACEHOLDERS)
