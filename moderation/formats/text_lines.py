"""A card as lines of plain text, for mails and for whatever shows text alone. Pure."""

from collections.abc import Iterable

from moderation.formats.card import Card
from moderation.formats.plain import aligned, cut, isolated
from moderation.formats.words import say


def text_lines(card: Card, quote_units: int) -> Iterable[str]:
    """Return the lines below the title; of the comment so many UTF-16 units at most."""
    yield from (f"{one.label}: {isolated(one.value)}" for one in card.facts)
    if card.quote:
        yield ""
        yield from (f"> {line}" for line in aligned(cut(card.quote, quote_units)).split("\n"))
    if card.why:
        yield from ("", f"{card.why_label}:")
        yield from (f"- {one.line}" for one in card.why)
    for item in card.items:
        yield from ("", f"- {aligned(item.line)}")
        yield from (f"  {one.label}: {one.url}" for one in item.buttons)
    if card.buttons:
        yield ""
        yield from (f"{one.label}: {one.url}" for one in card.buttons)
    if card.asks:
        yield from ("", say("footer", card.language))
