"""The parts of a comment that are judged on their own, since honest words around spam hide it from a sum over all.

`model` sums up the weights between these edges.
"""

from functools import lru_cache
from math import ceil

SHORTEST_DIVIDED = 80
_USUAL_SIZE = 200
# A text of any length has no more parts than this; those of a long text are longer.
_MOST = 16


# Comments of the same few hundred lengths come again and again.
@lru_cache(maxsize=2_000)
def windows(length: int) -> tuple[tuple[int, int], ...]:
    """Divide a text of so many characters into parts that overlap by about half and together cover it.

    Gives the start and end of each; a short text has none.
    """
    if length < SHORTEST_DIVIDED:
        return ()
    size = max(min(_USUAL_SIZE, length // 2), ceil(2 * length / (_MOST + 1)))
    count = ceil(2 * (length - size) / size) + 1
    step = (length - size) / (count - 1)
    return (*((int(step * at), int(step * at) + size) for at in range(count - 1)), (length - size, length))
