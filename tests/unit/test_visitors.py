"""Visitors' addresses: believed from trusted proxies only."""

import ipaddress

import pytest

from api.visitors import visitor_address

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3", "10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["not an address"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9", ""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::5"], "2001:db8::5"),
        ("fd00::1", [" 203.0.113.9 "], "203.0.113.9"),
        ("", ["203.0.113.9"], None),
        (None, [], None),
    ],
)
def test_the_first_address_that_no_trusted_proxy_has_is_the_visitors(
    peer: str | None, forwarded: list[str], address: str | None
) -> None:
    assert visitor_address(peer, forwarded, TRUSTED) == address
