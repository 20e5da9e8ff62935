"""Letters that pass for others: what hides words from filters and from nobody else.

Folding (`text`) undoes most of it, so that it hides nothing; that it was tried is evidence by itself. Hardly an honest
comment has any: accents, emoji, the non-joiner of Persian and words of two scripts side by side are none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from moderation.lookalikes import is_mixed

_CERTAIN, _LIKELY = 1.0, 0.5

# Mathematical alphabets, letters in circles, squares and parentheses, full width, phonetic small capitals.
_STYLED = "𝐀-𝟿🄐-🅉🅐-🅩🅰-🆉ⒶⒷ-ⓩ⒜-⒵Ａ-Ｚａ-ｚᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"
# A formula or a blood group has one or two.
_LEAST_STYLED = 3
# Where full width is how Latin letters are written anyway.
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FULL_WIDTH = re.compile("[Ａ-Ｚａ-ｚ]")
# Flags are two of these without a gap.
_REGIONAL = re.compile("[🇦-🇿](?:[\\s\u200b-\u200d.·-]{1,3}[🇦-🇿]){2,}")

# Between letters of scripts that never need them: joiners, spaces of no width, fillers, marks of direction.
_HIDDEN = "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u034f\u115f\u1160\u3164\u180e"
_LETTER = "A-Za-zÀ-ɏͰ-ԯ"
_HIDDEN_INSIDE = re.compile(f"(?<=[{_LETTER}])[{_HIDDEN}]+(?=[{_LETTER}])")
# Copied from a web page, a text may bring a few.
_MANY_HIDDEN = 5

# Lines through, under and around letters, or several marks on one; no language writes Latin or Cyrillic so.
_OVERLAID = re.compile(f"[{_LETTER}0-9](?:[\u0305\u0332-\u0338\u033f\u0488\u0489\u20d0-\u20f0]|[\u0300-\u036f]{{3}})")
_LEAST_OVERLAID = 3

# Five single letters or more, by one kind of gap: laughter and abbreviations are shorter or of one letter.
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:([ .\-_*·•])[^\W\d_])(?:\1[^\W\d_]){3,}(?![^\W_])")
_LEAST_DIFFERENT = 3
_WORD = re.compile(r"[^\W\d_]{3,}")
_TWO_SCRIPTS = re.compile("[a-zA-Z][^\\W\\d_a-zA-ZÀ-ɏ]|[^\\W\\d_a-zA-ZÀ-ɏ][a-zA-Z]")

# What is asked of every text, before anything slower.
_MAY_BE_SPACED = re.compile(r"([ .\-_*·•])[^\W_]\1[^\W_]\1")
_ANY = re.compile(f"[{_STYLED}🇦-🇿{_HIDDEN}\u0300-\u036f\u0488\u0489\u20d0-\u20f0Ͱ-ԯᎠ-᏿Ա-֏ꓐ-꓿ᐁ-ᙿ𐐀-𐑏Ⲁ-⳿]")


@dataclass(frozen=True, slots=True)
class Disguise:
    """Where letters are disguised in the original text, and how surely: 1, or ½ where it may be chance."""

    strength: float
    start: int
    end: int


def find_disguises(text: str) -> list[Disguise]:
    """Return where letters are disguised, in order; linear in the length of the text."""
    found = list(_spaced(text)) if _MAY_BE_SPACED.search(text) else []
    if not text.isascii() and _ANY.search(text):
        found += (*_styled(text), *_mixed(text), *_hidden(text), *_overlaid(text))
        found.sort(key=lambda one: one.start)
    return found


_STYLED_RUN = re.compile(f"[{_STYLED}](?:[^\\S\n]?[{_STYLED}])*")


def _styled(text: str) -> Iterator[Disguise]:
    yield from (Disguise(_CERTAIN, *run.span()) for run in _REGIONAL.finditer(text))
    runs = list(_STYLED_RUN.finditer(text))
    if runs and _EAST_ASIAN.search(text):
        runs = [run for run in runs if not _FULL_WIDTH.match(run.group())]
    if sum(len(run.group().replace(" ", "")) for run in runs) >= _LEAST_STYLED:
        yield from (Disguise(_CERTAIN, *run.span()) for run in runs)


def _mixed(text: str) -> Iterator[Disguise]:
    if not _TWO_SCRIPTS.search(text):
        return
    words = [word for word in _WORD.finditer(text) if is_mixed(word.group())]
    strength = _CERTAIN if len(words) > 1 else _LIKELY
    yield from (Disguise(strength, *word.span()) for word in words)


def _hidden(text: str) -> Iterator[Disguise]:
    places = list(_HIDDEN_INSIDE.finditer(text))
    strength = _CERTAIN if len(places) >= _MANY_HIDDEN else _LIKELY
    # With the letters around them, since they can't be seen.
    yield from (Disguise(strength, place.start() - 1, place.end() + 1) for place in places)


def _overlaid(text: str) -> Iterator[Disguise]:
    places = list(_OVERLAID.finditer(text))
    if len(places) >= _LEAST_OVERLAID:
        yield from (Disguise(_CERTAIN, *place.span()) for place in places)


def _spaced(text: str) -> Iterator[Disguise]:
    for run in _SPACED.finditer(text):
        if len(set(run.group()[::2].lower())) >= _LEAST_DIFFERENT:
            yield Disguise(_LIKELY, *run.span())
