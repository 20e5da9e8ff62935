"""Whether a comment has to do with its place: it repeats the title or its parent, or shares no word with either.

No list of stop words: words of fewer than four letters are left out in every language, and what common longer words two
texts share only makes the filter say less.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal
from moderation.text import fold

# Alphabets; where words are not parted by spaces nothing can be counted.
_WORD = re.compile("[a-zß-ɏͰ-ԯա-և֐-ۿݐ-ݿऀ-ൿ]{4,}", re.IGNORECASE)
# Endings differ, beginnings tell.
_STEM = 5
# Characters; strangers choose the texts, and two thousand of the longest would fill the memory.
_LONGEST_REMEMBERED = 1_000
# Measured on threads of labelled comments (docs/filters.md): of less, every third honest comment shares nothing either.
_LEAST_WORDS = 12
_LEAST_AROUND = 60
_WITHOUT_LINK = 0.5

_ANY_WORD = re.compile(r"\w+")
_RUN = 3
_LEAST_PASTED = 6
_PASTED_SHARE = 0.8
# A comment that is so much longer says more than what it repeats.
_LONGER, _AND = 1.6, 20


def is_comparable(body: str) -> bool:
    """Tell whether a comment is long enough to be expected to share words with its place."""
    words = _WORD.findall(body)
    return len(words) >= _LEAST_WORDS and len({word[:_STEM].lower() for word in words}) >= _LEAST_WORDS


def relevance(facts: Facts) -> Iterator[Signal]:
    """Notice PASTED (the comment is the post's title, or the comment it answers) and UNRELATED (no word in common)."""
    around = facts.surroundings
    for source, told in ((around.title, "the post's title"), (around.parent, "the comment that it answers")):
        if source and _is_pasted(facts.body, source):
            yield Signal("PASTED", 1.0, (Evidence(f"repeats {told}", field=""),))
            return
    if around.said and is_comparable(facts.body):
        texts = [text for text in (around.title, around.parent, *around.said) if text]
        known = frozenset[str]().union(*map(_stems, texts))
        own = _stems(facts.body)
        if len(own) >= _LEAST_WORDS and len(known) >= _LEAST_AROUND and own.isdisjoint(known):
            told = f"none of {len(own)} words in the title or the latest {len(around.said)} comments"
            strength = 1.0 if facts.links else _WITHOUT_LINK
            yield Signal("UNRELATED", strength, (Evidence(told, field=""),))


def _stems(text: str) -> frozenset[str]:
    return _remembered_stems(text) if len(text) <= _LONGEST_REMEMBERED else _stems_of(text)


# The same comments surround one after the other.
@lru_cache(maxsize=2_000)
def _remembered_stems(text: str) -> frozenset[str]:
    return _stems_of(text)


def _stems_of(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(fold(text)))


def _is_pasted(body: str, source: str) -> bool:
    if len(body) > len(source) * _LONGER + _AND:
        return False
    words = _ANY_WORD.findall(fold(body))
    runs = _runs(words)
    if len(words) < _LEAST_PASTED:
        return False
    return len(runs & _runs(_ANY_WORD.findall(fold(source)))) >= len(runs) * _PASTED_SHARE


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
