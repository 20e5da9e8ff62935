"""Why a comment was held, for people: the words of `moderation.reasons`, and what of the comment shows it. Pure.

Evidence that says more of a person than a chat should know is left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moderation.formats.plain import clean, cut, isolated
from moderation.messages import Language
from moderation.reasons import reason, reasons_against

_MOST = 4
_MOST_QUOTES = 2
_QUOTE_UNITS, _REMARK_UNITS = 80, 120

# Their remark names something. Other remarks say in English what the words say, and are worth showing for a number.
_REMARK_TELLS = frozenset(["FILTER_FAILED", "REMOTE_FAILED", "REMOTE_CHECK_SPAM", "REMOTE_CHECK_HOLD"])
_NUMBER = re.compile(r"\d")
# Where the piece of a comment is the comment as a whole.
_NOT_QUOTED = frozenset(["ALL_CAPITALS", "EMOJI_RUN", "EMPTY"])
_PRIVATE_FIELDS = frozenset(["email", "ip"])
_ADDRESS = re.compile(r"\S@\S")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a comment is where it is: what was noticed, in words, pieces of the comment that show it, and a remark."""

    words: str
    quotes: tuple[str, ...] = ()
    remark: str = ""

    @property
    def line(self) -> str:
        """The reason in one line, with quotes in guillemets, which both languages know."""
        quotes = " ".join(f"«{isolated(one)}»" for one in self.quotes)
        said = f"{self.words}: {quotes}" if quotes else self.words
        return f"{said} ({isolated(self.remark)})" if self.remark else said


def reasons(signals: Sequence[Mapping[str, Any]], language: Language) -> tuple[Reason, ...]:
    """Return the few signals that made a comment suspect, the weightiest first."""
    against = reasons_against(signals)
    names = {one["name"] for one in against}
    # The two are one model's word.
    chosen = [one for one in against if one["name"] != "MODEL_UNTAUGHT" or "MODEL_SPAM" not in names]
    return tuple(_reason(one, language) for one in chosen[:_MOST])


def in_words(name: str, language: Language) -> str:
    """Return what the signal says; the name of one that an operator's own filter gives is a stranger's text too."""
    words = reason(name, language)
    return clean(words) if words == name else words


def _reason(signal: Mapping[str, Any], language: Language) -> Reason:
    name = signal["name"]
    shown = [one for one in signal["evidence"] if not _is_private(one, name)]
    quotes = [cut(clean(one["text"]), _QUOTE_UNITS) for one in shown if one.get("start") is not None]
    remarks = [one["text"] for one in shown if one.get("start") is None and _tells(name, one["text"], language)]
    return Reason(
        in_words(name, language),
        tuple(one for one in quotes if one)[:_MOST_QUOTES] if name not in _NOT_QUOTED else (),
        cut(clean(remarks[0]), _REMARK_UNITS) if remarks else "",
    )


def _tells(name: str, remark: str, language: Language) -> bool:
    return (
        name in _REMARK_TELLS or reason(name, language) == name or (language == "en" and bool(_NUMBER.search(remark)))
    )


def _is_private(evidence: Mapping[str, Any], name: str) -> bool:
    """Tell what says more of a person than a chat should know; what stands in the comment is shown there anyhow."""
    field = evidence.get("field")
    if field in _PRIVATE_FIELDS:
        # Its evidence is the domain alone.
        return name != "EMAIL_DISPOSABLE"
    return name.startswith("RULE_") or (field != "body" and bool(_ADDRESS.search(evidence["text"])))
