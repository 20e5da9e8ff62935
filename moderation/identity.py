"""Ids that sort by time, tokens that can't be guessed, and keyed hashes that don't give away what they hash."""

import base64
import hmac
import os
import secrets
import threading
import time

# Crockford's base 32: no i, l, o, u, so an id survives being read aloud.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Two signs at a time.
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


class _Random:
    """Random bytes of the system, fetched for many ids at once: each call lets other threads have the interpreter.

    Safe for threads; a forked child fetches its own.
    """

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._bytes = b""
        self._at = 0

    def next(self, count: int) -> int:
        """Return a number of so many random bytes, never handed out before."""
        with self._lock:
            if self._at + count > len(self._bytes):
                self._bytes, self._at = os.urandom(_FETCHED), 0
            self._at += count
            return int.from_bytes(self._bytes[self._at - count : self._at])


# For a hundred ids.
_FETCHED = 1600


class _Rising:
    """Hands out numbers of which each is larger than the one before, to any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self, wanted: int) -> int:
        """Return the wanted number, or one above the last when that is larger already."""
        with self._lock:
            # A step that nobody can guess, far smaller than the room within a millisecond.
            self._last = wanted if wanted > self._last else self._last + 1 + _random.next(6)
            return self._last


_random = _Random()
_rising = _Rising()


def new_id(prefix: str) -> str:
    """Make an id such as `cm_01kb…`: 48 bits of milliseconds, then 80 random bits, so that ids sort by time.

    Those of one process rise even within a millisecond: comments that are sent together keep their order.
    """
    number = _rising.next((time.time_ns() // 1_000_000 << 80) | _random.next(10))
    return f"{prefix}_{base32(number, 128)}"


def base32(number: int, bits: int) -> str:
    """Write a number of so many bits in Crockford's base 32, small letters, always as long."""
    length = -(-bits // 5)
    return "".join([_PAIRS[number >> shift & 1023] for shift in range((length - 1) // 2 * 10, -1, -10)])[-length:]


def new_token(prefix: str) -> str:
    """Make a secret such as `sk_…` of 256 random bits."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def new_akismet_key() -> str:
    """Make 12 characters of a-z0-9: the length and letters that Akismet's clients insist on."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(12))


class Keyed:
    """Keyed hashes of one installation. The key never leaves; each purpose has a key of its own.

    `previous` is the secret that is being replaced: what was made with it is still believed, nothing new is made.
    """

    def __init__(self, secret: str, previous: str = "") -> None:
        self._secrets = [one.encode() for one in (secret, previous) if one]
        # By purpose: as many as there are in the code.
        self._keys: dict[str, list[bytes]] = {}

    def digest(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes, HMAC-SHA256 of `text` under the key of this purpose."""
        return self.digests(purpose, text)[0]

    def digests(self, purpose: str, text: str) -> list[bytes]:
        """Return the digest, and the one under the secret that is being replaced."""
        # A stranger's header may hold what UTF-8 has no bytes for.
        hashed = text.encode("utf-8", "surrogatepass")
        keys = self._keys.get(purpose)
        if keys is None:
            keys = [hmac.digest(secret, purpose.encode(), "sha256") for secret in self._secrets]
            self._keys[purpose] = keys
        return [hmac.digest(key, hashed, "sha256") for key in keys]

    def token(self, purpose: str, text: str) -> str:
        """Return the digest as 43 URL-safe characters."""
        return self.tokens(purpose, text)[0]

    def tokens(self, purpose: str, text: str) -> list[str]:
        """Return the token, and the one under the secret that is being replaced."""
        return [_written(digest) for digest in self.digests(purpose, text)]

    def matches(self, purpose: str, text: str, token: str) -> bool:
        """Tell in constant time whether `token` is the token of `text`."""
        given = token.encode("utf-8", "replace")
        wanted = [_written(digest).encode() for digest in self.digests(purpose, text)]
        return any(hmac.compare_digest(one, given) for one in wanted)

    def endpoint_secret(self, endpoint_id: str, generation: int) -> str:
        """Return an endpoint's signing secret (`whsec_` and base64 of 32 bytes), made from the key instead of stored.

        A copy of the database therefore signs nothing. A new generation is a new secret.
        """
        return self.endpoint_secrets(endpoint_id, generation)[0]

    def endpoint_secrets(self, endpoint_id: str, generation: int) -> list[str]:
        """Return the signing secret, and the one that receivers may know from before."""
        digests = self.digests("endpoint", f"{endpoint_id}:{generation}")
        return ["whsec_" + base64.b64encode(digest).decode() for digest in digests]


def _written(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
