"""Whose address a request comes from: the connection's, or what a trusted proxy says of it."""

import ipaddress
from collections.abc import Sequence

from moderation.setting_types import Networks


def visitor_address(peer: str | None, forwarded_for: Sequence[str], trusted: Networks) -> str | None:
    """Return the visitor's address, or None where there is none (a unix socket).

    `forwarded_for` is X-Forwarded-For, left to right. Each trusted proxy vouches for the entry to its left; the first
    address that is not a trusted proxy is the visitor, whatever stands further left: visitors can write there.
    """
    address = _parse(peer)
    for entry in reversed(forwarded_for):
        if address is None or not _is_in(address, trusted):
            break
        further = _parse(entry)
        if further is None:
            break
        address = further
    return str(address) if address else None


def is_trusted(peer: str | None, trusted: Networks) -> bool:
    """Tell whether a connection from there is a trusted proxy's."""
    address = _parse(peer)
    return address is not None and _is_in(address, trusted)


def _is_in(address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Networks) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _parse(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address((text or "").strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
