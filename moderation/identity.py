"""Ids that sort by time, tokens that can't be guessed, and keyed hashes that don't give away what they hash."""

import base64
import hashlib
import hmac
import os
import secrets
import threading
import time

# Crockford's base 32: no i, l, o, u, so an id survives being read aloud.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class _Rising:
    """Hands out numbers of which each is larger than the one before, to any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self, wanted: int) -> int:
        """Return the wanted number, or one above the last when that is larger already."""
        with self._lock:
            # A step that nobody can guess, far smaller than the room within a millisecond.
            self._last = wanted if wanted > self._last else self._last + 1 + int.from_bytes(os.urandom(6))
            return self._last


_rising = _Rising()


def new_id(prefix: str) -> str:
    """Make an id such as `cm_01kb…`: 48 bits of milliseconds, then 80 random bits, so that ids sort by time.

    Those of one process rise even within a millisecond: comments that are sent together keep their order.
    """
    number = _rising.next((time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10)))
    return f"{prefix}_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def new_token(prefix: str) -> str:
    """Make a secret such as `sk_…` of 256 random bits."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def new_akismet_key() -> str:
    """Make 12 characters of a-z0-9: the length and letters that Akismet's clients insist on."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(12))


class Keyed:
    """Keyed hashes of one installation. The key never leaves; each purpose has a key of its own."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def digest(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes, HMAC-SHA256 of `text` under the key of this purpose."""
        key = hmac.digest(self._secret, purpose.encode(), hashlib.sha256)
        # A stranger's header may hold what UTF-8 has no bytes for.
        return hmac.digest(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)

    def token(self, purpose: str, text: str) -> str:
        """Return the digest as 43 URL-safe characters."""
        return base64.urlsafe_b64encode(self.digest(purpose, text)).rstrip(b"=").decode()

    def matches(self, purpose: str, text: str, token: str) -> bool:
        """Tell in constant time whether `token` is the token of `text`."""
        return hmac.compare_digest(self.token(purpose, text).encode(), token.encode("utf-8", "replace"))

    def endpoint_secret(self, endpoint_id: str, generation: int) -> str:
        """Return an endpoint's signing secret (`whsec_` and base64 of 32 bytes), made from the key instead of stored.

        A copy of the database therefore signs nothing. A new generation is a new secret.
        """
        digest = self.digest("endpoint", f"{endpoint_id}:{generation}")
        return "whsec_" + base64.b64encode(digest).decode()
