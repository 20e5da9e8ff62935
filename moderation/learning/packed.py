"""Several int8 weights of each n-gram side by side, summed up for all n-grams of a text at once.

The toxic model has ten tables of weights. Looking each up and adding it up by itself costs ten times what one costs;
here one look-up fetches eight of them as one number, and four sums grow in one number, each in sixteen bits of it: for
100 comments 1 ms became 0.15 ms. All of it is whole numbers, so that nothing is rounded.
"""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_AT_ONCE = 8
# Of fewer entries each is added up by itself, in fewer steps.
_FEW = 1_000
# So many numbers of eight bits fit into a sum of sixteen.
_MOST = 257
_EVERY_OTHER = np.uint64(0x00FF00FF00FF00FF)
_EIGHT_BITS = np.uint64(8)
# Taken together with an int8, as bits, it makes a number from 0 on of it: 128 more.
_UP = 128
_ALL_UP = np.uint64(0x8080808080808080)


class PackedTables:
    """Tables of the same length, ready to be summed up. Made of an int8 array of the shape (entries, tables).

    `tables` has the same numbers in that shape, and further tables of zeros.
    """

    def __init__(self, tables: npt.NDArray[np.int8]) -> None:
        entries, self.count = tables.shape
        self.tables = np.zeros((entries, -(-self.count // _AT_ONCE) * _AT_ONCE), dtype=np.int8)
        self.tables[:, : self.count] = tables
        # All of an entry lies together: fetching it waits for the memory once.
        self._packed = self.tables.view(np.uint64)

    def sums(self, places: npt.NDArray[np.int32], edges: Numbers) -> Numbers:
        """Sum up the entries at `places` from each edge to the next, by table; shape (len(edges) - 1, tables)."""
        if 0 < len(places) <= _FEW:
            return self._sums_of_few(places, edges)
        # Not np.diff, which costs five times as much for few.
        sizes = edges[1:] - edges[:-1]
        pieces = -(-sizes // _MOST)
        last = np.cumsum(pieces)
        firsts = np.repeat(edges[:-1] - _MOST * (last - pieces), pieces) + _MOST * np.arange(len(places) and last[-1])
        totals = np.zeros((len(firsts) + 1, self._packed.shape[1], 2, _AT_ONCE // 2), dtype=np.int64)
        if len(places):
            found = self._packed.take(places, axis=0) ^ _ALL_UP
            for odd, numbers in enumerate((found & _EVERY_OTHER, (found >> _EIGHT_BITS) & _EVERY_OTHER)):
                for at in range(self._packed.shape[1]):
                    sums = np.add.reduceat(numbers[:, at], firsts)
                    totals[1:, at, odd] = sums.view(np.uint16).reshape(-1, _AT_ONCE // 2)
        np.cumsum(totals, axis=0, out=totals)
        # Even tables and odd ones, in turn.
        by_table = totals.swapaxes(2, 3).reshape(len(totals), -1)[:, : self.count]
        by_edge: Numbers = by_table[last] - by_table[last - pieces] - _UP * sizes[:, None]
        return by_edge

    def _sums_of_few(self, places: npt.NDArray[np.int32], edges: Numbers) -> Numbers:
        # Of two equal edges reduceat would give the entry behind them.
        has_some = edges[1:] > edges[:-1]
        sums = np.zeros((len(has_some), self.count), dtype=np.int64)
        found = self.tables.take(places, axis=0)[:, : self.count]
        sums[has_some] = np.add.reduceat(found, edges[:-1][has_some], axis=0, dtype=np.int64)
        return sums
