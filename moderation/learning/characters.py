"""What kind of character each code point is, for whole batches at once.

`features` and `sides` need this for millions of characters; asking `unicodedata` once per code point ever met and
looking the rest up in a table is what makes them fast.
"""

import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

KNOWN = 1
LETTER = 1 << 1
UPPER = 1 << 2
DIGIT = 1 << 3
SPACE = 1 << 4
WORD = 1 << 5
PUNCTUATION = 1 << 6
PICTURE = 1 << 7
INVISIBLE = 1 << 8
MARK = 1 << 9
STYLED = 1 << 10
LATIN = 1 << 11
CYRILLIC_OR_GREEK = 1 << 12
CURRENCY = 1 << 13
ACCENT = 1 << 14
JOINER = 1 << 15
NEWLINE = 1 << 16
AT = 1 << 17
EXCLAMATION = 1 << 18
LESS = 1 << 19
NUMBER = 1 << 20

_LATIN_BLOCKS = (range(0x250), range(0x1E00, 0x1F00))
_CYRILLIC_AND_GREEK_BLOCKS = range(0x370, 0x530)
# Phonetic small capitals, and letters in squares and circles that NFKC leaves alone.
_ORNAMENTAL_BLOCKS = (range(0x1D00, 0x1D80), range(0x1F130, 0x1F18A))

# Combining marks of alphabets and of symbols.
_ACCENT_BLOCKS = (range(0x300, 0x370), range(0x20D0, 0x2100))
_SIGNS = {"\u200c": JOINER, "\u200d": JOINER, "\n": NEWLINE, "@": AT, "!": EXCLAMATION, "<": LESS}

_CODE_POINTS = 0x110000
# Characters of one kind share a class; there are some fifty.
_MOST_CLASSES = 256
_OPENING, _CLOSING = "\x02", "\x03"
_BETWEEN = _CLOSING + _OPENING


@dataclass(frozen=True)
class Characters:
    """The code points of a batch of texts in one row, each text between two marks that no folded text contains.

    Shapes: `codes`, `kinds` (bits of this module) and `owners` (which text) have one entry per character; `starts` and
    `ends` one per text, both counting the marks. Every text has at least two entries, an empty one too. Not slotted:
    the words are asked for twice.
    """

    codes: npt.NDArray[np.uint32]
    kinds: npt.NDArray[np.uint32]
    owners: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    _classes: npt.NDArray[np.uint8]

    def between(self, first: int, last: int) -> "Characters":
        """Give the texts from `first` to `last` (excluded; at least one) as a row of their own."""
        begin, end = int(self.starts[first]), int(self.ends[last - 1])
        return Characters(
            self.codes[begin:end],
            self.kinds[begin:end],
            self.owners[begin:end] - first,
            self.starts[first:last] - begin,
            self.ends[first:last] - begin,
            self._classes[begin:end],
        )

    def are(self, kinds: int) -> npt.NDArray[np.bool_]:
        """Tell for each character whether it is of any of these kinds."""
        found: npt.NDArray[np.bool_] = (self.kinds & np.uint32(kinds)) != 0
        return found

    def with_signs(self, signs: tuple[tuple[int, int], ...]) -> npt.NDArray[np.uint32]:
        """Give the codes, and in place of those of a kind (any of its bits) its sign; of several the last."""
        found = _TABLE.signs_of_classes(signs)[self._classes]
        return np.where(found != 0, found, self.codes)

    @cached_property
    def words(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where each word begins, and where it ends (excluded)."""
        word = self.are(WORD)
        # A mark stands before each text and behind it, so that the borders of words come in pairs.
        borders = (word[1:] != word[:-1]).nonzero()[0] + 1
        return borders[0::2], borders[1::2]

    def counts(self, kinds: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Count for each text its characters of each kind (a single bit); shape (kinds, texts)."""
        is_of_kind = _TABLE.classes_by_kind(kinds)
        size = is_of_kind.shape[1]
        histogram = np.bincount(self.owners * size + self._classes, minlength=len(self.starts) * size)
        # Sums of whole numbers below 2**24, which float32 holds exactly in whatever order they are added.
        # By einsum, since a BLAS would wake its threads for so little.
        by_text = histogram.astype(np.float32).reshape(len(self.starts), size)
        counted: npt.NDArray[np.float32] = np.einsum("kc,tc->kt", is_of_kind, by_text)
        return counted


def line_up(texts: Sequence[str]) -> Characters:
    """Put a batch of at least one text in a row."""
    joined = f"{_OPENING}{_BETWEEN.join(texts)}{_CLOSING}"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32, copy=False)
    lengths = np.array([len(text) for text in texts], dtype=np.int64) + 2
    ends = np.cumsum(lengths)
    owners = np.repeat(np.arange(len(texts)), lengths)
    classes = _TABLE.classes_of(codes)
    return Characters(codes, _TABLE.kinds_of_classes()[classes], owners, ends - lengths, ends, classes)


class _Table:
    """The class of every code point met so far, one megabyte, made when first used; and what kind each class is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._classes: npt.NDArray[np.uint8] | None = None
        # Class 0 is that of code points not met yet.
        self._kinds = np.zeros(1, dtype=np.uint32)
        self._by_kind: dict[tuple[int, ...], npt.NDArray[np.float32]] = {}
        self._signs: dict[tuple[tuple[int, int], ...], npt.NDArray[np.uint32]] = {}

    def classes_of(self, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
        if self._classes is None:
            self._classes = np.zeros(_CODE_POINTS, dtype=np.uint8)
        classes = self._classes[codes]
        if not classes.all():
            self._learn(np.unique(codes[classes == 0]).tolist())
            classes = self._classes[codes]
        return classes

    def kinds_of_classes(self) -> npt.NDArray[np.uint32]:
        return self._kinds

    def classes_by_kind(self, kinds: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Tell (1 or 0) for each of these kinds which classes are of it; shape (kinds, classes)."""
        known = self._by_kind.get(kinds)
        if known is None or known.shape[1] < len(self._kinds):
            known = (np.array(kinds, dtype=np.uint32)[:, None] & self._kinds) != 0
            self._by_kind[kinds] = known = known.astype(np.float32)
        return known

    def signs_of_classes(self, signs: tuple[tuple[int, int], ...]) -> npt.NDArray[np.uint32]:
        """Give the sign of each class: of the kinds (any bit) that it is of, that of the last one; 0 for none."""
        known = self._signs.get(signs)
        if known is None or len(known) < len(self._kinds):
            of_class = self._kinds
            known = np.zeros(len(of_class), dtype=np.uint32)
            for kinds, sign in signs:
                known[of_class & np.uint32(kinds) != 0] = sign
            self._signs[signs] = known
        return known

    def _learn(self, codes: list[int]) -> None:
        with self._lock:
            numbers = {int(kind): number for number, kind in enumerate(self._kinds)}
            found = [(code, _kind(code)) for code in codes]
            for _, kind in found:
                numbers.setdefault(kind, len(numbers))
            if len(numbers) > _MOST_CLASSES:
                raise OverflowError("characters are of more kinds than one byte can tell")
            # The kinds first: whoever reads a class must find what it means.
            self._kinds = np.array(list(numbers), dtype=np.uint32)
            if self._classes is not None:
                for code, kind in found:
                    self._classes[code] = numbers[kind]


_TABLE = _Table()


def _kind(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)
    kind = KNOWN | _KINDS_OF_CATEGORIES.get(category, _KINDS_OF_CATEGORIES.get(category[0], 0))
    kind |= _SIGNS.get(character, 0)
    if character.isspace():
        kind |= SPACE
    if kind & LETTER:
        kind |= _script(code)
    if any(code in block for block in _ACCENT_BLOCKS):
        kind |= ACCENT
    if not character.isascii() and _is_styled(character, category):
        kind |= STYLED
    return kind


# A category by its two letters first, then by the first one (UAX 44).
_KINDS_OF_CATEGORIES = {
    "Lu": LETTER | UPPER | WORD,
    "L": LETTER | WORD,
    "Nd": NUMBER | DIGIT | WORD,
    "N": NUMBER | WORD,
    "M": WORD,
    "P": PUNCTUATION,
    "Pc": PUNCTUATION | WORD,
    "Sc": CURRENCY,
    "So": PICTURE,
    "S": PUNCTUATION,
    "Cf": INVISIBLE,
}


def _script(code: int) -> int:
    if any(code in block for block in _LATIN_BLOCKS):
        return LATIN
    return CYRILLIC_OR_GREEK if code in _CYRILLIC_AND_GREEK_BLOCKS else 0


def _is_styled(character: str, category: str) -> bool:
    """Tell mathematical, circled, full-width and small-capital letters from the letters of an alphabet."""
    if any(ord(character) in block for block in _ORNAMENTAL_BLOCKS):
        return True
    plain = unicodedata.normalize("NFKC", character)
    return plain != character and plain.isascii() and plain.isalnum() and category != "No"
