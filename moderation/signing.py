"""Standard Webhooks 1.0 signatures, scheme v1: what a receiver's stock library verifies.

Source: the specification at standardwebhooks.com, section "Signature scheme".
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

# The tolerance that all published libraries use.
TOLERANCE_SECONDS = 5 * 60
_PREFIX = "whsec_"


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,` and the base64 HMAC-SHA256 of `{id}.{timestamp}.{body}`; `timestamp` in seconds, of this attempt."""
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.digest(_key(secret), content, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def verify(
    secrets: Sequence[str], message_id: str, timestamp: str, signature: str, body: bytes, now: int
) -> bool:  # six values make up a signed message
    """Tell whether any of the space-separated signatures fits any secret, and the message is not stale."""
    if not timestamp.isascii() or not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    wanted = [sign(secret, message_id, int(timestamp), body).encode() for secret in secrets]
    given = [part.encode("utf-8", "replace") for part in signature.split()]
    return any(hmac.compare_digest(one, other) for one in wanted for other in given)


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a webhook secret is whsec_ and padded base64") from None
