"""Strangers' text made harmless: it can't mention, link, format or reorder anything in a message of ours. Pure.

Comes before every format but `standard`. What a vendor reads as markup is escaped by that vendor's module; here goes
what every chat and mail program makes of plain text by itself: links, mentions, direction, height.
"""

import re
import unicodedata
from collections.abc import Callable

from wcwidth import iter_graphemes

from moderation.domains import is_known_end

MORE = "…"
# Where there is nothing to say and something has to stand.
NOTHING = "–"
# First strong isolate: what stands inside has a direction of its own, and moves nothing outside (UAX 9, 2.4).
_ISOLATE, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = "\u200f"
# Word joiner: not seen, and no part of a name after @ or #.
_BREAK = "\u2060"

# Rows of marks on one letter climb over the lines above; no writing needs more than a few.
_MOST_MARKS = 6
# Code points of what is seen as one sign; a family of emoji has eleven. What is longer is made to be, and may be cut.
_MOST_IN_ONE = 32

_ENDS_OF_LINE = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
# Controls, and signs that aren't seen: direction, joiners of words, tags. Not the (zero width) non-joiner and joiner,
# which Persian and emoji are written with.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"[^\S\n]+")
_MARK = (
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u0e31"
    "\u0e34-\u0e3a\u0e47-\u0e4e\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]"
)
_MARKS = re.compile(f"({_MARK}{{{_MOST_MARKS}}}){_MARK}+")

# `https://` becomes `https[:]//` and `evil.com` becomes `evil[.]com`: as analysts write, and no program links.
_SCHEME = re.compile(r"(?<=\w):(?=//)|\b((?i:mailto|tel|sms|callto|skype|data|javascript|magnet|xmpp|geo)):(?=\S)")
_DOT = re.compile(r"(?<=[\w)\]-])[.。．｡](?=([^\W_](?:[^\W_]|-){1,62}))")
_LATIN = re.compile("[a-z0-9-]+")
_BARE_DOT = re.compile(r"(?i:(?<=\bwww)|(?<=\bftp))\.")
# A mention, a topic, a channel, an emoji by its name, a command.
_CALL = re.compile(r"([@＠#＃~])(?=[\w&!+-])|(:)(?=[a-zA-Z0-9_+-]+:)|(\$)(?=[a-zA-Z])|((?<![\w/])/)(?=\w)")


def clean(text: str, lines: int = 1) -> str:
    """Return the text without what can't be seen, in so many lines at most; one line is what names and titles get."""
    text = _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", _UNSEEN.sub("", _ENDS_OF_LINE.sub("\n", text)))
    text = _MARKS.sub(r"\1", _SPACES.sub(" ", text))
    kept = [line for line in (one.strip() for one in text.split("\n")) if line]
    if lines == 1:
        return _defuse(" ".join(kept))
    more = [MORE] if len(kept) > lines else []
    return _defuse("\n".join(kept[:lines] + more))


def _defuse(text: str) -> str:
    """Break what programs make links and mentions of."""
    text = _SCHEME.sub(lambda found: f"{found[1] or ''}[:]", text)
    text = _BARE_DOT.sub("[.]", _DOT.sub(lambda found: "[.]" if _is_end(found[1]) else found[0], text))
    return _CALL.sub(lambda found: found[0] + _BREAK, text)


def _is_end(label: str) -> bool:
    """Tell whether a name on the internet may end in this, or in the Latin letters that it starts with."""
    label = label.lower().rstrip("-")
    latin = _LATIN.match(label)
    return label.startswith("xn--") or is_known_end(label) or bool(latin and is_known_end(latin[0]))


def units(text: str) -> int:
    """Count as the vendors' programs do: UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf8(text: str) -> int:
    """Count bytes."""
    return len(text.encode())


def cut(text: str, room: int, cost: Callable[[str], int] = units) -> str:
    """Return as much of the text as fits into `room`, counted by `cost`; what is cut ends in … and between two signs.

    `cost` must be a sum over characters, so that what it counts may be what an escaped text takes.
    """
    room_before_more = room - cost(MORE)
    end = kept = spent = 0
    for sign in iter_graphemes(text):
        for piece in [sign] if len(sign) <= _MOST_IN_ONE else sign:
            spent += cost(piece)
            if spent > room:
                return text[:kept].rstrip() + MORE if room_before_more >= 0 else ""
            end += len(piece)
            if spent <= room_before_more:
                kept = end
    return text


def isolated(text: str) -> str:
    """Return the text so that its direction is its own, line by line, since an isolate ends where a line does."""
    return "\n".join(f"{_ISOLATE}{line}{_END}" for line in text.split("\n")) if text else ""


def aligned(text: str) -> str:
    """Return the lines isolated, those that run from right to left with a mark before them.

    A program that finds a line's direction out by itself looks past what is isolated (UAX 9, P2).
    """
    return "\n".join((_RIGHT_TO_LEFT if runs_right_to_left(line) else "") + isolated(line) for line in text.split("\n"))


def runs_right_to_left(text: str) -> bool:
    """Tell the direction of a text by its first strong letter, as UAX 9 does."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
