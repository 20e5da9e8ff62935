"""The numbers by which near-copies are looked up: pieces of a sketch that alike texts are likely to have in common.

Pure, and without numpy, which the API does not load: it keeps what moderators decided about in `text_memory`.
"""

import hashlib

# Texts that share half of their pieces share a band with probability .80, six tenths .95, a tenth .01. Measured on the
# labelled comments: 16 bands of 3 find hardly more, bands of 2 compare ten times as many comments, bands of 4 lose 5 %.
BANDS = 12
ROWS = 3
_BYTES = 2 * ROWS


def bands_of(site_id: str, sketch: bytes) -> tuple[int, ...]:
    """Return the sketch's bands as signed 64-bit numbers; another site's are different for the same text."""
    return tuple(
        int.from_bytes(
            hashlib.blake2b(
                bytes([band]) + sketch[band * _BYTES : (band + 1) * _BYTES], digest_size=8, key=site_id.encode()
            ).digest(),
            signed=True,
            byteorder="big",
        )
        for band in range(BANDS)
    )
