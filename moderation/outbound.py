"""The one door to strangers' addresses: it looks a name up once, checks every address, and dials the checked one.

A webhook's address is set by a tenant, so it may point at anything: the cloud's metadata service, the database, this
service. Only public addresses are reached, over https, unless MODERATION_OUTBOUND_ALLOW names the network.
"""

import contextlib
import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Timeout, parse_url

from moderation.patience import Patience
from moderation.setting_types import Networks

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
# An answer that drips in single bytes never runs into READ_SECONDS; this ends it.
TOTAL_SECONDS = 25.0
MAX_ANSWER_BYTES = 64 * 1024
# How long a connection is kept: then the name is looked up and its addresses are checked anew.
KEPT_SECONDS = 60.0
# Connections kept to one host, which several endpoints may share.
_KEPT = 16
_PUBLIC_PORTS = frozenset([443, *range(8000, 9001)])

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Not public though Python's is_global may say so: translation and tunnel prefixes reach IPv4 addresses behind them.
# RFC 6052, RFC 8215, RFC 3056, RFC 4380, RFC 7526, RFC 3879, RFC 9602, RFC 4291 2.5.5.1, RFC 2765 2.1. Then shared and
# reserved ones that not every release of Python knows (RFC 6598, RFC 6890, RFC 9637), Oracle's metadata service among
# them. The last is public, but to machines at Azure it is their host.
_CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "192.88.99.0/24",
        "fec0::/10",
        "5f00::/16",
        "::/96",
        "::ffff:0:0:0/96",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "3fff::/20",
        "168.63.129.16/32",
    )
)


class OutboundError(Exception):
    """Nothing came back. `permanent` says that trying again can't help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        self.permanent = permanent
        super().__init__(message)


class NotAllowedError(OutboundError):
    """The address is one that this service does not speak to."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers that matter (lower case), the first bytes, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class _Patient(HTTPConnection):
    """Waits so long for the whole head of an answer, however it drips; knows when it was dialled."""

    patience: Patience
    dialled_at = 0.0
    _gathered: bytearray | None = None

    def request(self, *arguments: Any, **named: Any) -> None:
        """Send head and body in one piece: it costs half as much, here and at the receiver."""
        self._gathered = bytearray()
        try:
            super().request(*arguments, **named)
            whole = bytes(self._gathered)
        finally:
            self._gathered = None
        super().send(whole)

    def send(self, data: Any) -> None:
        """Send, or keep for the whole."""
        if self._gathered is None:
            super().send(data)
        else:
            self._gathered += data

    def getresponse(self) -> Any:
        """Read status and headers; the connection is cut when that takes too long."""
        self.patience.begin(self)
        try:
            return super().getresponse()
        finally:
            self.patience.end(self)

    def cut(self) -> None:
        """End whatever waits for the other side."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


class _Fresh(urllib3.HTTPConnectionPool):
    """Keeps connections, each to the address that was checked for it, but none for long."""

    kept_seconds = KEPT_SECONDS

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)
        if isinstance(connection, _Patient) and time.monotonic() - connection.dialled_at > self.kept_seconds:
            connection.close()
        return connection


class Outbound:
    """Posts to strangers. Threads may share one; making it connects to nothing."""

    def __init__(
        self,
        allow: Networks = (),
        *,
        total_seconds: float = TOTAL_SECONDS,
        read_seconds: float = READ_SECONDS,
        kept_seconds: float = KEPT_SECONDS,
    ) -> None:
        self._allow = allow
        self._total_seconds = total_seconds
        patience_of_all = Patience(total_seconds)
        self._connect_seconds = min(CONNECT_SECONDS, total_seconds)
        guard, kept = self, kept_seconds

        class GuardedHTTP(_Patient):
            patience = patience_of_all

            def _new_conn(self) -> socket.socket:
                self.dialled_at = time.monotonic()
                return guard._dial(self.host, self.port or 80, is_https=False)

        class GuardedHTTPS(_Patient, HTTPSConnection):
            patience = patience_of_all

            def _new_conn(self) -> socket.socket:
                self.dialled_at = time.monotonic()
                return guard._dial(self.host, self.port or 443, is_https=True)

        class HTTPPool(_Fresh):
            ConnectionCls = GuardedHTTP
            kept_seconds = kept

        class HTTPSPool(_Fresh, urllib3.HTTPSConnectionPool):
            ConnectionCls = GuardedHTTPS
            kept_seconds = kept

        # A PoolManager reads no proxy from the environment.
        self._pools = urllib3.PoolManager(
            num_pools=64,
            maxsize=_KEPT,
            retries=False,
            timeout=Timeout(connect=self._connect_seconds, read=read_seconds),
        )
        self._pools.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}

    def check(self, url: str) -> None:
        """Raise NotAllowedError when the URL is not one to post to; an unknown name passes, it may come to be known."""
        host, port, is_https = _parse(url)
        try:
            addresses = _look_up(host, port)
        except OSError:
            return
        self._choose(addresses, port, is_https=is_https)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post and return the answer, whatever its status; raise OutboundError when there is none.

        Redirects are not followed, and no more than MAX_ANSWER_BYTES are read.
        """
        _parse(url)
        began = time.monotonic()
        response: urllib3.BaseHTTPResponse | None = None
        try:
            response = self._pools.request(
                "POST", url, body=body, headers=dict(headers), redirect=False, preload_content=False
            )
            first = _read(response, began + self._total_seconds)
        except urllib3.exceptions.HTTPError as error:
            raise _explain(error) from None
        finally:
            if response is not None and not response.closed:
                # Not read to its end: the connection is of no further use.
                response.close()
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.headers.items()},
            first,
            time.monotonic() - began,
        )

    def _dial(self, host: str, port: int, *, is_https: bool) -> socket.socket:
        try:
            addresses = _look_up(host.strip("[]"), port)
        except OSError as error:
            raise OutboundError(f"the name can't be looked up ({error.strerror or error})") from None
        address = self._choose(addresses, port, is_https=is_https)
        try:
            connection = socket.create_connection((str(address), port), timeout=self._connect_seconds)
        except OSError as error:
            raise OutboundError(f"no connection ({error.strerror or 'timed out'})") from None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _choose(self, addresses: list[Address], port: int, *, is_https: bool) -> Address:
        """Return the first address, all of them being allowed: one bad one among them is an attempt."""
        for address in addresses:
            if any(address in network for network in self._allow if network.version == address.version):
                continue
            if not _is_public(address):
                raise NotAllowedError(f"{address} is not a public address")
            if not is_https:
                raise NotAllowedError("public addresses are reached over https only")
            if port not in _PUBLIC_PORTS:
                raise NotAllowedError(f"port {port} is not 443 or 8000-9000")
        return addresses[0]


def _parse(url: str) -> tuple[str, int, bool]:
    try:
        parts = parse_url(url)
    except urllib3.exceptions.LocationParseError:
        raise NotAllowedError("this is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.host:
        raise NotAllowedError("the URL does not start with https://")
    if parts.auth:
        raise NotAllowedError("the URL carries a user name")
    if "%" in parts.host:
        raise NotAllowedError("the URL's host is not a plain name or address")
    is_https = parts.scheme == "https"
    return parts.host.strip("[]"), parts.port or (443 if is_https else 80), is_https


def _look_up(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("not a host name") from None
    return [_unwrap(ipaddress.ip_address(str(entry[4][0]).partition("%")[0])) for entry in found]


def _unwrap(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_public(address: Address) -> bool:
    is_closed = any(address in network for network in _CLOSED if network.version == address.version)
    return address.is_global and not address.is_multicast and not is_closed


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    first = bytearray()
    while len(first) < MAX_ANSWER_BYTES:
        if time.monotonic() > deadline:
            raise OutboundError("the answer took too long")
        piece = response.read1(MAX_ANSWER_BYTES - len(first))
        if not piece:
            break
        first += piece
    return bytes(first)


def _explain(error: Exception) -> OutboundError:
    if isinstance(error, urllib3.exceptions.SSLError):
        return OutboundError("the certificate was not accepted")
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return OutboundError("no answer in time")
    return OutboundError(f"the connection failed ({type(error).__name__})")
