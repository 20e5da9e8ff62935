"""What a message to people says, whatever draws it: title, facts, the comment, why, and what can be done. Pure.

Built once from an event's document, in the reader's language; everything in it is clean (`plain`), and each vendor's
module only cuts and escapes. The author's email address is not in it: chats are other people's servers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from moderation.formats.plain import clean, cut
from moderation.formats.reasons import Reason, in_words, reasons
from moderation.formats.words import is_said, moment, number, say, span
from moderation.messages import Language

Tone = Literal["waiting", "good", "bad", "news", "alarm"]

# Lines of a comment; more is a wall in any chat.
QUOTE_LINES = 25
_NAME_UNITS, _TITLE_UNITS, _VALUE_UNITS, _ITEM_UNITS = 100, 150, 300, 120
_LABEL_UNITS, _NOTE_UNITS = 50, 150
_MOST_ITEMS, _MOST_FACTS = 5, 8
# Longer ones don't fit beside others; a link that is cut leads elsewhere, so it is left out.
_MAX_URL, _MAX_ACTION_URL = 1_000, 400
# What has a meaning in some vendor's markup is written as its number.
_URL_SAFE = "%/:?#@!$&*+,;=-._~"

_TONES: Mapping[str, Tone] = {
    "comment.held": "waiting",
    "comment.approved": "good",
    "comment.spam": "bad",
    "comment.rejected": "bad",
    "site.tightened": "alarm",
    "site.relaxed": "good",
    "endpoint.disabled": "alarm",
    "endpoint.recovered": "good",
    "queue.digest": "waiting",
    "queue.waiting": "waiting",
}
_ACTIONS = ("approve", "reject", "spam")
_PERSIAN_LETTERS = frozenset("پچژگکی")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: a label of ours, and what is to be said; `url` leads to it."""

    label: str
    value: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """Something to do: it leads to a page that asks once more. `name` is approve, reject, spam, open or queue."""

    name: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """One comment among many: a line, and what can be done about it."""

    line: str
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A message to people. `about` names the post; `why` lists reasons under `why_label`."""

    language: Language
    tone: Tone
    title: str
    about: str = ""
    facts: tuple[Fact, ...] = ()
    quote: str = ""
    why_label: str = ""
    why: tuple[Reason, ...] = ()
    items: tuple[Item, ...] = ()
    buttons: tuple[Button, ...] = ()

    @property
    def asks(self) -> bool:
        """Tell whether something in it leads to a page that asks."""
        everything = (*self.buttons, *(button for one in self.items for button in one.buttons))
        return any(one.name in _ACTIONS for one in everything)

    @property
    def links(self) -> tuple[Button, ...]:
        """What can be done, without the way to the post: for those who make a link of the title."""
        return tuple(one for one in self.buttons if one.name != "open")

    @property
    def post_url(self) -> str | None:
        """Where the post is."""
        return next((one.url for one in self.buttons if one.name == "open"), None)

    @property
    def summary(self) -> str:
        """The message in one line."""
        return ": ".join(part for part in (self.title, self.about) if part)

    @property
    def is_rtl(self) -> bool:
        """Tell whether our own words run from right to left."""
        return self.language == "fa"


def build(document: Mapping[str, Any], language: Language | None = None) -> Card:
    """Return what to tell people of the event, in this language, or else in the comment's (fa, or en for all others).

    An event that is not known is told with what it carries.
    """
    data = document["data"]
    comment = data.get("comment")
    language = language or _language_of(comment)
    if comment is not None:
        return _of_comment(document["type"], data, language)
    if document["type"] in ("queue.digest", "queue.waiting"):
        return _of_queue(document, language)
    return _of_notice(document["type"], data, language)


def safe_url(url: object, most: int = _MAX_URL) -> str | None:
    """Return the address in ASCII and harmless to every markup; None when it is none or too long."""
    try:
        parts = urlsplit(str(url or "").strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    host = f"[{host}]" if ":" in host else host
    rest = quote(parts._replace(scheme="", netloc="").geturl(), safe=_URL_SAFE, errors="replace")
    safe = f"{parts.scheme}://{quote(host, safe='.-_:[]')}{port}{rest}"
    return safe if len(safe) <= most else None


def _language_of(comment: Mapping[str, Any] | None) -> Language:
    if comment is None:
        return "en"
    said = comment.get("language")
    is_persian = str(said).startswith("fa") if said else bool(_PERSIAN_LETTERS & set(comment["body"]))
    return "fa" if is_persian else "en"


def _of_comment(kind: str, data: Mapping[str, Any], language: Language) -> Card:
    comment, verdict = data["comment"], data.get("verdict")
    post = comment.get("post") or {}
    is_explained = kind not in ("comment.approved", "comment.rejected") and not data.get("decision")
    url = safe_url(post.get("url"))
    buttons = [*_actions(data, language), *([Button("open", say("open", language), url)] if url else [])]
    return Card(
        language=language,
        tone=_TONES.get(kind, "news"),
        title=_title(kind, language),
        about=_where(post, language),
        facts=tuple(_facts(comment, verdict, data.get("decision"), language)),
        quote=clean(comment["body"], QUOTE_LINES),
        why_label=say("why", language),
        why=reasons(verdict["signals"], language) if verdict and is_explained else (),
        buttons=tuple(buttons),
    )


def _title(kind: str, language: Language) -> str:
    return say(kind, language) if is_said(kind) else say("news", language, type=clean(kind))


def _facts(
    comment: Mapping[str, Any],
    verdict: Mapping[str, Any] | None,
    decision: Mapping[str, Any] | None,
    language: Language,
) -> Iterable[Fact]:
    yield Fact(say("from", language), _short(comment.get("name"), _NAME_UNITS))
    if comment.get("website"):
        yield Fact(say("website", language), _short(comment["website"], _TITLE_UNITS))
    post = comment.get("post") or {}
    yield Fact(say("on", language), _where(post, language), safe_url(post.get("url")))
    if verdict:
        bounds = {name: number(verdict["thresholds"].get(name, "?"), language) for name in ("hold", "spam")}
        score = say("score.of", language, score=number(verdict["score"], language), **bounds)
        yield Fact(say("score", language), score)
    if decision:
        yield Fact(say("decided", language), _short(decision.get("by"), _NAME_UNITS))
        if decision.get("reason"):
            yield Fact(say("decision.reason", language), _short(decision["reason"], _VALUE_UNITS))


def _where(post: Mapping[str, Any], language: Language) -> str:
    return _short(post.get("title"), _TITLE_UNITS) or say("post", language, id=_short(post.get("id"), _NAME_UNITS))


def _actions(data: Mapping[str, Any], language: Language) -> Iterable[Button]:
    actions = data.get("actions") or {}
    for name in _ACTIONS:
        url = safe_url(actions.get(name), _MAX_ACTION_URL)
        if url:
            yield Button(name, say(name, language), url)


def _of_queue(document: Mapping[str, Any], language: Language) -> Card:
    data = document["data"]
    waiting = data.get("waiting", 0)
    facts = []
    waited = span(data.get("oldest_at"), document.get("timestamp"), language)
    if waited:
        facts.append(Fact(say("oldest", language), waited))
    counted = [
        Reason(f"{in_words(one['name'], language)} ({number(one['count'], language)})")
        for one in data.get("reasons") or ()
    ]
    queue = safe_url(data.get("queue_url"), _MAX_ACTION_URL)
    name = "waiting.one" if waiting == 1 else "waiting.many"
    return Card(
        language=language,
        tone="waiting",
        title=say(name, language, count=number(waiting, language)),
        facts=tuple(facts),
        why_label=say("what", language),
        why=tuple(counted[:_MOST_ITEMS]),
        items=tuple(_item(one, language) for one in (data.get("top") or ())[:_MOST_ITEMS]),
        buttons=(Button("queue", say("queue", language), queue),) if queue else (),
    )


def _item(comment: Mapping[str, Any], language: Language) -> Item:
    name = _short(comment.get("name"), _NAME_UNITS)
    return Item(f"{name}: {_short(comment.get('body'), _ITEM_UNITS)}", tuple(_actions(comment, language)))


def _of_notice(kind: str, data: Mapping[str, Any], language: Language) -> Card:
    tell = _NOTICES.get(kind, _told_plainly)
    return Card(
        language=language,
        tone=_TONES.get(kind, "news"),
        title=_title(kind, language),
        facts=tuple(tell(data, language)),
    )


def _tightened(data: Mapping[str, Any], language: Language) -> Iterable[Fact]:
    yield from _relaxed(data, language)
    senders = {name: number(data.get(name, 0), language) for name in ("authors", "addresses")}
    yield Fact(say("senders", language), say("senders.of", language, **senders))
    yield Fact(say("until", language), clean(moment(data.get("until"), language)))


def _relaxed(data: Mapping[str, Any], language: Language) -> Iterable[Fact]:
    counts = {name: number(data.get(name, 0), language) for name in ("comments", "minutes", "usual")}
    yield Fact(say("comments", language), say("comments.of", language, **counts))
    if data.get("tightened_at"):
        yield Fact(say("began", language), clean(moment(data["tightened_at"], language)))


def _endpoint(data: Mapping[str, Any], language: Language) -> Iterable[Fact]:
    yield Fact(say("endpoint", language), _short(data.get("endpoint"), _NAME_UNITS))
    if data.get("reason"):
        yield Fact(say("reason", language), _short(data["reason"], _VALUE_UNITS))


def _told_plainly(data: Mapping[str, Any], language: Language) -> Iterable[Fact]:
    simple = [(name, value) for name, value in data.items() if isinstance(value, str | int | float)]
    for name, value in simple[:_MOST_FACTS]:
        label = _short(name.replace("_", " "), _LABEL_UNITS)
        yield Fact(label, _short(number(value, language), _NOTE_UNITS))


_NOTICES = {
    "site.tightened": _tightened,
    "site.relaxed": _relaxed,
    "endpoint.disabled": _endpoint,
    "endpoint.recovered": _endpoint,
}


def _short(text: Any, room: int) -> str:
    return cut(clean(str(text)), room) if text is not None else ""
