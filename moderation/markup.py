"""HTML read as a browser shows it: entities decoded, tags passed over. `text` folds what is left.

Only tags that exist are tags: "<3" and "a<b" stay. The attributes of links and pictures stay too, as words, since what
a comment links to is part of what it says.
"""

import html
import re

_INLINE_TEXT = "abbr b bdi bdo big cite code em font i ins kbd mark q s small span strike strong sub sup tt u wbr"
_INLINE = frozenset(_INLINE_TEXT.split())
_KEPT = frozenset({"a", "img", "iframe"})
_BLOCK_TEXT = "blockquote br center del div dd dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul"
_BLOCK = frozenset(_BLOCK_TEXT.split())
_NAMES = "|".join(sorted(_INLINE | _BLOCK | _KEPT, key=lambda name: (-len(name), name)))

_MARKUP = re.compile(
    rf"<!--[^<>]{{0,500}}-->|</?(?P<tag>{_NAMES})(?P<rest>(?:\s[^<>]*)?)/?>"
    r"|&(?:amp;)*(?P<entity>\#[0-9]{1,7};|\#x[0-9a-f]{1,6};|[a-z][a-z0-9]{1,31};)",
    re.IGNORECASE,
)


def has_markup(text: str) -> bool:
    """Tell whether a text holds tags or entities."""
    return ("<" in text or "&" in text) and _MARKUP.search(text) is not None


def without_markup(text: str) -> str:
    """Give the text as read."""
    return _MARKUP.sub(_shown, text)


def read_markup(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Give the text as `without_markup` does, and for each character the span of the original that it came from."""
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    at = 0
    for found in _MARKUP.finditer(text):
        start, end = found.span()
        shown = _shown(found)
        pieces += (text[at:start], shown)
        spans.extend((place, place + 1) for place in range(at, start))
        if found["tag"] and found["tag"].lower() in _KEPT:
            first, last = found.span("rest")
            spans += [(start, first), *((place, place + 1) for place in range(first, last)), (last, end)]
        else:
            spans.extend([(start, end)] * len(shown))
        at = end
    pieces.append(text[at:])
    spans.extend((place, place + 1) for place in range(at, len(text)))
    return "".join(pieces), spans


def _shown(found: re.Match[str]) -> str:
    if found["entity"]:
        written = f"&{found['entity']}"
        shown = html.unescape(written)
        # One that doesn't exist is text, but a sign that folds to nothing more.
        return shown if shown != written else f" {found['entity']}"
    tag = (found["tag"] or "").lower()
    if tag in _KEPT:
        return f" {found['rest']} "
    return " " if tag in _BLOCK else ""
