"""Several int8 weights of each n-gram side by side, summed up for all n-grams of a text at once.

The toxic model has ten tables of weights. Looking each up and adding it up by itself costs ten times what one costs;
here one look-up fetches eight of them as one number, and four sums grow in one number, each in sixteen bits of it: for
100 comments 1 ms became 0.15 ms. All of it is whole numbers, so that nothing is rounded.
"""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_AT_ONCE = 8
# So many numbers of eight bits fit into a sum of sixteen.
_MOST = 257
_EVERY_OTHER = np.uint64(0x00FF00FF00FF00FF)
_EIGHT_BITS = np.uint64(8)
# Makes an int8 a number from 0 on.
_UP = 128


class PackedTables:
    """Tables of the same length, ready to be summed up. Made of an int8 array of the shape (entries, tables)."""

    def __init__(self, tables: npt.NDArray[np.int8]) -> None:
        entries, self.count = tables.shape
        whole = -(-self.count // _AT_ONCE) * _AT_ONCE
        bytes_ = np.full((entries, whole), _UP, dtype=np.uint8)
        bytes_[:, : self.count] += tables.view(np.uint8)
        # The first of eight has the lowest bits, on every machine.
        self._packed = np.ascontiguousarray(bytes_.view("<u8").T.astype(np.uint64))

    def column(self, table: int) -> npt.NDArray[np.int8]:
        """Give one of the tables as it was."""
        shifted = self._packed[table // _AT_ONCE] >> np.uint64(8 * (table % _AT_ONCE))
        found: npt.NDArray[np.int8] = (shifted.astype(np.uint8) - np.uint8(_UP)).view(np.int8)
        return found

    def sums(self, places: npt.NDArray[np.int32], edges: Numbers) -> Numbers:
        """Sum up the entries at `places` from each edge to the next, by table; shape (len(edges) - 1, tables)."""
        sizes = np.diff(edges)
        pieces = -(-sizes // _MOST)
        last = np.cumsum(pieces)
        firsts = np.repeat(edges[:-1] - _MOST * (last - pieces), pieces) + _MOST * np.arange(len(places) and last[-1])
        totals = np.zeros((len(firsts) + 1, len(self._packed), 2, _AT_ONCE // 2), dtype=np.int64)
        for at, packed in enumerate(self._packed if len(places) else ()):
            found = packed.take(places)
            for odd in (0, 1):
                sums = np.add.reduceat((found >> (_EIGHT_BITS * np.uint64(odd))) & _EVERY_OTHER, firsts)
                totals[1:, at, odd] = sums.astype("<u8").view("<u2").reshape(-1, _AT_ONCE // 2)
        np.cumsum(totals, axis=0, out=totals)
        # Even tables and odd ones, in turn.
        by_table = totals.swapaxes(2, 3).reshape(len(totals), -1)[:, : self.count]
        by_edge: Numbers = by_table[last] - by_table[last - pieces] - _UP * sizes[:, None]
        return by_edge
