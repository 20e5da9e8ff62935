"""The site's own word lists: what it wants to see first, and what it never wants to see."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from moderation.filters.facts import Facts
from moderation.readings import readings
from moderation.signals import Evidence, Signal
from moderation.text import Folded, fold, fold_with_spans

_WORD = re.compile(r"\w+")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Entry:
    """A listed word or phrase, folded, and where its first word starts in it."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class _WordList:
    """Entries by their first word, so that a text is read once however long the list is."""

    by_word: dict[str, tuple[_Entry, ...]]
    # Entries without a letter or digit (an emoji): found anywhere.
    bare: tuple[str, ...]


def words(facts: Facts) -> Iterator[Signal]:
    """Notice WORDS_HOLD and WORDS_SPAM: whole words or phrases of the lists, in body, name, website or email.

    Letters are folded on both sides (case, Persian and Arabic forms, marks, zero-width characters), l33t and
    s p a c e d words are read too, and a word only matches as a whole: `tit` is not in `title`.
    """
    fields = [
        (name, reading)
        for name, text in (
            ("body", facts.body),
            ("name", facts.name),
            ("website", facts.website or ""),
            ("email", facts.email),
        )
        for reading in _read(text)
    ]
    for signal_name, listed in (("WORDS_HOLD", facts.policy.words_hold), ("WORDS_SPAM", facts.policy.words_spam)):
        if not listed:
            continue
        compiled = _compile(listed)
        originals = {"body": facts.body, "name": facts.name, "website": facts.website or "", "email": facts.email}
        found = dict.fromkeys((name, span) for name, reading in fields for span in _find(reading, compiled))
        evidence = [Evidence(originals[name][start:end], name, start, end) for name, (start, end) in found]
        if evidence:
            yield Signal(signal_name, 1.0, tuple(evidence[:_SHOWN]))


def _read(text: str) -> list[Folded]:
    folded = fold_with_spans(text)
    return [folded, *readings(folded)]


# A site's list is compiled once per policy version and process.
@lru_cache(maxsize=64)
def _compile(listed: Sequence[str]) -> _WordList:
    by_word: dict[str, list[_Entry]] = {}
    bare = []
    for one in listed:
        text = fold(one)
        first = _WORD.search(text)
        if first:
            by_word.setdefault(first.group(), []).append(_Entry(text, first.start()))
        elif text:
            bare.append(text)
    return _WordList({word: tuple(entries) for word, entries in by_word.items()}, tuple(bare))


def _find(folded: Folded, listed: _WordList) -> Iterator[tuple[int, int]]:
    text = folded.text
    for word in _WORD.finditer(text):
        for entry in listed.by_word.get(word.group(), ()):
            start = word.start() - entry.offset
            end = start + len(entry.text)
            if start >= 0 and text.startswith(entry.text, start) and not _goes_on(text, end):
                yield folded.original_span(start, end)
    for bare in listed.bare:
        at = text.find(bare)
        if at >= 0:
            yield folded.original_span(at, at + len(bare))


def _goes_on(text: str, end: int) -> bool:
    """Tell whether a word continues across `end`."""
    return end < len(text) and bool(_WORD.match(text[end])) and bool(_WORD.match(text[end - 1]))
