"""What else a folded text may say: l33t written in letters, s p a c e d words closed up.

Both are guesses ("a b c d" may be a list, "mp3" is no word in disguise), so `text.fold` never makes them. The words
filter looks for its words in these readings too, and the text model learns from them beside the text itself.
"""

import re

from moderation.text import Folded, find_links

_LEET_AS_I = str.maketrans("013457$@!|+89", "oieastsaiitbg")
_LEET_AS_L = str.maketrans("013457$@!|+89", "oleastsalltbg")
_SIGNS = frozenset("013457$@!|+89")
_LEET_WORD = re.compile(r"(?<![\w$@!|+])[a-z0-9$@](?:[a-z0-9$@!|+]*[a-z0-9$@])?(?![\w$@])")
_LETTER = re.compile("[a-z]")

# Four single letters or more, by the same kinds of gap; two gaps in a row part words.
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .\-_*][^\W_]){3,}(?![^\W_])")
_SHORTEST = 3

# What is asked of every text, before anything slower.
_MAY_BE_SPACED = re.compile(r"[ .\-_*][^\W_][ .\-_*][^\W_][ .\-_*]")
_MAY_BE_LEET = re.compile(r"[0-9$@!|+](?:[a-z]|(?<=[a-z].))")


def readings(folded: Folded) -> list[Folded]:
    """Give the other readings of a folded text, none for most texts; their spans lead to the same original."""
    closed = _close_up(folded)
    found = [] if closed is folded else [closed]
    for table in (_LEET_AS_I, _LEET_AS_L):
        text = _spell_out(closed.text, table)
        if text not in (closed.text, *(one.text for one in found)):
            found.append(Folded(text, closed.starts, closed.ends))
    return found


def may_read_otherwise(folded: str) -> bool:
    """Tell whether a folded text may have other readings; hardly any has."""
    return not _SIGNS.isdisjoint(folded) or _MAY_BE_SPACED.search(folded) is not None


def for_the_model(folded: str) -> str:
    """Leave links out, close up spaced words, and add what l33t words spell behind the text.

    How an address is spelt says nothing of a comment: a model that reads it learns hosts by heart, and takes the
    numbers in a path for l33t. That there are links, and how many, it is told beside the text (`learning.sides`).
    """
    folded = _without_links(folded)
    closed = _SPACED.sub(lambda run: run.group()[::2], folded) if _MAY_BE_SPACED.search(folded) else folded
    if not _MAY_BE_LEET.search(closed):
        return closed
    # Word by word, since looking for the pattern in those without any such sign costs most of the time.
    signed = [word for word in closed.split(" ") if not _SIGNS.isdisjoint(word)]
    words = [word for one in signed for word in _LEET_WORD.findall(one) if len(word) >= _SHORTEST]
    return " ".join((closed, *(_spelt_out(word, _LEET_AS_I) for word in words if _is_leet(word))))


def _without_links(folded: str) -> str:
    links = find_links(folded)
    if not links:
        return folded
    kept: list[str] = []
    at = 0
    for link in links:
        kept += (folded[at : link.start], " ")
        at = link.end
    return " ".join("".join((*kept, folded[at:])).split())


def _spell_out(text: str, table: dict[int, int]) -> str:
    return text if _SIGNS.isdisjoint(text) else _LEET_WORD.sub(lambda word: _spelt_out(word.group(), table), text)


def _is_leet(word: str) -> bool:
    return bool(_LETTER.search(word)) and not _SIGNS.isdisjoint(word)


def _spelt_out(word: str, table: dict[int, int]) -> str:
    return word.translate(table) if _is_leet(word) else word


def _close_up(folded: Folded) -> Folded:
    kept: list[int] = []
    at = 0
    for run in _SPACED.finditer(folded.text):
        kept.extend(range(at, run.start()))
        # A gap that was wide in the original stands between words.
        kept.extend(
            place
            for place in range(run.start(), run.end())
            if (place - run.start()) % 2 == 0 or folded.ends[place] - folded.starts[place] > 1
        )
        at = run.end()
    if not at:
        return folded
    kept.extend(range(at, len(folded.text)))
    text, starts, ends = folded.text, folded.starts, folded.ends
    return Folded("".join(text[i] for i in kept), tuple(starts[i] for i in kept), tuple(ends[i] for i in kept))
