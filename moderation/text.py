"""One way of reading strangers' text: what is matched, where it stood in the original, what repeats, where it links to.

`facts` folds every comment once; the filters, the near-copy memory and the text model all match against that. Folding
undoes what writing systems and disguise vary without changing what people read. Links are found in the unfolded text.
"""

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from moderation.links import Link, find_links
from moderation.lookalikes import fold_lookalikes
from moderation.markup import has_markup, read_markup, without_markup

__all__ = ["Folded", "Link", "find_links", "fingerprint", "fold", "fold_with_spans", "stands_as_it_stood"]

# Arabic, Persian, Urdu, Kurdish and Pashto forms that readers take for one letter, after NFKD and without marks.
_LETTER_FORMS = str.maketrans("يىےېۍۑكڪةہھەۃۀ\u06c2", "ییییییککههههههه")

# Invisible to readers, though Unicode does not call them format characters or marks: Hangul and Khmer fillers.
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u034f")
_BLANK = frozenset(
    "\u200c\u2800"
)  # the zero-width non-joiner parts Persian words; the empty Braille cell shows nothing
_TATWEEL = "\u0640"
_FIRST_MARK = "\u0300"

# In scripts that never need it the non-joiner is disguise, not a gap between words.
_IDLE_NON_JOINER = re.compile("(?<=[A-Za-zÀ-ԯ])\u200c+(?=[A-Za-zÀ-ԯ])")

# Canonical combining classes (UAX 44): overlays, Hebrew and Arabic points, what stands above and below.
_ORNAMENTAL_CLASSES = (range(1, 2), range(10, 37), range(200, 255))
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x180B, 0x1810))

_MAX_CACHED = 20_000
# Markup inside markup is read so often; what is still some then is no markup.
_MAX_LAYERS = 3
_NO_MARKUP = str.maketrans("&<", "  ")

# ASCII without markup, the most frequent case by far, is folded by bytes: what `_fold_simple` makes of each of them.
_ASCII_SMALL = bytes(ord(" ") if chr(code).isspace() else code for code in range(128)).lower() + bytes(128)
_ASCII_CONTROLS = bytes(code for code in range(128) if not (chr(code).isprintable() or chr(code).isspace()))


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text that remembers, for each of its characters, the span of the original it came from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Give the span of the original (code points, end excluded) that `text[start:end]` came from.

        Positions outside the folded text are drawn to its edges; an empty span gives an empty span.
        """
        start = min(max(start, 0), len(self.text))
        end = min(max(end, start), len(self.text))
        if start == end:
            at = self.starts[start] if start < len(self.text) else (self.ends[-1] if self.ends else 0)
            return at, at
        return self.starts[start], self.ends[end - 1]


def fold(text: str, *, is_joined: bool = False) -> str:
    """Fold a text for matching, in linear time; folding twice changes nothing more.

    HTML entities and tags read through; NFKC and case folding; invisible characters, accents, harakat and tatweel
    dropped; the non-joiner read as a space; Arabic and Persian forms of a letter unified; every script's digits in
    ASCII; look-alike letters in the script of their word; white space collapsed. Marks that are vowels (Indic scripts,
    Thai) stay. With `is_joined` the non-joiner is dropped instead of read as a space.
    """
    for _ in range(_MAX_LAYERS):
        text = _fold_plain(without_markup(text) if has_markup(text) else text, is_joined=is_joined)
        if not has_markup(text):
            return text
    return _fold_plain(text.translate(_NO_MARKUP), is_joined=is_joined)


def _fold_plain(text: str, *, is_joined: bool) -> str:
    if text.isascii():
        return _collapsed(text.encode().translate(_ASCII_SMALL, _ASCII_CONTROLS).decode())
    folded = _composed(_without_idle_joiners(text, is_joined=is_joined).translate(_CHARACTERS))
    return _collapsed(fold_lookalikes(folded))


def _collapsed(text: str) -> str:
    """Leave single blanks between words; every white space is a blank already."""
    if "  " in text or text[:1] == " " or text[-1:] == " ":
        return " ".join(text.split())
    return text


def stands_as_it_stood(text: str, folded: str) -> bool:
    """Tell whether each character of a folded text stands where it came from: nothing was dropped, joined or collapsed.

    Most texts are so; some that are may be told not to be.
    """
    return (
        len(folded) == len(text)
        and not has_markup(text)
        and (text.isascii() or all(map(_ONE_FOR_ONE.__getitem__, set(text))))
    )


def fold_with_spans(text: str, *, is_joined: bool = False) -> Folded:
    """Fold as `fold` does, and remember where each character came from."""
    whole: Folded | None = None
    for _ in range(_MAX_LAYERS):
        if has_markup(text):
            text, spans = read_markup(text)
            read = Folded(text, tuple(start for start, _ in spans), tuple(end for _, end in spans))
            whole = _through(read, whole)
        folded = _fold_plain_with_spans(text, is_joined=is_joined)
        whole = _through(folded, whole)
        text = folded.text
        if not has_markup(text):
            return whole
    return _through(_fold_plain_with_spans(text.translate(_NO_MARKUP), is_joined=is_joined), whole)


def _through(later: Folded, earlier: Folded | None) -> Folded:
    """Lead the spans of a text back through the one that it was made from."""
    if earlier is None:
        return later
    return Folded(
        later.text,
        tuple(earlier.starts[start] for start in later.starts),
        tuple(earlier.ends[end - 1] for end in later.ends),
    )


def _fold_plain_with_spans(text: str, *, is_joined: bool) -> Folded:
    text = _without_idle_joiners(text, is_joined=is_joined)
    folded = _fold_plain(text, is_joined=is_joined)
    if stands_as_it_stood(text, folded):
        return Folded(folded, range(len(text)), range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    # What canonical composition may change, by place; joined at the end, since a letter can have any number of marks.
    composed: dict[int, list[str]] = {}
    for at, character in enumerate(text):
        piece = _CHARACTERS[ord(character)]
        if not piece:
            if ends and unicodedata.category(character).startswith("M"):
                ends[-1] = at + 1
        elif pieces and piece[0] >= _FIRST_MARK and _joins_the_one_before(piece[0]):
            composed.setdefault(len(pieces) - 1, [pieces[-1]]).append(piece)
            ends[-1] = at + 1
        else:
            pieces.append(piece)
            starts.append(at)
            ends.append(at + 1)
    for place, parts in composed.items():
        pieces[place] = _composed("".join(parts))
    return _collapse(pieces, starts, ends)


def fingerprint(text: str) -> str:
    """Give 32 hexadecimal characters that are equal for texts that fold alike (BLAKE2b of the folded text)."""
    return hashlib.blake2b(fold(text).encode(), digest_size=16).hexdigest()


def _collapse(pieces: list[str], starts: list[int], ends: list[int]) -> Folded:
    characters: list[str] = []
    kept_starts: list[int] = []
    kept_ends: list[int] = []
    for piece, start, end in zip(pieces, starts, ends, strict=True):
        for character in piece:
            if character != " ":
                characters.append(character)
                kept_starts.append(start)
                kept_ends.append(end)
            elif characters and characters[-1] != " ":
                characters.append(" ")
                kept_starts.append(start)
                kept_ends.append(end)
            elif characters:
                kept_ends[-1] = end
    if characters and characters[-1] == " ":
        for kept in (characters, kept_starts, kept_ends):
            kept.pop()
    return Folded(fold_lookalikes("".join(characters)), tuple(kept_starts), tuple(kept_ends))


def _without_idle_joiners(text: str, *, is_joined: bool) -> str:
    if "\u200c" not in text:
        return text
    if is_joined:
        return text.replace("\u200c", "\u200b")
    return _IDLE_NON_JOINER.sub(lambda found: "\u200b" * len(found.group()), text)


def _composed(text: str) -> str:
    """Normalise to NFC, in little more than linear time for any number of marks on one letter."""
    if unicodedata.is_normalized("NFC", text):
        return text
    # Python sorts the marks of a letter by insertion. Sorted beforehand (UAX 15, canonical ordering) they cost nothing.
    runs = itertools.groupby(text, lambda character: unicodedata.combining(character) > 0)
    ordered = (sorted(run, key=unicodedata.combining) if are_marks else run for are_marks, run in runs)
    return unicodedata.normalize("NFC", "".join(itertools.chain.from_iterable(ordered)))


def _is_one_for_one(character: str) -> bool:
    piece = _CHARACTERS[ord(character)]
    return len(piece) == 1 and not _joins_the_one_before(piece)


def _joins_the_one_before(character: str) -> bool:
    # Canonical composition only ever takes in marks and the vowels and finals of Hangul (UAX 15).
    return "\u1160" <= character <= "\u11ff" or unicodedata.category(character).startswith("M")


class _OneForOne(dict[str, bool]):
    """Whether a character folds to one that joins no other, worked out when first met; bounded as well."""

    def __missing__(self, character: str) -> bool:
        is_one = _is_one_for_one(character)
        if len(self) < _MAX_CACHED:
            self[character] = is_one
        return is_one


class _CharacterFolding(dict[int, str]):
    """What one character folds to, worked out when first met; bounded, since strangers choose the characters."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if len(self) < _MAX_CACHED:
            self[code] = folded
        return folded


def _fold_character(character: str) -> str:
    before, after = "", character
    while before != after:
        before = after
        after = "".join(
            _fold_simple(part) for part in unicodedata.normalize("NFKD", before.casefold()).translate(_LETTER_FORMS)
        )
        after = unicodedata.normalize("NFC", after)
    return after


def _fold_simple(character: str) -> str:
    if character in _BLANK or character.isspace():
        return " "
    category = unicodedata.category(character)
    if category == "Cs":  # half a surrogate pair cannot be encoded
        return "\ufffd"
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category in {"Cc", "Cf", "Me"} or character in _INVISIBLE or character == _TATWEEL:
        return ""
    return "" if category == "Mn" and _is_ornament(character) else character


def _is_ornament(character: str) -> bool:
    """Tell accents, harakat and points from the marks that are vowels of Indic scripts, Thai and their like."""
    is_selector = any(ord(character) in block for block in _SELECTORS)
    return is_selector or any(unicodedata.combining(character) in classes for classes in _ORNAMENTAL_CLASSES)


_CHARACTERS = _CharacterFolding()
_ONE_FOR_ONE = _OneForOne()
