"""What the shipped models hold in memory: their weights when loaded, and what reading comments adds to that.

Measured as the process's own memory (USS), so that what it shares with others doesn't count. kB are 10^3 bytes.
"""

import gc

import psutil

# What a process has anyway before it loads a model.
import moderation.screening  # noqa: F401
from benchmarks.comments import comments
from moderation.filters import BUILT_IN  # noqa: F401
from moderation.learning.model import TextModel
from moderation.learning.toxic import ToxicModel

_BATCH, _COMMENTS = 100, 4_000


def main() -> None:
    """Load one after the other, then let them read."""
    texts = [row.body for row in comments(_COMMENTS)[1]]
    before = _own()
    text_model = TextModel.load()
    spam = _own()
    toxic_model = ToxicModel.load()
    toxic = _own()
    for at in range(0, len(texts), _BATCH):
        text_model.predict(texts[at : at + _BATCH])
        toxic_model.predict(texts[at : at + _BATCH])
    read = _own()
    for name, kilobytes in (
        ("weights of the text model", spam - before),
        ("weights of the toxic model", toxic - spam),
        (f"arrays and remembered characters after {len(texts):,} comments", read - toxic),
        ("in all", read - before),
    ):
        print(f"{kilobytes / 1e3:8,.0f} kB  {name}")


def _own() -> int:
    gc.collect()
    return int(psutil.Process().memory_full_info().uss)


if __name__ == "__main__":
    main()
