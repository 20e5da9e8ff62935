"""What kind of character each code point is, for whole batches at once.

`features` and `sides` need this for millions of characters; asking `unicodedata` once per code point ever met and
looking the rest up in a table is what makes them fast.
"""

import unicodedata
from dataclasses import dataclass

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

_LATIN_BLOCKS = (range(0x250), range(0x1E00, 0x1F00))
_CYRILLIC_AND_GREEK_BLOCKS = range(0x370, 0x530)
# Phonetic small capitals, and letters in squares and circles that NFKC leaves alone.
_ORNAMENTAL_BLOCKS = (range(0x1D00, 0x1D80), range(0x1F130, 0x1F18A))

_CODE_POINTS = 0x110000
_OPENING, _CLOSING = "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class Characters:
    """The code points of a batch of texts in one row, each text between two marks that no folded text contains.

    Shapes: `codes`, `kinds` (bits of this module) and `owners` (which text) have one entry per character; `starts` and
    `ends` one per text, both counting the marks. Every text has at least two entries, an empty one too.
    """

    codes: npt.NDArray[np.uint32]
    kinds: npt.NDArray[np.uint16]
    owners: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    def per_text(self, of: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Count the true entries of a mask over all characters, for each text."""
        counts = np.add.reduceat(of, self.starts, dtype=np.int32)
        return counts.astype(np.float32)

    def are(self, kinds: int) -> npt.NDArray[np.bool_]:
        """Tell for each character whether it is of any of these kinds."""
        found: npt.NDArray[np.bool_] = (self.kinds & np.uint16(kinds)) != 0
        return found


def line_up(texts: list[str]) -> Characters:
    """Put a batch of at least one text in a row."""
    joined = "".join(f"{_OPENING}{text}{_CLOSING}" for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32, copy=False)
    lengths = np.array([len(text) + 2 for text in texts], dtype=np.int64)
    ends = np.cumsum(lengths)
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    return Characters(codes, _TABLE.kinds_of(codes), owners, ends - lengths, ends)


class _Table:
    """The kind of every code point met so far; two megabytes, made when first used."""

    def __init__(self) -> None:
        self._kinds: npt.NDArray[np.uint16] | None = None

    def kinds_of(self, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint16]:
        if self._kinds is None:
            self._kinds = np.zeros(_CODE_POINTS, dtype=np.uint16)
        kinds = self._kinds[codes]
        if not kinds.all():
            for code in np.unique(codes[kinds == 0]).tolist():
                self._kinds[code] = _kind(code)
            kinds = self._kinds[codes]
        return kinds


_TABLE = _Table()


def _kind(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)
    kind = KNOWN | _KINDS_OF_CATEGORIES.get(category, _KINDS_OF_CATEGORIES.get(category[0], 0))
    if character.isspace():
        kind |= SPACE
    if kind & LETTER:
        kind |= _script(code)
    if not character.isascii() and _is_styled(character, category):
        kind |= STYLED
    return kind


# A category by its two letters first, then by the first one (UAX 44).
_KINDS_OF_CATEGORIES = {
    "Lu": LETTER | UPPER | WORD,
    "L": LETTER | WORD,
    "Nd": DIGIT | WORD,
    "N": WORD,
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
