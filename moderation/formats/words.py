"""The sentences of messages to people in English and Persian, with numbers and times as each writes them. Pure."""

from collections.abc import Mapping
from datetime import datetime

from moderation.messages import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    "comment.held": ("A comment is waiting", "یک دیدگاه منتظر بررسی است"),
    "comment.approved": ("A comment was approved", "یک دیدگاه تأیید شد"),
    "comment.spam": ("A comment was called spam", "یک دیدگاه هرزنامه دانسته شد"),
    "comment.rejected": ("A comment was rejected", "یک دیدگاه رد شد"),
    "site.tightened": ("The site is being flooded", "سیلی از دیدگاه‌ها به سایت می‌رسد"),
    "site.relaxed": ("The flood is over", "سیل دیدگاه‌ها پایان یافت"),
    "endpoint.disabled": ("A webhook endpoint no longer answers", "یک نشانی وب‌هوک دیگر پاسخ نمی‌دهد"),
    "endpoint.recovered": ("A webhook endpoint answers again", "یک نشانی وب‌هوک دوباره پاسخ می‌دهد"),
    "endpoint.test": ("A sample: nobody posted this", "یک نمونه: کسی این را نفرستاده است"),
    "waiting.one": ("One comment is waiting", "یک دیدگاه منتظر بررسی است"),
    "waiting.many": ("{count} comments are waiting", "{count} دیدگاه منتظر بررسی‌اند"),
    "news": ("News: {type}", "خبر: {type}"),
    "from": ("From", "از"),
    "website": ("Website", "سایت"),
    "on": ("On", "در"),
    "post": ("post {id}", "مطلب {id}"),
    "score": ("Score", "امتیاز"),
    "score.of": ("{score} (held from {hold}, spam from {spam})", "{score} (بازبینی از {hold}، هرزنامه از {spam})"),
    "decided": ("Decided by", "تصمیم از"),
    "decision.reason": ("Because", "زیرا"),
    "why": ("Why", "چرا"),
    "what": ("What is waiting", "چه چیزهایی منتظرند"),
    "comments": ("Comments", "دیدگاه‌ها"),
    "comments.of": (
        "{comments} in {minutes} minutes (usually {usual})",
        "{comments} در {minutes} دقیقه (معمولاً {usual})",
    ),
    "senders": ("Senders", "فرستندگان"),
    "senders.of": ("{authors} authors, {addresses} addresses", "{authors} نویسنده، {addresses} نشانی"),
    "until": ("All comments are held until", "همهٔ دیدگاه‌ها نگه داشته می‌شوند تا"),
    "began": ("It began", "آغاز"),
    "endpoint": ("Endpoint", "نشانی"),
    "reason": ("Reason", "دلیل"),
    "oldest": ("The oldest has waited for", "مدت انتظار قدیمی‌ترین"),
    "minutes": ("{count} minutes", "{count} دقیقه"),
    "hours": ("{count} hours", "{count} ساعت"),
    "days": ("{count} days", "{count} روز"),
    "approve": ("Approve", "تأیید"),
    "reject": ("Reject", "رد"),
    "spam": ("Spam", "هرزنامه"),
    "open": ("Open the post", "دیدن مطلب"),
    "queue": ("Open the queue", "دیدن صف"),
    "footer": (
        "A button opens a page that shows the comment and asks once more.",
        "هر دکمه صفحه‌ای می‌گشاید که دیدگاه را نشان می‌دهد و یک بار دیگر می‌پرسد.",
    ),
}
_PERSIAN_DIGITS = str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫")
_PERSIAN_CLOCK = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def say(name: str, language: Language, **values: str) -> str:
    """Return the sentence in that language, with the values in their places."""
    english, persian = _WORDS[name]
    return (persian if language == "fa" else english).format(**values)


def is_said(name: str) -> bool:
    """Tell whether there is a sentence of this name."""
    return name in _WORDS


def number(value: object, language: Language) -> str:
    """Write a number with up to two decimals; what is none is written as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    # Thousands stay whole: `g` would write 1e+06.
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text.translate(_PERSIAN_DIGITS) if language == "fa" else text


def moment(text: object, language: Language) -> str:
    """Write an ISO time to the minute, in UTC."""
    found = _read(text)
    if found is None:
        return str(text)
    shown = f"{found:%Y-%m-%d %H:%M} UTC"
    return shown.translate(_PERSIAN_CLOCK) if language == "fa" else shown


def span(since: object, until: object, language: Language) -> str | None:
    """Say how long it is from one ISO time to the other, in the unit that fits; None where that can't be told."""
    start, end = _read(since), _read(until)
    if start is None or end is None:
        return None
    seconds = max(0, int((end - start).total_seconds()))
    unit, size = next(
        (one for one in (("days", _DAY), ("hours", _HOUR)) if seconds >= 2 * one[1]),
        ("minutes", _MINUTE),
    )
    return say(unit, language, count=number(seconds // size, language))


def _read(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None
