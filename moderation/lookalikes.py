"""Letters that look like letters of another script, and the folding of a mixed word into the script most of it is in.

Spam hides Latin letters in Cyrillic words and the other way round. `text` calls this after case folding, so the table
knows small letters only; a pair that looks alike only as capitals (В and B) is listed by its small letters. The pairs
are the Cyrillic and Greek part of the Unicode confusables (UTS 39) that spammers use, not the whole of it.
"""

import re

_CYRILLIC = "авекмнорстухіјѕһԁԛԝьзг"
_CYRILLIC_AS_LATIN = "abekmhopctyxijshdqwb3r"
_GREEK = "αβεηικμνορτυχωγ"
_GREEK_AS_LATIN = "abenikmvoptuxwy"
_LATIN = "abcehijkmopstxy"
_LATIN_AS_CYRILLIC = "авсеніјкморѕтху"

_INTO_LATIN = str.maketrans(_CYRILLIC + _GREEK, _CYRILLIC_AS_LATIN + _GREEK_AS_LATIN)
_INTO_CYRILLIC = str.maketrans(_LATIN, _LATIN_AS_CYRILLIC)

_LATIN_LETTER = re.compile("[a-z]")
_FOREIGN_LETTER = re.compile("[α-ωѐ-ӿԀ-ԯа-я]")
_CYRILLIC_LETTER = re.compile("[а-яѐ-ӿԀ-ԯ]")
_WORD = re.compile("[a-zα-ωа-яѐ-ӿԀ-ԯ]+")


def fold_lookalikes(text: str) -> str:
    """Write each word of mixed script in its dominant one; the length never changes.

    `text` is case-folded and without marks. A word of one script alone is left as it is, whatever it looks like.
    """
    if not (_FOREIGN_LETTER.search(text) and _LATIN_LETTER.search(text)):
        return text
    return _WORD.sub(_fold_word, text)


def _fold_word(found: re.Match[str]) -> str:
    word = found.group()
    latin = len(_LATIN_LETTER.findall(word))
    if latin in (0, len(word)):
        return word
    # Greek words with Latin letters in them are formulas more often than disguise: Latin or Cyrillic, nothing else.
    cyrillic = len(_CYRILLIC_LETTER.findall(word))
    return word.translate(_INTO_CYRILLIC if cyrillic > latin else _INTO_LATIN)
