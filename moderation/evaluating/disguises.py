"""Disguises and links to measure with; other ones than the copies in training have, so that none is known by heart.

Pure. The same row and way give the same text.
"""

import random
import re
from collections.abc import Callable
from dataclasses import replace

from moderation.learning.rows import Row

_GREEK_AND_OTHERS = str.maketrans("AaBCcEeHIiJjKMNOoPpSsTuvXxyYZ", "ΑɑΒϹϲΕеΗΙіЈϳΚΜΝΟοΡрЅѕΤսνΧχуΥΖ")
_CYRILLIC_TO_LATIN = str.maketrans("авеорсхукАВЕМНОРСТХ", "abeopcxykABEMHOPCTX")
_ARABIC_FORMS = str.maketrans({"ی": "ى", "ک": "ك", "ه": "ھ"})
_LEET = str.maketrans({"a": "@", "e": "3", "i": "1", "o": "0", "s": "$", "t": "7", "l": "1", "b": "8"})
_UNSEEN = ("\u200b", "\u200c\u200c", "\u2063", "\u180e", "\u00ad")
_MARKS = ("\u0301", "\u0323", "\u0332", "\u0335", "\u034f")
_HARAKAT = ("\u064e", "\u0650", "\u0640")
_ARABIC = re.compile(r"[\u0621-\u064a\u066e-\u06d3]")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_TOUCHED = 0.6

_HOSTS = (
    *("www.dw.com", "www.nationalgeographic.com", "arxiv.org", "www.zeit.de", "www.nasa.gov", "www.lemonde.fr"),
    *("www.tasnimnews.com", "www.britannica.com", "www.goodreads.com", "www.arabnews.com", "www.kompas.com", "w3.org"),
)
_SLUG_WORDS = (
    "river teacher winter village museum garden history report library island orchestra bridge recipe planet forest "
    "election harvest medicine railway painting football dictionary harbour mountain language theatre weather novel"
)

Way = Callable[[str, random.Random], str]


def disguised(row: Row, way: Way) -> Row:
    """Disguise a row's body in one way of WAYS."""
    return replace(row, body=way(row.body, random.Random(row.id)))  # noqa: S311 - repeatable on purpose


def linked(row: Row) -> Row:
    """Append a link to some article, which says nothing of the comment."""
    chance = random.Random(row.id)  # noqa: S311 - repeatable on purpose
    path = "-".join(chance.choices(_SLUG_WORDS.split(), k=4))
    return replace(row, body=f"{row.body} https://{chance.choice(_HOSTS)}/{chance.randrange(10**5)}/{path}")


def _letters(text: str, chance: random.Random, change: Callable[[str], str]) -> str:
    return "".join(change(one) if one.isalpha() and chance.random() < _TOUCHED else one for one in text)


def _words(text: str, chance: random.Random, change: Callable[[str], str]) -> str:
    return "".join(
        change(piece) if piece.strip() and chance.random() < _TOUCHED else piece for piece in re.split(r"(\s+)", text)
    )


def _look_alikes(text: str, chance: random.Random) -> str:
    tables = (_GREEK_AND_OTHERS, _CYRILLIC_TO_LATIN, _ARABIC_FORMS)
    return _letters(text, chance, lambda one: next((new for t in tables if (new := one.translate(t)) != one), one))


def _unseen(text: str, chance: random.Random) -> str:
    return _letters(text, chance, lambda one: one + chance.choice(_UNSEEN))


def _marks(text: str, chance: random.Random) -> str:
    return _letters(text, chance, lambda one: one + chance.choice(_HARAKAT if _ARABIC.match(one) else _MARKS))


def _leet(text: str, chance: random.Random) -> str:
    return _letters(text, chance, lambda one: one.lower().translate(_LEET))


def _styled(text: str, chance: random.Random) -> str:
    style = chance.choice((0x1D5EE, 0x1D552, 0x1D4EA, 0x24D0))

    def change(word: str) -> str:
        return "".join(chr(style + ord(one) - 97) if "a" <= one <= "z" else one for one in word.lower())

    return _words(text, chance, change)


def _spaced(text: str, chance: random.Random) -> str:
    gap = chance.choice((" ", "·", "*", ". "))
    return _words(text, chance, lambda word: word if _LINK.match(word) else gap.join(word))


def _links(text: str, chance: random.Random) -> str:
    dot = chance.choice(("[.]", "(dot)", " dot ", "。"))

    def change(match: re.Match[str]) -> str:
        bare = re.sub(r"^https?://", "", match.group(), flags=re.IGNORECASE)
        host, slash, path = bare.partition("/")
        return chance.choice(("hxxp://", "")) + host.replace(".", dot) + slash + path

    return _LINK.sub(change, text)


def together(text: str, chance: random.Random) -> str:
    """Disguise in every way at once: each word in some of them, links in theirs."""

    def change(word: str) -> str:
        for way in chance.sample((_look_alikes, _unseen, _marks, _leet, _styled), 3):
            word = way(word, chance)
        return _spaced(word, chance) if chance.random() < _TOUCHED / 2 else word

    return _words(_links(text, chance), chance, change)


WAYS: dict[str, Way] = {
    "unseen characters": _unseen,
    "look-alike letters": _look_alikes,
    "styled letters": _styled,
    "combining marks": _marks,
    "l33t": _leet,
    "s p a c i n g": _spaced,
    "links": _links,
    "all together": together,
}
