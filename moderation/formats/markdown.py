"""Text that is read as Markdown, written so that it is read as it stands. Pure.

Blocks (headings, lists, quotes, tables) begin where a line does: `isolated` puts a sign before each. What is left is
escaped with backslashes, which Discord and Mattermost both take away.
"""

import re
from collections.abc import Sequence

from moderation.formats.card import Button, Card
from moderation.formats.items import with_links
from moderation.formats.plain import aligned, cut, isolated, units

_QUOTE_UNITS = 2_000
# Discord's mentions and times stand in angle brackets; at Mattermost those can't be escaped and do nothing.
DISCORD = re.compile(r"([\\`*_~|\[\]()<>!$])")
MATTERMOST = re.compile(r"([\\`*_~|\[\]()>!$])")


def escaped(text: str, markup: re.Pattern[str]) -> str:
    """Return the text with all of this markup in it escaped."""
    return markup.sub(r"\\\1", text)


def shown(text: str, markup: re.Pattern[str]) -> str:
    """Return a short text escaped and isolated."""
    return isolated(escaped(text, markup))


def story(card: Card, markup: re.Pattern[str], room: int) -> str:
    """Return the comment, what waits, and what can be done, within so many units."""
    links = _links(card.links)
    items = with_links(
        [f"- {aligned(escaped(one.line, markup))}" for one in card.items],
        [f"  {_links(one.buttons)}" if one.buttons else "" for one in card.items],
        room - units(links),
        units,
    )
    return "\n\n".join(
        part for part in (_quote(card, markup, room - units(links) - units(items)), items, links) if part
    )


def _links(buttons: Sequence[Button]) -> str:
    return " · ".join(f"[{one.label}]({one.url})" for one in buttons)


def _quote(card: Card, markup: re.Pattern[str], room: int) -> str:
    if not card.quote:
        return ""

    def cost(text: str) -> int:
        return units(text) + len(markup.findall(text))

    # The frame of each line: "> ", a mark, an isolate and its end, the break.
    frame = 6 * (card.quote.count("\n") + 2)
    text = aligned(escaped(cut(card.quote, min(_QUOTE_UNITS, room - frame), cost), markup))
    return "\n".join(f"> {line}" for line in text.split("\n"))


def why(card: Card, markup: re.Pattern[str], room: int) -> str:
    """Return the reasons as lines, as many as fit."""
    lines: list[str] = []
    for one in card.why:
        line = f"• {escaped(one.line, markup)}"
        room -= units(line) + 1
        if room >= 0:
            lines.append(line)
    return "\n".join(lines)
