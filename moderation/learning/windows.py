"""The parts of a comment that are judged on their own, since honest words around spam hide it from a sum over all.

`model` asks for them before it extracts features.
"""

from math import ceil

_SHORTEST_DIVIDED = 80
_USUAL_SIZE = 200
# A text of any length has no more parts than this; those of a long text are longer.
_MOST = 16
# How far to look for a space, so that no word is cut.
_REACH = 20


def windows(text: str) -> list[str]:
    """Cut a text into parts that overlap by about half and together cover it; a short one has none."""
    length = len(text)
    if length < _SHORTEST_DIVIDED:
        return []
    size = max(min(_USUAL_SIZE, length // 2), ceil(2 * length / (_MOST + 1)))
    count = ceil(2 * (length - size) / size) + 1
    step = (length - size) / (count - 1)
    return [_without_cut_words(text, int(step * at), int(step * at) + size) for at in range(count)]


def _without_cut_words(text: str, start: int, end: int) -> str:
    before = text.rfind(" ", max(start - _REACH, 0), start + 1) if start else 0
    behind = text.find(" ", end, end + _REACH)
    return text[before if before >= 0 else start : behind if behind >= 0 else min(end + _REACH, len(text))]
