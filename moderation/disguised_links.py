"""Links that are written so that no program finds them: "evil dot com", "evil[.]com", "evil . com", "http:// evil.com".

`links` asks for these first and looks for ordinary links in what is left. Every repetition is bounded, so that hostile
text stays linear.
"""

import re
from collections.abc import Iterator

# A dot written as a word, in the languages met: English, Russian, Persian, Arabic, Indonesian.
_DOT = r"(?:\.|dot|punto|точка|نقطه|نقطة|titik)"
_BRACKETED = rf"\s{{0,2}}[\[({{<]\s{{0,2}}{_DOT}\s{{0,2}}[\])}}>]\s{{0,2}}"
_SPELT = r"\s{1,2}(?:dot|punto|точка|نقطه|نقطة|titik)\s{1,2}"
_APART = r"\s{1,2}\.\s{1,2}"
_HIDDEN_DOT = f"(?:{_BRACKETED}|{_SPELT}|{_APART})"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_SCHEME = r"(?:h(?:tt|xx)ps?|ftp)\s{0,2}:\s{0,2}//\s{0,3}"
_PATH = r"(?:/[^\s<>\"“”«»\[\]]*)?"

_LINK = re.compile(
    rf"(?P<scheme>{_SCHEME})?(?<![\w@.-])(?P<name>{_LABEL}(?:(?:\.|{_HIDDEN_DOT}){_LABEL}){{1,4}})(?P<path>{_PATH})",
    re.IGNORECASE,
)
_DOTS = re.compile(_HIDDEN_DOT, re.IGNORECASE)
_SPACED_SCHEME = re.compile(r"(?:h(?:tt|xx)ps?|ftp)(?:\s+:|:\s+|:\s{0,2}//\s)", re.IGNORECASE)
# What is asked of every text, before anything slower.
# The dot comes first in the pattern, since looking for one sign is fast.
_MAY_HIDE = re.compile(r"\.(?<=[\[({<\s]\.)(?=[\])}>\s])")
# Words before "dot com" that make it a manner of speaking.
_NO_NAMES = frozenset({"a", "an", "the", "this", "that", "of", "or", "and", "in"})


def spells_a_dot(lowered: str) -> bool:
    """Tell quickly whether a text, in small letters, holds a word for the dot."""
    # Written out, since a loop costs three times as much.
    if "dot" in lowered or "punto" in lowered or "titik" in lowered:
        return True
    return not lowered.isascii() and ("точка" in lowered or "نقطه" in lowered or "نقطة" in lowered)


def may_hide_a_link(text: str) -> bool:
    """Tell quickly whether a text without a word for the dot is worth a closer look."""
    return _MAY_HIDE.search(text) is not None or ("//" in text and _SPACED_SCHEME.search(text) is not None)


def disguised_links(text: str) -> Iterator[tuple[int, int, str, bool]]:
    """Give start, end, the name with plain dots, and whether a path, scheme or bracket says that a link is meant."""
    if not _DOTS.search(text) and not _SPACED_SCHEME.search(text):
        return
    for found in _LINK.finditer(text):
        name, scheme = found["name"], found["scheme"] or ""
        plain = _DOTS.sub(".", name)
        if plain == name and not _SPACED_SCHEME.match(scheme):
            continue
        is_meant = bool(scheme or found["path"] or re.search(r"[\[({<]", name))
        if is_meant or plain.partition(".")[0].lower() not in _NO_NAMES:
            yield found.start(), found.end(), plain, is_meant
