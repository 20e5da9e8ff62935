"""A site's own rules: whom it trusts, whom it blocks, and when it wants to see everything first. Pure.

They are a person's words, so they outrank what the filters found; those run all the same and stand in the verdict.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from moderation.text import fold

MAX_ENTRIES = 10_000
MAX_ENTRY_LENGTH = 254

_LISTS = ("trust", "block", "closed_posts")
# And what they are where nothing is said.
_SWITCHES = {
    "hold_first_timers": False,
    "hold_everything": False,
    "expect_form_token": False,
    "tighten_in_floods": True,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """Entries of `trust` and `block` are an email address, `@domain` of one, or an IP address or network."""

    trust: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    closed_posts: tuple[str, ...] = ()
    hold_first_timers: bool = False
    hold_everything: bool = False
    # The site's forms send a token (`forms`): a comment without one is noticed.
    expect_form_token: bool = False
    # While the site is flooded (`floods`), what would be approved is held.
    tighten_in_floods: bool = True

    def document(self) -> dict[str, Any]:
        """Return the rules as JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def read_rules(value: Any) -> Rules:
    """Read rules from JSON values; raise ValueError or TypeError for what makes no sense."""
    if not isinstance(value, Mapping):
        raise TypeError("not an object")
    if set(value) - {*_LISTS, *_SWITCHES}:
        raise ValueError("not a rule")
    for name in _SWITCHES:
        if not isinstance(value.get(name, True), bool):
            raise TypeError("neither true nor false")
    lists: dict[str, Any] = {name: _read_entries(value.get(name, [])) for name in _LISTS}
    for entry in (*lists["trust"], *lists["block"]):
        if "@" not in entry:
            ipaddress.ip_network(entry, strict=False)
    switches: dict[str, Any] = {name: value.get(name, usual) for name, usual in _SWITCHES.items()}
    return Rules(**lists, **switches)


def match_person(entries: tuple[str, ...], email: str, ip: str | None) -> str | None:
    """Return the first entry that means this person, or None."""
    address = fold(email)
    domain = address[address.rfind("@") :]
    for entry in entries:
        if "@" in entry:
            folded = fold(entry)
            if folded in (address, domain):
                return entry
        elif ip is not None and _holds(entry, ip):
            return entry
    return None


def _holds(network: str, ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    found = ipaddress.ip_network(network, strict=False)
    return address.version == found.version and address in found


def _read_entries(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_ENTRIES:
        raise ValueError("not a list of entries")
    for entry in value:
        if not isinstance(entry, str) or not 0 < len(entry.strip()) <= MAX_ENTRY_LENGTH or not entry.isprintable():
            raise ValueError("not an entry")
    return tuple(entry.strip() for entry in value)
