"""The numbers by which near-copies are looked up: pieces of a sketch that alike texts are likely to have in common.

Pure, and without numpy, which the API does not load: it keeps what moderators decided about in `text_memory`.
"""

import struct
from hashlib import blake2b

# Texts that share half of their pieces share a band with probability .80, six tenths .95, a tenth .01. Measured on the
# labelled comments: 16 bands of 3 find hardly more, bands of 2 compare ten times as many comments, bands of 4 lose 5 %.
BANDS = 12
ROWS = 3
_BYTES = 2 * ROWS
_STARTS = [(bytes([band]), band * _BYTES) for band in range(BANDS)]
_NUMBERS = struct.Struct(f">{BANDS}q")


def bands_of(site_id: str, sketch: bytes) -> tuple[int, ...]:
    """Return the sketch's bands as signed 64-bit numbers; another site's are different for the same text."""
    key = site_id.encode()
    digests = [
        blake2b(number + sketch[start : start + _BYTES], digest_size=8, key=key).digest() for number, start in _STARTS
    ]
    numbers: tuple[int, ...] = _NUMBERS.unpack(b"".join(digests))
    return numbers
