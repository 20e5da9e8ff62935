"""Email: plain text, and HTML for those who see it. The sender, the receivers and the id are the post office's to add.

No `List-Unsubscribe-Post` (RFC 8058): a mailbox that presses it by itself would end a team's notifications; whoever
runs the site takes an endpoint away. Links lead to pages that ask, since mail servers open what they find in mails.
"""

import html
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from moderation.formats.card import Button, Card, Item, Tone, build
from moderation.formats.message import Message, Target
from moderation.formats.plain import NOTHING, cut
from moderation.formats.reasons import Reason
from moderation.formats.text_lines import text_lines
from moderation.formats.words import say

_SUBJECT_UNITS = 120
_QUOTE_UNITS = 12_000
_COLOURS: Mapping[Tone, str] = {
    "waiting": "#b07d00",
    "good": "#1f7a45",
    "bad": "#5d636b",
    "news": "#2560b0",
    "alarm": "#b3261e",
}
_BUTTON_COLOURS = {"approve": "#1f7a45", "spam": "#b3261e"}
_PLAIN_BUTTON = "#5d636b"
_MARKED = "background:#fff3cd;padding:0 4px;border-radius:3px;overflow-wrap:anywhere"
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Vazirmatn,Tahoma,sans-serif"


def email(document: Mapping[str, Any], target: Target) -> Message:
    """Return a mail without its envelope, ready to send, with lines that end as SMTP wants them."""
    card = build(document, target.language)
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = cut(card.summary, _SUBJECT_UNITS)
    mail["Date"] = datetime.fromisoformat(document["timestamp"])
    site = _site_of(document["data"])
    # RFC 2919: names that nobody registered end in `localhost`.
    mail["List-Id"] = f"<{site}.comments.localhost>"
    # RFC 3834: nobody's holiday is to be answered to.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content("\n".join((card.title, "", *text_lines(card, _QUOTE_UNITS), "")), cte="quoted-printable")
    mail.add_alternative("".join(_html(card)), subtype="html", cte="quoted-printable")
    return Message(mail.as_bytes(), {"content-type": "message/rfc822"})


def _site_of(data: Mapping[str, Any]) -> str:
    site = data["comment"]["site"] if data.get("comment") else data.get("site")
    # An id of ours; anything else has no place in a header.
    return site if isinstance(site, str) and site.isascii() and site.replace("_", "").isalnum() else "site"


def _html(card: Card) -> Iterable[str]:
    direction = "rtl" if card.is_rtl else "ltr"
    side = "right" if card.is_rtl else "left"
    yield (
        f'<!doctype html><html lang="{card.language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">'
        f"<title>{html.escape(card.title)}</title></head>"
        f'<body dir="{direction}" style="margin:0;padding:24px 12px;background:#f3f4f6;{_FONT};color:#1f2328">'
        f'<div style="max-width:600px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px;'
        f'text-align:{side};border-top:4px solid {_COLOURS[card.tone]};line-height:1.6;font-size:15px">'
        f'<h1 style="margin:0 0 16px;font-size:20px;line-height:1.4">{html.escape(card.title)}</h1>'
    )
    yield from _facts(card, side)
    if card.quote:
        lines = "".join(
            f'<div dir="auto">{html.escape(one)}</div>' for one in cut(card.quote, _QUOTE_UNITS).split("\n")
        )
        yield (
            f'<blockquote style="margin:16px 0;padding:12px 16px;background:#f6f8fa;border-{side}:3px solid #d0d7de;'
            f'overflow-wrap:anywhere">{lines}</blockquote>'
        )
    if card.why:
        yield f'<p style="margin:16px 0 4px;font-weight:600">{html.escape(card.why_label)}</p>'
        yield _list([_reason(one) for one in card.why])
    if card.items:
        yield f'<div style="margin-top:16px">{"".join(map(_item, card.items))}</div>'
    if card.buttons:
        yield f'<p style="margin:20px 0 0">{" ".join(map(_button, card.buttons))}</p>'
    if card.asks:
        footer = html.escape(say("footer", card.language))
        yield f'<p style="margin:8px 0 0;font-size:13px;color:#5d636b">{footer}</p>'
    yield "</div></body></html>"


def _facts(card: Card, side: str) -> Iterable[str]:
    if not card.facts:
        return
    yield '<table role="presentation" style="border-collapse:collapse;font-size:15px;line-height:1.6">'
    for one in card.facts:
        value = f"<bdi>{html.escape(one.value) or NOTHING}</bdi>"
        if one.url:
            value = f'<a href="{html.escape(one.url)}" rel="noreferrer" style="color:#2560b0">{value}</a>'
        away = "left" if side == "right" else "right"
        yield (
            f'<tr><td style="padding:0;padding-{away}:16px;vertical-align:top;color:#5d636b;white-space:nowrap">'
            f'{html.escape(one.label)}</td><td style="padding:0;overflow-wrap:anywhere">{value}</td></tr>'
        )
    yield "</table>"


def _reason(reason: Reason) -> str:
    marks = " ".join(f'<bdi style="{_MARKED}">{html.escape(one)}</bdi>' for one in reason.quotes)
    remark = f" <bdi>({html.escape(reason.remark)})</bdi>" if reason.remark else ""
    return html.escape(reason.words) + (f": {marks}" if marks else "") + remark


def _list(items: list[str]) -> str:
    return '<ul style="margin:0;padding:0 20px">' + "".join(f"<li>{one}</li>" for one in items) + "</ul>"


def _item(item: Item) -> str:
    links = " · ".join(
        f'<a href="{html.escape(one.url)}" rel="noreferrer" style="font-weight:600;'
        f'color:{_BUTTON_COLOURS.get(one.name, _PLAIN_BUTTON)}">{html.escape(one.label)}</a>'
        for one in item.buttons
    )
    return (
        '<div style="padding:10px 0;border-top:1px solid #d0d7de">'
        f'<div dir="auto" style="overflow-wrap:anywhere">{html.escape(item.line)}</div>'
        + (f'<div style="font-size:14px">{links}</div>' if links else "")
        + "</div>"
    )


def _button(button: Button) -> str:
    colour = _BUTTON_COLOURS.get(button.name, _PLAIN_BUTTON)
    return (
        f'<a href="{html.escape(button.url)}" rel="noreferrer" style="display:inline-block;margin:4px 0;'
        f'padding:10px 18px;border-radius:6px;background:{colour};color:#ffffff;text-decoration:none;font-weight:600">'
        f"{html.escape(button.label)}</a>"
    )
