"""Remember the batch that was read last: several models look at the same texts one after the other.

The shipped model, a site's own layer and the toxic model each ask for the features of the batch that is judged. Reading
it costs more than all of them together, so whoever asks second is given what the first one got.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

Result = TypeVar("Result")

# Characters: a usual batch; what is larger than this is not worth keeping.
MOST_CHARACTERS = 100_000


class LastBatch:
    """Keeps one batch and what was made of it. Threads may share one: what is kept is replaced whole."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[str, ...], object] | None = None

    def made_of(self, texts: Sequence[str], make: Callable[[], Result]) -> Result:
        """Return what `make`, a pure function of the texts, made of them, just now or before."""
        key = tuple(texts)
        kept = self._kept
        if kept is not None and kept[0] == key:
            return kept[1]  # type: ignore[return-value]
        made = make()
        self._kept = (key, made) if sum(map(len, key)) <= MOST_CHARACTERS else None
        return made
