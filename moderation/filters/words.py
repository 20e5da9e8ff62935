"""The site's own word lists: what it wants to see first, and what it never wants to see."""

from collections.abc import Iterator, Sequence
from itertools import islice

from moderation.filters.facts import Facts
from moderation.finglish import is_finglish
from moderation.readings import may_read_otherwise, readings
from moderation.signals import Evidence, Signal
from moderation.text import Folded, fold, fold_with_spans
from moderation.wordlists import WordList, compile_words, find_spellings, find_words

_SHOWN = 5
_NON_JOINERS = ("\u200c", "&zwnj", "&#")


def words(facts: Facts) -> Iterator[Signal]:
    """Notice WORDS_HOLD and WORDS_SPAM: whole words or phrases of the lists, in the fields that they are for.

    Letters are folded on both sides (case, Persian and Arabic forms, marks, zero-width characters); l33t and
    s p a c e d words are read too, and Persian words in Latin letters where the comment is Persian. A word only matches
    as a whole, `tit` is not in `title`, unless the list says otherwise (`tit*`).
    """
    lists = [
        (name, _compiled(listed))
        for name, listed in (("WORDS_HOLD", facts.policy.words_hold), ("WORDS_SPAM", facts.policy.words_spam))
        if listed
    ]
    if not lists:
        return
    originals = {
        "body": facts.body,
        "name": facts.name,
        "website": facts.website or "",
        "email": facts.email,
        "ip": facts.ip or "",
        "user_agent": facts.user_agent or "",
    }
    plain = {name: facts.folded if name == "body" else fold(text) for name, text in originals.items() if text}
    read: dict[str, list[Folded]] = {}
    for signal_name, listed in lists:
        found: dict[tuple[str, tuple[int, int]], None] = {}
        for name, text in plain.items():
            if len(found) < _SHOWN and _may_match(listed, originals[name], text, name):
                if name not in read:
                    read[name] = _read(originals[name])
                found |= dict.fromkeys((name, span) for span in islice(_spans(listed, read[name], name), _SHOWN))
        if found:
            evidence = (Evidence(originals[name][start:end], name, start, end) for name, (start, end) in found)
            yield Signal(signal_name, 1.0, tuple(evidence)[:_SHOWN])


def _may_match(listed: WordList, original: str, text: str, name: str) -> bool:
    """Say no fast, for most comments: nothing listed in the plain folded text, and no other way to read it."""
    return (
        next(find_words(listed, text, name), None) is not None
        or may_read_otherwise(text)
        or any(one in original for one in _NON_JOINERS)
        or (name == "body" and bool(listed.by_sound) and is_finglish(text))
    )


def _spans(listed: WordList, read: Sequence[Folded], name: str) -> Iterator[tuple[int, int]]:
    for reading in read:
        for start, end in find_words(listed, reading.text, name):
            yield reading.original_span(start, end)
    if name == "body":
        for start, end in find_spellings(listed, read[0].text):
            yield read[0].original_span(start, end)


def _read(text: str) -> list[Folded]:
    folded = fold_with_spans(text)
    joined = fold_with_spans(text, is_joined=True)
    return [folded, *readings(folded), *([joined] if joined.text != folded.text else [])]


# A site's list is compiled once per policy version and process. By identity: to compare, or only to hash, ten thousand
# words would cost more than to look for them.
_known: dict[int, tuple[Sequence[str], WordList]] = {}
_MOST_KNOWN = 64


def _compiled(listed: Sequence[str]) -> WordList:
    known = _known.get(id(listed))
    if known is not None and known[0] is listed:
        return known[1]
    made = compile_words(listed)
    if len(_known) >= _MOST_KNOWN:
        _known.pop(next(iter(_known)), None)
    _known[id(listed)] = (listed, made)
    return made
