"""What advertisements say in any place: an offer of a well-known kind, and a call to come and get it.

The list (`promotions.toml`) was written by hand. Texts are folded by `text`.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from moderation.text import fold

Kind = Literal["certain", "possible", "pressing", "plain"]

# How many different words of one kind of offer there are: "I asked for a loan on their site" has one, and a call.
_THREE_OF_A_KIND, _TWO_OF_A_KIND = 3, 2
_CERTAIN, _LIKELY, _TALK, _CALL = 1.0, 0.6, 0.3, 0.1

# A word, or one of the signs that stand for words.
_WORD = re.compile(r"\w+|[🍑🍆💦👅🔞]")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Folded words that stand side by side, what they are, and the offer (a table of the file) that they belong to."""

    words: tuple[str, ...]
    kind: Kind
    offer: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """A phrase of the list, and where it stands in the folded text."""

    phrase: Phrase
    start: int
    end: int


# A filter and the text model ask about the same comment, one batch after the other.
@lru_cache(maxsize=256)
def find_promotions(folded: str) -> tuple[Promotion, ...]:
    """Return the phrases of the list that stand in a folded text, in order; linear in its length."""
    phrases = _phrases()
    # The fast no, which most comments get.
    if phrases.keys().isdisjoint(_WORD.findall(folded)):
        return ()
    words = list(_WORD.finditer(folded))
    texts = [word.group() for word in words]
    found = []
    for at, text in enumerate(texts):
        # The longest that begins here: "online casino bonus" is not "casino" as well.
        for phrase in phrases.get(text, ()):
            length = len(phrase.words)
            if tuple(texts[at : at + length]) == phrase.words:
                found.append(Promotion(phrase, words[at].start(), words[at + length - 1].end()))
                break
    return tuple(found)


def strength_of(found: Sequence[Promotion], *, has_link: bool) -> float:
    """Say from 0 to 1 how much of an advertisement the phrases make; a link calls as a phrase does."""
    if not found:
        return 0.0
    kinds = {one.phrase.kind for one in found}
    if kinds & {"certain", "pressing"}:
        return _CERTAIN
    of_offer: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for one in found:
        if one.phrase.kind == "possible":
            of_offer[one.phrase.offer].add(one.phrase.words)
    most = max(map(len, of_offer.values()), default=0)
    is_called = "plain" in kinds or has_link
    if most >= _THREE_OF_A_KIND or (most >= _TWO_OF_A_KIND and is_called):
        return _CERTAIN
    if most and is_called:
        return _LIKELY
    if most >= _TWO_OF_A_KIND:
        return _TALK
    return _CALL if "plain" in kinds else 0.0


@cache
def _phrases() -> dict[str, list[Phrase]]:
    """Read the list: phrases by their first word, the longest first."""
    listed = tomllib.loads(files("moderation").joinpath("promotions.toml").read_text("utf-8"))
    by_first: dict[str, dict[tuple[str, ...], Phrase]] = {}
    for offer, kinds in listed.items():
        for kind, texts in kinds.items():
            for text in texts:
                # Persian words are written with a non-joiner, a blank, or neither.
                for folded in (fold(text), fold(text, is_joined=True)):
                    words = tuple(_WORD.findall(folded))
                    by_first.setdefault(words[0], {}).setdefault(words, Phrase(words, kind, offer))
    return {first: sorted(found.values(), key=lambda one: -len(one.words)) for first, found in sorted(by_first.items())}
