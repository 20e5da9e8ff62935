"""Shape what is behind a link in a message for its page: texts in pieces, of which some are marked; times in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from api.link_words import ago, span, words
from moderation.action_links import ActionLink
from moderation.messages import Language
from moderation.reasons import reason, reasons_against
from moderation.settling import Decided, Shown, Sight

_MOST_REASONS = 6
_MOST_QUOTES = 3
_LONGEST_QUOTE = 60
# Of what a link shows. An address that a filter points at is not among it.
_FIELDS = ("body", "name", "website")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text."""

    text: str
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it was held: in words, and the pieces of the comment that show it."""

    text: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentView:
    """A comment as the page shows it."""

    name: Sequence[Piece]
    website: Sequence[Piece]
    body: Sequence[Piece]
    post: str
    # Where the post is, if a browser may go there.
    post_url: str | None
    received_at: str
    received: str
    reasons: Sequence[Reason]
    is_by_hand: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page. `action` is what its button does, None where it has none."""

    kind: str
    site: str | None
    title: str
    lead: str
    decided: Markup | None
    comment: CommentView | None
    action: str | None
    left: str | None


def page_of(sight: Sight | None, standing: str, language: Language, now: datetime) -> Page:
    """Return the page of what is behind a link, or (None) of a link that nothing is behind."""
    said = words(language)
    is_open = sight is not None and standing == "open"
    return Page(
        kind=sight.link.action if sight and is_open else sight.status if sight and standing == "settled" else standing,
        site=sight.site_name if sight else None,
        title=_title(sight, standing, said),
        lead=said[f"then.{sight.link.action}" if sight and is_open else f"why.{_why(sight, standing)}"],
        decided=_by(sight.decided, sight.link, language, now) if sight and sight.decided and not is_open else None,
        comment=_comment(sight.comment, language, now) if sight and sight.comment else None,
        action=sight.link.action if sight and is_open else None,
        left=span((sight.link.expires_at - now).total_seconds(), language) if sight and is_open else None,
    )


def _title(sight: Sight | None, standing: str, said: Mapping[str, str]) -> str:
    if sight is not None and standing == "open":
        return said[f"ask.{sight.link.action}"]
    if sight is not None and standing in ("settled", "changed"):
        return said[f"is.{sight.status}"]
    return said[f"head.{standing}"]


def _why(sight: Sight | None, standing: str) -> str:
    """Return why there is no button: where the comment came to what the link is for, there is nothing to explain."""
    decided = sight.decided if sight else None
    is_done = sight is not None and decided is not None and decided.action == sight.link.action
    return "done" if standing == "settled" and is_done else standing


def _by(decided: Decided, link: ActionLink, language: Language, now: datetime) -> Markup:
    if decided.moderator:
        who = "moderator"
    elif decided.endpoint_id is None:
        who = "website"
    else:
        who = "this" if decided.endpoint_id == link.endpoint_id else "link"
    # A name may be of the other direction.
    name = Markup("<bdi>{}</bdi>").format(decided.moderator or decided.endpoint_id or "")
    return Markup(words(language)[f"by.{who}"]).format(when=ago(decided.at, now, language), who=name)  # noqa: S704 - ours


def _comment(comment: Shown, language: Language, now: datetime) -> CommentView:
    against = reasons_against(comment.signals)
    marks = {field: _spans(against, field) for field in _FIELDS}
    return CommentView(
        name=_pieces(comment.name, marks["name"]),
        website=_pieces(comment.website or "", marks["website"]),
        body=_pieces(comment.body, marks["body"]),
        post=comment.post_title or comment.post_id,
        post_url=comment.post_url if _is_web(comment.post_url) else None,
        received_at=comment.received_at.isoformat(timespec="seconds"),
        received=ago(comment.received_at, now, language),
        reasons=_reasons(against[:_MOST_REASONS], language),
        is_by_hand=not against,
    )


def _is_web(url: str | None) -> bool:
    try:
        return bool(url) and urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _reasons(signals: Sequence[Mapping[str, Any]], language: Language) -> list[Reason]:
    """Return the signals in words; what one quotes the next need not quote again."""
    quoted: set[str] = set()
    reasons = []
    for signal in signals:
        quotes = tuple(text for text in _quotes(signal) if text not in quoted)[:_MOST_QUOTES]
        quoted.update(quotes)
        reasons.append(Reason(reason(signal["name"], language), quotes))
    return reasons


def _quotes(signal: Mapping[str, Any]) -> list[str]:
    found = dict.fromkeys(
        " ".join(one["text"].split())
        for one in signal["evidence"]
        if one["field"] in _FIELDS and one["start"] is not None
    )
    return [text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…" for text in found if text]


def _spans(signals: Iterable[Mapping[str, Any]], field: str) -> list[tuple[int, int]]:
    """Return where the evidence stands in a field: in order, and joined where it overlaps."""
    found = sorted(
        (one["start"], one["end"])
        for signal in signals
        for one in signal["evidence"]
        if one["field"] == field and one["start"] is not None and one["end"] is not None
    )
    joined: list[tuple[int, int]] = []
    for start, end in found:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[Piece]:
    pieces = []
    done = 0
    for start, end in spans:
        pieces += [Piece(text[done:start], is_marked=False), Piece(text[start:end], is_marked=True)]
        done = end
    pieces.append(Piece(text[done:], is_marked=False))
    return [one for one in pieces if one.text]
