"""The work that a public form shows while its site is flooded: a moment of a browser's time, and nothing to solve.

Pure. The challenge is the form's token (`forms`), so it is of one site and has its time; nothing is stored for it.
"""

import hashlib

ALGORITHM = "sha-256"
# 65,536 hashes on average: a second or two in a browser, while its owner writes.
BITS = 16
# Far more than anybody has to count to.
_MOST_DIGITS = 20


def is_done(challenge: str, counter: str) -> bool:
    """Tell whether the SHA-256 of the challenge followed by the counter begins with BITS zero bits."""
    if not (counter.isascii() and counter.isdigit() and len(counter) <= _MOST_DIGITS):
        return False
    digest = hashlib.sha256(f"{challenge}{counter}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest) >> (8 * len(digest) - BITS) == 0
