"""A comment in a script, or between Persian and Arabic a language, that the site does not write in.

By script alone, without a model: which Latin language it is the letters do not tell, so all Latin ones are one.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from moderation.filters.facts import Facts
from moderation.finglish import is_finglish
from moderation.signals import Evidence, Signal

# Fewer letters are a name, a brand or a cheer.
_LEAST_LETTERS = 20
# A quotation or a name in another script leaves the rest in the site's own.
_SHARE = 0.8

_LETTERS = re.compile(r"[^\W\d_]+")
_RANGES = {
    "Latin": "A-Za-zÀ-ɏḀ-ỿ",
    "Cyrillic": "Ѐ-ԯ",
    "Greek": "Ͱ-Ͽἀ-῿",
    "Arabic": "ؠ-يٮ-ۓۺ-ۿݐ-ݿࢠ-ࣇﭐ-﷿ﹰ-ﻼ",
    "Hebrew": "א-ת",
    "Han": "㐀-䶿一-鿿𠀀-𪛟",
    # Japanese mixes them.
    "Kana": "ぁ-ヿ㐀-䶿一-鿿",
    "Hangul": "ᄀ-ᇿ가-힣",
    "Devanagari": "ऄ-ॡ",
    "Bengali": "অ-ৡ",
    "Gurmukhi": "ਅ-ੴ",
    "Gujarati": "અ-ૡ",
    "Tamil": "அ-ௗ",
    "Telugu": "అ-ౡ",
    "Kannada": "ಅ-ೡ",
    "Malayalam": "അ-ൡ",
    "Sinhala": "අ-ෆ",
    "Thai": "ก-ๆ",
    "Lao": "ກ-ໝ",
    "Myanmar": "က-ဪ",
    "Khmer": "ក-ឳ",
    "Georgian": "Ⴀ-ჿ",
    "Armenian": "Ա-և",
    "Ethiopic": "ሀ-ፚ",
}
_COUNTED = {script: re.compile(f"[{letters}]+") for script, letters in _RANGES.items()}

# Languages that are not, or not only, written in Latin letters (ISO 639-1, a few of 639-3).
_SCRIPTS_TEXT = """
    fa=Persian ur=Persian ps=Persian ckb=Persian ug=Persian sd=Persian,Devanagari ks=Persian,Devanagari ar=Arabic
    arz=Arabic ary=Arabic,Latin ku=Latin,Persian az=Latin,Cyrillic,Persian pa=Gurmukhi,Persian ms=Latin,Arabic he=Hebrew
    yi=Hebrew ru=Cyrillic uk=Cyrillic be=Cyrillic bg=Cyrillic mk=Cyrillic sr=Cyrillic,Latin bs=Latin,Cyrillic
    kk=Cyrillic,Latin,Persian ky=Cyrillic tg=Cyrillic,Persian mn=Cyrillic tt=Cyrillic,Latin uz=Latin,Cyrillic
    tk=Latin,Cyrillic el=Greek zh=Han yue=Han ja=Han,Kana ko=Hangul,Han hi=Devanagari,Latin mr=Devanagari ne=Devanagari
    sa=Devanagari bn=Bengali as=Bengali gu=Gujarati ta=Tamil te=Telugu kn=Kannada ml=Malayalam si=Sinhala th=Thai
    lo=Lao my=Myanmar km=Khmer ka=Georgian hy=Armenian am=Ethiopic ti=Ethiopic
"""
_SCRIPTS_OF = {
    language: frozenset(scripts.split(","))
    for language, _, scripts in (one.partition("=") for one in _SCRIPTS_TEXT.split())
}
_SUBTAGS = {"latn": "Latin", "cyrl": "Cyrillic", "arab": "Persian", "deva": "Devanagari"}

# Letters that Persian and its neighbours have and Arabic has not, and the other way round. ي and ك are no sign of
# Arabic: many Persian keyboards write them.
_PERSIAN = re.compile("[پچژگٹڈڑےڵڕۆێ]")
_ARABIC = re.compile("[ةإأىؤ]")
_ARTICLE = re.compile(r"(?<!\w)(?:[وفب]?ال|لل)[ء-ي]{2,}")
_WORDS_PERSIAN = re.compile(r"(?<!\w)(?:که|است|این|را|برای|های|می|نمی|هم|یک|شما|خیلی|اگر|نیست|کے|میں|ہے)(?!\w)")
_WORDS_ARABIC = re.compile(r"(?<!\w)(?:في|من|على|إلى|الى|هذا|هذه|التي|الذي|ما|لا|كان|يا|عن|مع|والله|شي|اللي)(?!\w)")
_CLEARLY = 3


def language(facts: Facts) -> Iterator[Signal]:
    """Notice LANGUAGE_OTHER: the comment is hardly in any script of the site's languages (`policy.languages`).

    Persian in Latin letters is FINGLISH instead, on a site that is written in Persian.
    """
    if not facts.policy.languages:
        return
    text = _without_links(facts.body)
    letters = len("".join(_LETTERS.findall(text)))
    if letters < _LEAST_LETTERS:
        return
    own = _scripts_of_all(facts.policy.languages)
    script = next((name for name, one in _COUNTED.items() if len("".join(one.findall(text))) >= letters * _SHARE), None)
    if script is None:
        return
    found = _within_arabic_script(text) if script == "Arabic" else script
    is_own = found in own or (script == "Arabic" and found == "Arabic script" and own & {"Arabic", "Persian"})
    if script == "Latin" and not is_own and "Persian" in own and is_finglish(facts.folded):
        yield Signal("FINGLISH", 1.0, (Evidence("Persian in Latin letters", field=""),))
    elif not is_own:
        yield Signal("LANGUAGE_OTHER", 1.0, (Evidence(found, field=""),))


@lru_cache(maxsize=64)
def _scripts_of_all(languages: tuple[str, ...]) -> frozenset[str]:
    return frozenset[str]().union(*map(_scripts, languages))


def _scripts(tag: str) -> frozenset[str]:
    """Return the scripts of a language tag; a script named in it (sr-Latn) is the only one."""
    first, *rest = tag.lower().replace("_", "-").split("-")
    named = [_SUBTAGS[one] for one in rest if one in _SUBTAGS]
    return frozenset(named) or _SCRIPTS_OF.get(first, frozenset({"Latin"}))


def _within_arabic_script(text: str) -> str:
    """Return Persian (and its neighbours), Arabic, or only `Arabic script` where the letters don't tell."""
    persian = len(_PERSIAN.findall(text)) + len(_WORDS_PERSIAN.findall(text))
    arabic = len(_ARABIC.findall(text)) + len(_ARTICLE.findall(text)) + len(_WORDS_ARABIC.findall(text))
    if arabic >= _CLEARLY and not persian:
        return "Arabic"
    if persian >= _CLEARLY and persian > arabic:
        return "Persian"
    return "Arabic script"


def _without_links(text: str) -> str:
    """Leave out what is plainly an address: near enough here, at a tenth of what finding links costs."""
    return " ".join(word for word in text.split() if "://" not in word and not (word.isascii() and "." in word[1:-1]))
