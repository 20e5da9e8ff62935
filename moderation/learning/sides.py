"""The side features: the shape of a comment rather than its words.

Small alone, they are the best help on sites the model has never seen (links, contacts, digits, capitals, pictures, and
how much folding had to undo). `features` puts them beside the hashed n-grams.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.learning import characters as kinds
from moderation.learning.characters import Characters
from moderation.text import find_links

Column = npt.NDArray[np.floating[Any]]

NAMES = (
    "length",
    "link",
    "links",
    "hosts",
    "link_share",
    "mail",
    "handle",
    "long_number",
    "digit_share",
    "currency",
    "capital_share",
    "picture",
    "pictures",
    "exclamations",
    "punctuation_share",
    "lines",
    "invisible",
    "marks",
    "styled_share",
    "mixed_words",
    "repeats",
    "lone_letters",
    "word_length",
    "shrunk",
    "markup",
)

_NEWLINE, _AT, _EXCLAMATION, _LESS = 10, 64, 33, 60
_COMBINING_MARKS = range(0x300, 0x370)
_MARKS_FOR_SYMBOLS = range(0x20D0, 0x2100)
_NON_JOINER, _JOINER = 0x200C, 0x200D
_LONG_NUMBER = 7
_SHOUTED = 6  # letters; "OK" in capitals is no shouting
_REPEATED = 3


def side_features(texts: list[str], raw: Characters, folded: Characters) -> npt.NDArray[np.float32]:
    """Measure texts as they came and as folded; shape (texts, NAMES), each value about 0..1."""
    sizes = np.maximum(raw.ends - raw.starts - 2, 1).astype(np.float32)
    letters = np.maximum(raw.per_text(raw.are(kinds.LETTER)), 1)
    digits = raw.are(kinds.DIGIT)
    pictures = raw.per_text(raw.are(kinds.PICTURE))
    columns = [
        np.log1p(sizes) / 8,
        *_links(texts, sizes),
        *_contacts(raw),
        _logged(_runs(raw, digits, _LONG_NUMBER)),
        raw.per_text(digits) / sizes,
        _logged(raw.per_text(raw.are(kinds.CURRENCY))),
        np.where(letters >= _SHOUTED, raw.per_text(raw.are(kinds.UPPER)) / letters, 0),
        (pictures > 0).astype(np.float32),
        _logged(pictures),
        _logged(raw.per_text(raw.codes == _EXCLAMATION)),
        raw.per_text(raw.are(kinds.PUNCTUATION)) / sizes,
        _logged(raw.per_text(raw.codes == _NEWLINE)),
        *_disguise(raw, sizes, letters),
        *_words(folded),
        np.maximum((raw.ends - raw.starts) - (folded.ends - folded.starts), 0) / sizes,
        _logged(raw.per_text(raw.codes == _LESS)),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _links(texts: list[str], sizes: Column) -> list[Column]:
    counts, hosts, lengths = (np.zeros(len(texts), dtype=np.float32) for _ in range(3))
    for at, text in enumerate(texts):
        links = find_links(text)
        if links:
            counts[at] = len(links)
            hosts[at] = len({link.host for link in links})
            lengths[at] = sum(len(link.text) for link in links)
    return [(counts > 0).astype(np.float32), _logged(counts), _logged(hosts), lengths / sizes]


def _contacts(raw: Characters) -> list[Column]:
    at = raw.codes == _AT
    word = raw.are(kinds.WORD)
    after_word = np.concatenate(([False], word[:-1]))
    before_word = np.concatenate((word[1:], [False]))
    mails = raw.per_text(at & after_word & before_word)
    return [_logged(mails), _logged(raw.per_text(at & ~after_word & before_word))]


def _disguise(raw: Characters, sizes: Column, letters: Column) -> list[Column]:
    latin, other = raw.are(kinds.LATIN), raw.are(kinds.CYRILLIC_OR_GREEK)
    before = np.concatenate((raw.kinds[:1], raw.kinds[:-1]))
    follows_alphabet = (before & np.uint16(kinds.LATIN | kinds.CYRILLIC_OR_GREEK)) != 0
    # Between Persian letters the non-joiner is spelling, between pictures the joiner is.
    is_spelling = (raw.codes == _NON_JOINER) | (raw.codes == _JOINER)
    invisible = raw.are(kinds.INVISIBLE) & (~is_spelling | follows_alphabet)
    accents = _within(raw, _COMBINING_MARKS) | _within(raw, _MARKS_FOR_SYMBOLS)
    mixed = np.zeros(len(raw.codes), dtype=np.bool_)
    mixed[1:] = (latin[1:] & other[:-1]) | (other[1:] & latin[:-1])
    return [
        _logged(raw.per_text(invisible)),
        _logged(raw.per_text(accents)),
        raw.per_text(raw.are(kinds.STYLED)) / np.maximum(letters, sizes / 2),
        _logged(raw.per_text(mixed)),
        _logged(_runs(raw, _same_as_before(raw), _REPEATED)),
    ]


def _words(folded: Characters) -> list[Column]:
    word = folded.are(kinds.WORD)
    begins = word.copy()
    begins[1:] &= ~word[:-1]
    lone = begins & folded.are(kinds.LETTER)
    lone[:-1] &= ~word[1:]
    count = np.maximum(folded.per_text(begins), 1)
    return [folded.per_text(lone) / count, np.minimum(folded.per_text(word) / count, 20) / 10]


def _within(of: Characters, block: range) -> npt.NDArray[np.bool_]:
    return (of.codes >= block.start) & (of.codes < block.stop)


def _same_as_before(of: Characters) -> npt.NDArray[np.bool_]:
    same = np.zeros(len(of.codes), dtype=np.bool_)
    same[1:] = of.codes[1:] == of.codes[:-1]
    return same


def _runs(of: Characters, mask: npt.NDArray[np.bool_], at_least: int) -> Column:
    """Count for each text the runs of a mask that are at least this long."""
    begins = mask.copy()
    begins[1:] &= ~mask[:-1]
    firsts = np.flatnonzero(begins)
    ends_at = mask.copy()
    ends_at[:-1] &= ~mask[1:]
    long = np.flatnonzero(ends_at) - firsts + 1 >= at_least
    return np.bincount(of.owners[firsts[long]], minlength=len(of.starts)).astype(np.float32)


def _logged(counts: Column) -> Column:
    return np.minimum(np.log1p(counts), 4) / 2
