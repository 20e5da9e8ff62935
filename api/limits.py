"""The most that one request may carry: what the routes refuse beyond, and the reference tells clients."""

# A comment of the greatest length in UTF-8 and JSON's longest escapes, with room for a form's nonces.
MAX_BYTES = 256 * 1024
# 500 comments of the usual kind, by far.
MAX_BATCH_BYTES = 8 * 1024 * 1024
MAX_BATCH = 500
BATCH_PATH = "/v1/comments/batch"
MAX_PAGE = 200


def most_bytes(path: str) -> int:
    """Return the greatest size of a body at this address."""
    return MAX_BATCH_BYTES if path == BATCH_PATH else MAX_BYTES
