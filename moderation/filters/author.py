"""Who wrote it: what people decided about the author before, and names and addresses that advertise."""

import re
from collections.abc import Iterator
from functools import lru_cache

from disposable_email_domains import blocklist

from moderation.filters.facts import AuthorHistory, Facts
from moderation.signals import Evidence, Signal
from moderation.text import fold, fold_with_spans

# So many approved comments make an author known; from so many on there is nothing left to learn.
_KNOWN_FROM = 3
_TRUSTED_FROM = 10
# A second is a mistake, a third a habit.
_SPAMMER_FROM = 3
# A nickname, the full name, a typing error: three are honest.
_NAMES_USUAL = 3
_NAMES_CERTAIN = 8

# A full Iberian or Arabic name has up to nine words.
_SENTENCE_WORDS = 10
_PHONE = re.compile(r"(?<!\d)\+?(?:\d[ .\-()]{0,2}){9,14}\d(?!\d)")
_SHORTEST_PHONE = 10
_CHANNEL = re.compile(r"(?<!\w)@\w{4,}|(?<!\w)t\.me/\w+")

# Words of shop windows that are nobody's name. A name of them alone, or one among others, advertises.
_ADVERT_WORDS_TEXT = """
    casino viagra cialis seo backlink backlinks loans betting escorts cheap discount coupon forex bitcoin crypto
    replica dumps bonuses خرید فروش فروشگاه قیمت دانلود تعمیرات نمایندگی ارزان تضمینی شرطبندی فالوور تبلیغات کازینو
    تخفیف خدمات للبيع تسوق تخفيضات купить казино ставки заработок скачать недорого дешево кредит gacor togel maxwin
    murah jual
"""
_ADVERT_WORDS = frozenset(fold(word) for word in _ADVERT_WORDS_TEXT.split())
_WORD = re.compile(r"[^\W\d_]+")


def author(facts: Facts) -> Iterator[Signal]:
    """Notice who writes: AUTHOR_NEW, AUTHOR_TRUSTED, AUTHOR_SPAMMED, AUTHOR_MANY_NAMES, NAME_KEYWORD, EMAIL_DISPOSABLE.

    Only people's decisions speak against an author. AUTHOR_TRUSTED also counts what the machine approved, once it has
    stood for a day (`history`), at half the weight of a person's word.
    """
    if facts.author is not None:
        yield from _known(facts.author)
    yield from _name(facts.name)
    domain = _disposable_domain(facts.email)
    if domain:
        start = len(facts.email) - len(domain)
        yield Signal("EMAIL_DISPOSABLE", 1.0, (Evidence(facts.email[start:], "email", start, len(facts.email)),))


def _known(history: AuthorHistory) -> Iterator[Signal]:
    if history.is_first:
        yield Signal("AUTHOR_NEW", 1.0, (Evidence("first comment on this site", field=""),))
    kept = history.approved_by_people + history.standing
    # Rejected is not spam: off-topic, say.
    bad = history.spam_by_people + history.rejected_by_people / 2
    if bad:
        share = bad / (bad + kept)
        number = f"{history.spam_by_people} decided to be spam, {history.rejected_by_people} rejected, {kept} approved"
        yield Signal("AUTHOR_SPAMMED", share * min(1.0, bad / _SPAMMER_FROM), (Evidence(number, field=""),))
    elif kept >= _KNOWN_FROM:
        is_certain = history.approved_by_people >= _KNOWN_FROM or kept >= _TRUSTED_FROM
        yield Signal("AUTHOR_TRUSTED", 1.0 if is_certain else 0.5, (Evidence(f"{kept} approved", field=""),))
    if history.names > _NAMES_USUAL:
        strength = min(1.0, history.names / _NAMES_CERTAIN)
        yield Signal("AUTHOR_MANY_NAMES", strength, (Evidence(f"{history.names} names in 7 days", field=""),))


def _name(name: str) -> Iterator[Signal]:
    text = fold(name)
    words = text.split(" ")
    if _advert(text) is not None:
        folded = fold_with_spans(name)
        found = _advert(folded.text)
        start, end = folded.original_span(*found) if found else (0, len(name))
        yield Signal("NAME_KEYWORD", 1.0, (Evidence(name[start:end], "name", start, end),))
    elif len(words) >= _SENTENCE_WORDS:
        yield Signal("NAME_KEYWORD", 0.5, (Evidence(name, "name", 0, len(name)),))


def _advert(text: str) -> tuple[int, int] | None:
    """Return where a folded name advertises."""
    phone = _PHONE.search(text) if len(text) >= _SHORTEST_PHONE else None
    if phone is not None:
        return phone.span()
    channel = _CHANNEL.search(text) if "@" in text or "t.me/" in text else None
    # "@reader" is how some sites write every name; "join @channel" is not.
    if channel is not None and channel.span() != (0, len(text)):
        return channel.span()
    if _ADVERT_WORDS.isdisjoint(_WORD.findall(text)):
        return None
    return next(word.span() for word in _WORD.finditer(text) if word.group() in _ADVERT_WORDS)


def _disposable_domain(email: str) -> str | None:
    """Return the address's domain as written when it, or one that it lies below, hands out throw-away addresses."""
    domain = email.rpartition("@")[2]
    return domain if _is_disposable(domain.lower()) else None


# Most addresses are of a few domains; strangers choose them, so the memory is bounded.
@lru_cache(maxsize=10_000)
def _is_disposable(domain: str) -> bool:
    labels = domain.split(".")
    return any(".".join(labels[at:]) in blocklist for at in range(len(labels) - 1))
