"""The side features: the shape of a comment rather than its words, and whether it says what advertisements say.

Small alone, they are the best help on sites the model has never seen (links, contacts, digits, capitals, pictures, how
much folding had to undo, offers and calls). `features` puts them beside the hashed n-grams.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.learning import characters as kinds
from moderation.learning.characters import Characters
from moderation.promotions import find_promotions, strength_of
from moderation.text import Link

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
    "promotion",
)

_LONG_NUMBER = 7
_SHOUTED = 6  # letters; "OK" in capitals is no shouting
_REPEATED = 3

# What is counted in the text as it came.
_COUNTED = (
    kinds.LETTER, kinds.DIGIT, kinds.PICTURE, kinds.CURRENCY, kinds.UPPER, kinds.EXCLAMATION, kinds.PUNCTUATION,
    kinds.NEWLINE, kinds.INVISIBLE, kinds.ACCENT, kinds.STYLED, kinds.LESS, kinds.AT, kinds.LATIN,
    kinds.CYRILLIC_OR_GREEK,
)  # fmt: skip


# Those that stand beside the text as they are counted, and those that are shares of its length: column by kind.
_AS_COUNTED = {
    9: kinds.CURRENCY, 12: kinds.PICTURE, 13: kinds.EXCLAMATION, 15: kinds.NEWLINE, 17: kinds.ACCENT, 24: kinds.LESS,
}  # fmt: skip
_AS_SHARES = {8: kinds.DIGIT, 14: kinds.PUNCTUATION}
_COUNTED_COLUMNS = np.array(list(_AS_COUNTED))
_COUNTED_ROWS = np.array([_COUNTED.index(kind) for kind in _AS_COUNTED.values()])
_SHARE_COLUMNS = np.array(list(_AS_SHARES))
_SHARE_ROWS = np.array([_COUNTED.index(kind) for kind in _AS_SHARES.values()])


def side_features(
    found: Sequence[Sequence[Link]], raw: Characters, folded: Characters, texts: Sequence[str]
) -> npt.NDArray[np.float32]:
    """Measure texts as they came, their links, and the texts as folded; shape (texts, NAMES), each value about 0..1.

    `texts` are those of `folded`.
    """
    all_counted = raw.counts(_COUNTED)
    counted = dict(zip(_COUNTED, all_counted, strict=True))
    lengths = (raw.ends - raw.starts).astype(np.float32)
    sizes = np.maximum(lengths - 2, 1)
    letters = np.maximum(counted[kinds.LETTER], 1)
    table = np.empty((len(sizes), len(NAMES)), dtype=np.float32)
    table[:, :5] = _links(found, sizes)
    table[:, 5:8] = _contacts(raw, counted)
    table[:, _COUNTED_COLUMNS] = all_counted[_COUNTED_ROWS].T
    table[:, _SHARE_COLUMNS] = (all_counted[_SHARE_ROWS] / sizes).T
    table[:, 10] = np.where(letters >= _SHOUTED, counted[kinds.UPPER] / letters, 0)
    table[:, 11] = counted[kinds.PICTURE] > 0
    table[:, 16] = _disguise(raw, counted)
    table[:, 18] = counted[kinds.STYLED] / np.maximum(letters, sizes / 2)
    table[:, 19] = _mixed(raw, counted)
    table[:, 20] = _repeats(raw)
    table[:, 21:23] = _words(folded)
    table[:, 23] = np.maximum(lengths - (folded.ends - folded.starts), 0) / sizes
    table[:, 25] = [
        strength_of(find_promotions(text), has_link=bool(links)) for text, links in zip(texts, found, strict=True)
    ]
    table[:, _LOGGED] = np.minimum(np.log1p(table[:, _LOGGED]), 4) / 2
    return table


# Counts, which matter by their order of magnitude.
_LOGGED = np.array([
    NAMES.index(name)
    for name in (
        "links", "hosts", "mail", "handle", "long_number", "currency", "pictures", "exclamations", "lines", "invisible",
        "marks", "mixed_words", "repeats", "markup",
    )
])  # fmt: skip


def _links(found: Sequence[Sequence[Link]], sizes: Column) -> Column:
    columns = np.zeros((len(found), 5), dtype=np.float32)
    columns[:, 0] = np.log1p(sizes) / 8
    for at, links in enumerate(found):
        if links:
            length = sum(len(link.text) for link in links)
            columns[at, 1:] = (1, len(links), len({link.host for link in links}), length / sizes[at])
    return columns


def _contacts(raw: Characters, counted: Mapping[int, Column]) -> Column:
    columns = np.zeros((len(raw.starts), 3), dtype=np.float32)
    if counted[kinds.AT].any():
        # Marks stand around every text, so that there is a character on either side.
        ats = np.flatnonzero(raw.are(kinds.AT))
        word = raw.are(kinds.WORD)
        addresses = ats[word[ats + 1]]
        is_mail = word[addresses - 1]
        columns[:, 0] = _per_text(raw, addresses[is_mail])
        columns[:, 1] = _per_text(raw, addresses[~is_mail])
    if (counted[kinds.DIGIT] >= _LONG_NUMBER).any():
        columns[:, 2] = _per_text(raw, _runs(np.flatnonzero(raw.are(kinds.DIGIT)), _LONG_NUMBER))
    return columns


def _disguise(raw: Characters, counted: Mapping[int, Column]) -> Column:
    if not counted[kinds.INVISIBLE].any():
        return counted[kinds.INVISIBLE]
    places = np.flatnonzero(raw.are(kinds.INVISIBLE))
    # Between Persian letters the non-joiner is spelling, between pictures the joiner is.
    is_spelling = (raw.kinds[places] & np.uint32(kinds.JOINER)) != 0
    follows_alphabet = (raw.kinds[places - 1] & np.uint32(kinds.LATIN | kinds.CYRILLIC_OR_GREEK)) != 0
    return _per_text(raw, places[~is_spelling | follows_alphabet])


def _mixed(raw: Characters, counted: Mapping[int, Column]) -> Column:
    if not (counted[kinds.LATIN] * counted[kinds.CYRILLIC_OR_GREEK]).any():
        return np.zeros(len(raw.starts), dtype=np.float32)
    latin, other = raw.are(kinds.LATIN), raw.are(kinds.CYRILLIC_OR_GREEK)
    return _per_text(raw, np.flatnonzero((latin[1:] & other[:-1]) | (other[1:] & latin[:-1])))


def _repeats(raw: Characters) -> Column:
    same = raw.codes[1:] == raw.codes[:-1]
    # Most texts have no such run.
    if not (same[2:] & same[1:-1] & same[:-2]).any():
        return np.zeros(len(raw.starts), dtype=np.float32)
    return _per_text(raw, _runs(same.nonzero()[0], _REPEATED))


def _words(folded: Characters) -> Column:
    firsts, lasts = folded.words
    sizes = lasts - firsts
    lone = firsts[((folded.kinds[firsts] & np.uint32(kinds.LETTER)) != 0) & (sizes == 1)]
    count = np.maximum(_per_text(folded, firsts), 1)
    letters = np.bincount(folded.owners[firsts], sizes, minlength=len(count)).astype(np.float32)
    return np.stack((_per_text(folded, lone) / count, np.minimum(letters / count, 20) / 10), axis=1)


def _runs(places: npt.NDArray[np.int64], at_least: int) -> npt.NDArray[np.int64]:
    """Give the first of each run of places in a row that is at least this long."""
    begins = np.ones(len(places), dtype=np.bool_)
    begins[1:] = places[1:] - places[:-1] > 1
    firsts = begins.nonzero()[0]
    ends = np.empty_like(firsts)
    ends[:-1], ends[-1:] = firsts[1:], len(places)
    return places[firsts[ends - firsts >= at_least]]


def _per_text(of: Characters, places: npt.NDArray[np.int64]) -> Column:
    return np.bincount(of.owners[places], minlength=len(of.starts)).astype(np.float32)
