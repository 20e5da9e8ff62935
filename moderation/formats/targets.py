"""What an endpoint's URL has to be for its format, and how much of it is shown again. Pure.

A chat's URL is the key to it: whoever has it may write there. An answer of ours shows where it leads and no more.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

HIDDEN = "…"
MOST_ADDRESSES = 5
# The whole URL of an endpoint whose messages go to the services that the operator named.
OPERATOR = "apprise:"
_BOT = re.compile(r"/bot[\w:-]{20,100}/sendMessage")
_CHAT = re.compile(r"-?\d{1,20}|@\w{5,32}")
_TOPIC = re.compile(r"(?:/[\w.~%-]+)*/[\w-]{1,64}")


def is_fit(kind: str, url: str) -> bool:
    """Tell whether the URL is one that messages of this format can go to."""
    if url.lower().startswith("mailto:") or kind == "email":
        return kind == "email" and bool(addresses(url))
    if url == OPERATOR or kind == "apprise":
        return kind == "apprise" and url == OPERATOR
    if kind == "standard":
        return True
    try:
        parts = urlsplit(url)
        return HIDDEN not in url and not parts.fragment and _SHAPES.get(kind, _any)(parts.path, parse_qs(parts.query))
    except ValueError:
        return False


def shown(kind: str, url: str) -> str:
    """Return the URL as answers show it: its host alone for a chat, whole for all others."""
    if kind in ("standard", "email", "apprise"):
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{HIDDEN}"


def addresses(url: str) -> tuple[str, ...]:
    """Return the addresses of a `mailto:` URL (RFC 6068), none where one of them is not valid or more is asked for."""
    scheme, _, rest = url.partition(":")
    found = [unquote(one).strip() for one in rest.split(",")]
    if scheme.lower() != "mailto" or "?" in rest or not 0 < len(found) <= MOST_ADDRESSES:
        return ()
    try:
        valid = [validate_email(one, check_deliverability=False, allow_smtputf8=False) for one in found]
    except EmailNotValidError:
        return ()
    return tuple(dict.fromkeys(str(one.ascii_email) for one in valid))


def _any(_path: str, _query: Mapping[str, list[str]]) -> bool:
    return True


def _telegram(path: str, query: Mapping[str, list[str]]) -> bool:
    is_one = set(query) <= {"chat_id", "message_thread_id"} and len(query.get("chat_id", ())) == 1
    return is_one and bool(_BOT.search(path) and _CHAT.fullmatch(query["chat_id"][0]))


def _ntfy(path: str, _query: Mapping[str, list[str]]) -> bool:
    return bool(_TOPIC.fullmatch(path))


_SHAPES: Mapping[str, Callable[[str, Mapping[str, list[str]]], bool]] = {"telegram": _telegram, "ntfy": _ntfy}
