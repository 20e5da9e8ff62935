"""Ways to reach somebody elsewhere: phones, messenger ids, channels, wallets. Advertisements need one, debates do not.

Phones and ids are looked for in the folded text, so that Persian, Arabic and full-width digits and hidden characters
make no difference; wallets in the original, since their letters' case counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal
from moderation.text import Folded, fold

_SHOWN = 5

# A public channel is also a source that readers quote; an invitation, a chat with one person or a wallet is not.
_CERTAIN = 1.0
_LIKELY = 0.7
_PLAIN = 0.5
_WEAK = 0.3
# As in `links`: with fewer characters beside it, a comment is nothing but its link.
_LEAST_TEXT = 10

# Words are folded as the text is. Gaps are bounded, so that no text takes more than linear time.
_MESSENGERS_TEXT = (
    "telegram|telgram|tlgrm|whats ?app|watsapp|viber|signal|instagram|insta|skype|wechat|kik|imo|discord|eitaa"
    "|rubika|tiktok|snapchat|hangouts?|تلگرام|واتساپ|واتس ?اپ|وتساپ|واتس ?اب|واتساب|اینستا|اینستاگرام|ایتا|روبیکا"
    "|سروش|انستقرام|انستغرام|تیلیجرام|تلیجرام|تلغرام|телеграмм?|телега|телегу|тг|ватсап|вотсап|вацап|инста|инстаграм"
)
_INVITING_TEXT = (
    "join|dm|inbox|contact|channel|message|text|write to|write|add me|hit up|reach|call|id|follow|invest with"
    "|trade with|thanks to|کانال|چنل|عضو|جوین|پیج|دایرکت|ایدی|فالو کنید|گروه|پیوی|قناه|القناه|انضم|تابعونا|تواصل"
    "|канал|подписывайтесь|подпишись|пишите|пиши|писать|лс|личку|группа|группу|контакт|hubungi|gabung|ikuti|grup"
)
_CALLING_TEXT = (
    "phone|call|tel|mobile|sms|contact|wa|تماس|تلفن|شماره|موبایل|همراه|زنگ|هاتف|اتصل|جوال|تواصل"
    "|звоните|звонить|телефон|тел|номер|hubungi|telepon|hp"
)


def _folded(words: str) -> str:
    return "|".join(fold(word) for word in words.split("|"))


_MESSENGERS, _INVITING, _CALLING = _folded(_MESSENGERS_TEXT), _folded(_INVITING_TEXT), _folded(_CALLING_TEXT)

_LINK = re.compile(
    r"(?<![\w.])(?:"
    r"(?P<invitation>(?:t|telegram)\.(?:me|dog)/(?:joinchat/|\+)[\w-]{4,64}"
    r"|wa\.me/\+?\w{4,32}|(?:api\.|web\.)?whatsapp\.com/(?:send|channel)\b[^\s]{0,80}|chat\.whatsapp\.com/\w{4,40}"
    r"|rubika\.ir/joing/\w{4,64}|ble\.ir/join/\w{4,64}|eitaa\.com/joinchat/\w{4,64}|discord\.gg/\w{3,32})"
    # With the number of a message it is a quotation.
    r"|(?P<channel>(?:t|telegram)\.(?:me|dog)/(?!s/)\w{4,32}(?![\w/])|(?:eitaa\.com|rubika\.ir|ble\.ir|splus\.ir)"
    r"/\w{3,32}(?![\w/])|(?:instagram\.com|ig\.me/m)/(?!p/|reel/|tv/|stories/)[\w.]{3,32}(?![\w/]))"
    r")"
)
# The sign comes first in the pattern, since looking for one sign is fast.
_HANDLE = re.compile(r"@(?<![\w.@/+-]@)[a-z](?:\.?[a-z0-9_]){3,31}(?![\w@])")
# Words right before a handle or number, or the messenger's name beside it.
_BEFORE = 40
_AFTER = 20
_SENTENCE_END = re.compile(r"[.!?؟。…]")
_INVITED = re.compile(rf"(?<!\w)(?:{_INVITING}|{_MESSENGERS})(?!\w)")
_MESSENGER = re.compile(rf"(?<!\w)(?:{_MESSENGERS})(?!\w)")
_CALLED = re.compile(rf"(?<!\w)(?:{_CALLING}|{_MESSENGERS})(?!\w)")
# A pointing hand or arrow says "here", a robot is no reader, and testimonials name the trader they thank.
_POINTED = re.compile(r"(?:[➡👉👇⬇☎📞📲📩✉💌]|=>|->|>>)[\s:]{0,3}$")
_NAMED_TRADER = re.compile(r"_?bot$|forex|fx|crypto_|trade|invest|bitcoin|btc|hack")
_MONEY = re.compile(
    r"[$€£₿] ?\d|(?<!\w)(?:invest(?:ed|ing|ment)?|profits?|earned|earning|bitcoin|btc|forex|trad(?:e|er|ing)"
    r"|usdt|доход|заработ\w{0,4})(?!\w)"
)
_NAMED_ID = re.compile(
    rf"(?<!\w)(?:{_MESSENGERS})(?: id| ایدی)? ?[:=؛] ?@?(?!http|www)(?P<id>[a-z][a-z0-9_.]{{4,31}})(?!\w)"
)

# Eight to fifteen digits (E.164), with single separators; where a longer run of digits goes on, it is something else.
_DIGITS = re.compile(r"(?<![\w.,:/+\-])[+(]?\d(?:[ ().\-]{0,2}\d){7,14}(?![\w/:]|[.,\-]\d)")
# By their shape alone: a country's code with +, mobile numbers of Iran, Russia, Indonesia, and North American writing.
_PHONE = re.compile(
    r"\+[1-9]\d{8,13}|(?:00|0)?98?9\d{9}|09\d{9}|[78]9\d{9}|(?:62|0)8\d{8,10}|00[1-9]\d{9,12}|0[1-9]\d{8,9}"
)
_AMERICAN = re.compile(r"(?:\+?1[ .\-]?)?\(?[2-9]\d{2}\)?[ .\-][2-9]\d{2}[ .\-]\d{4}")
_YEARS = re.compile(r"(?:1[0-9]|20)\d{2}[ .\-]")

_WALLET = re.compile(
    r"(?<![A-Za-z0-9])(?:bc1[ac-hj-np-z02-9]{25,62}|0x[0-9a-fA-F]{40}|T[1-9A-HJ-NP-Za-km-z]{33}"
    r"|[13][1-9A-HJ-NP-Za-km-z]{25,34})(?![A-Za-z0-9])"
)


# What is asked of every text, before anything slower: each finds whatever the pattern that it stands for needs.
_LONG_WORD = re.compile("[A-Za-z0-9]{26}")
_ANY_SIGN = re.compile("[0-9@/:=؛]")
_END_OF_HOST = re.compile("/(?<=(?:me|om|og|ir|gg)/)")
_COLON_AND_ID = re.compile(r"[:=؛] ?@?(?!http|www)[a-z][a-z0-9_.]{4}")
_SOME_DIGITS = re.compile(r"[0-9](?:[ ().\-]{0,2}[0-9]){7}")


@dataclass(frozen=True, slots=True)
class _Contact:
    strength: float
    start: int
    end: int
    is_link: bool = False


def contacts(facts: Facts) -> Iterator[Signal]:
    """Notice CONTACT: a phone number, a messenger's id or channel, a wallet. A reader called by @name is none."""
    body, folded = facts.body, facts.folded
    is_signed = _ANY_SIGN.search(folded) is not None
    # Folding keeps every digit but those in markup.
    if not is_signed and "<" not in body and "&" not in body:
        return
    found = _wallets(body)
    if is_signed:
        found += (_unfolded(facts.folded_with_spans, one) for one in _elsewhere(folded))
    if found:
        found = _beside_links(found, facts)
        found.sort(key=lambda one: one.start)
        strongest = max(one.strength for one in found)
        yield Signal(
            "CONTACT",
            # Two ways to reach somebody are no accident; two readers called by name are.
            _CERTAIN if len({body[one.start : one.end] for one in found if one.strength > _WEAK}) > 1 else strongest,
            tuple(Evidence(body[one.start : one.end], "body", one.start, one.end) for one in found[:_SHOWN]),
        )


def _wallets(text: str) -> list[_Contact]:
    if not _LONG_WORD.search(text):
        return []
    return [
        _Contact(_CERTAIN, found.start(), found.end()) for found in _WALLET.finditer(text) if _is_mixed(found.group())
    ]


def _elsewhere(text: str) -> Iterator[_Contact]:
    if "/" in text and _END_OF_HOST.search(text):
        yield from _links(text)
    if "@" in text:
        yield from _handles(text)
    if (":" in text or "=" in text or "؛" in text) and _COLON_AND_ID.search(text):
        for found in _NAMED_ID.finditer(text):
            yield _Contact(_CERTAIN, found.start("id"), found.end("id"))
    if _SOME_DIGITS.search(text):
        yield from _phones(text)


def _links(text: str) -> Iterator[_Contact]:
    for found in _LINK.finditer(text):
        is_invitation = found["invitation"] or _INVITED.search(text, max(0, found.start() - _BEFORE), found.start())
        yield _Contact(_CERTAIN if is_invitation else _LIKELY, found.start(), found.end(), is_link=True)


def _handles(text: str) -> Iterator[_Contact]:
    speaks_of_money: bool | None = None
    for found in _HANDLE.finditer(text):
        before = text[max(0, found.start() - _BEFORE) : found.start()]
        after = text[found.end() : found.end() + _AFTER]
        # What stands before the end of another sentence does not invite.
        same_sentence = _SENTENCE_END.split(before)[-1]
        if _MESSENGER.search(same_sentence) or _MESSENGER.search(_SENTENCE_END.split(after)[0]):
            yield _Contact(_CERTAIN, found.start(), found.end())
        elif _INVITED.search(same_sentence) or _POINTED.search(before) or _NAMED_TRADER.search(found.group()):
            yield _Contact(_LIKELY, found.start(), found.end())
        elif found.start():
            # At the very beginning it is the reader who is answered. The whole text is read once, not for each.
            if speaks_of_money is None:
                speaks_of_money = _MONEY.search(text) is not None
            if speaks_of_money:
                yield _Contact(_WEAK, found.start(), found.end())


def _phones(text: str) -> Iterator[_Contact]:
    for found in _DIGITS.finditer(text):
        written = found.group()
        digits = re.sub(r"[^\d+]", "", written)
        is_called = _CALLED.search(text, max(0, found.start() - _BEFORE), min(len(text), found.end() + _AFTER))
        has_shape = _PHONE.fullmatch(digits) or _AMERICAN.fullmatch(written)
        if has_shape or (is_called and not _YEARS.match(written)):
            yield _Contact(_CERTAIN if is_called else _PLAIN, found.start(), found.end())


def _is_mixed(written: str) -> bool:
    """Tell an address from a long word or number: it has letters and digits; a base58 one small and capital letters."""
    has_digits = any(character.isdigit() for character in written)
    has_letters = any(character.isalpha() for character in written)
    is_plain = written.startswith(("bc1", "0x"))
    return has_digits and has_letters and (is_plain or (written != written.lower() and written != written.upper()))


def _unfolded(folded: Folded, contact: _Contact) -> _Contact:
    start, end = folded.original_span(contact.start, contact.end)
    return replace(contact, start=start, end=end)


def _beside_links(found: list[_Contact], facts: Facts) -> list[_Contact]:
    """Weaken contacts that are links where LINKS_MANY speaks of the same links: what is seen twice is seen once."""
    if not any(one.is_link for one in found):
        return found
    links = facts.links
    is_noticed = len(links) > 1 or len(facts.body) - sum(link.end - link.start for link in links) < _LEAST_TEXT
    return [replace(one, strength=min(one.strength, _WEAK)) if one.is_link and is_noticed else one for one in found]
