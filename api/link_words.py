"""What the page behind a link in a message says, in English and Persian."""

from collections.abc import Mapping
from datetime import datetime

from moderation.messages import Language

_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

# By key: English, Persian. Keys with a dot are of one action, status or standing.
_WORDS: Mapping[str, tuple[str, str]] = {
    "ask.approve": ("Approve this comment?", "این دیدگاه تأیید شود؟"),
    "ask.reject": ("Reject this comment?", "این دیدگاه رد شود؟"),
    "ask.spam": ("Mark this comment as spam?", "این دیدگاه هرزنامه است؟"),
    "do.approve": ("Approve", "تأیید"),
    "do.reject": ("Reject", "رد"),
    "do.spam": ("Mark as spam", "هرزنامه است"),
    "then.approve": ("It will be shown on the website.", "در سایت نمایش داده می‌شود."),
    "then.reject": (
        "It will not be shown. The filter learns nothing from it.",
        "نمایش داده نمی‌شود. فیلتر از آن چیزی یاد نمی‌گیرد.",
    ),
    "then.spam": (
        "It will not be shown, and the filter learns that it is spam.",
        "نمایش داده نمی‌شود و فیلتر یاد می‌گیرد که هرزنامه است.",
    ),
    "is.approved": ("This comment is approved", "این دیدگاه تأیید شده است"),
    "is.rejected": ("This comment is rejected", "این دیدگاه رد شده است"),
    "is.spam": ("This comment is marked as spam", "این دیدگاه هرزنامه شناخته شده است"),
    "is.held": ("This comment waits for a decision", "این دیدگاه در انتظار تصمیم است"),
    "is.received": ("This comment is being checked", "این دیدگاه در حال بررسی است"),
    "by.this": (
        "Decided {when}, with a link from a message to this endpoint.",
        "{when}، با پیوند پیامی که به همین مقصد رفته بود، تصمیم گرفته شد.",
    ),
    "by.link": (
        "Decided {when}, with a link from a message to another endpoint ({who}).",
        "{when}، با پیوند پیامی که به مقصد دیگری ({who}) رفته بود، تصمیم گرفته شد.",
    ),
    "by.website": ("Decided {when} by the website.", "{when} از سوی سایت تصمیم گرفته شد."),
    "by.moderator": ("Decided {when} by {who}.", "{when} به دست {who} تصمیم گرفته شد."),
    "why.done": ("Done. There is nothing left to do here.", "انجام شد. این‌جا کار دیگری نمانده است."),
    "why.settled": (
        "Somebody was faster: this link has nothing left to do.",
        "کسی زودتر تصمیم گرفته است؛ برای این پیوند کاری نمانده است.",
    ),
    "why.changed": (
        "The comment has changed since this message was sent, so this link no longer works.",
        "دیدگاه پس از فرستادن این پیام تغییر کرده است و این پیوند دیگر کار نمی‌کند.",
    ),
    "why.erased": (
        "The author's data was erased, and the comment with it.",
        "داده‌های نویسنده پاک شده‌اند و این دیدگاه هم با آن‌ها پاک شده است.",
    ),
    "why.expired": (
        "This link has expired: links work for seven days. The queue still shows what waits.",
        "زمان این پیوند گذشته است؛ پیوندها هفت روز کار می‌کنند. صف بررسی همچنان دیدگاه‌ها را نشان می‌دهد.",
    ),
    "why.removed": (
        "The message was sent to an endpoint that has been removed since: its links no longer work.",
        "مقصدی که این پیام به آن رفته بود برداشته شده است؛ پیوندهایش دیگر کار نمی‌کنند.",
    ),
    "head.erased": ("This comment was erased", "این دیدگاه پاک شده است"),
    "head.expired": ("This link has expired", "زمان این پیوند گذشته است"),
    "head.removed": ("This link no longer works", "این پیوند دیگر کار نمی‌کند"),
    "head.unknown": ("This link is not valid", "این پیوند درست نیست"),
    "why.unknown": (
        "It may have been cut off where it was copied. Open it from the message itself.",
        "شاید هنگام رونوشت بریده شده باشد. آن را از خود پیام باز کنید.",
    ),
    "head.busy": ("Too many requests", "درخواست‌های بیش از اندازه"),
    "why.busy": ("Please try again in a minute.", "لطفاً یک دقیقهٔ دیگر دوباره تلاش کنید."),
    "on": ("On", "دربارهٔ"),
    "why": ("Why it was held", "چرا نگه داشته شد"),
    "by_hand": ("A moderator held it.", "یک ناظر آن را نگه داشته است."),
    "once": (
        "Nothing happens before you press the button. This link works once, for {left} more.",
        "تا دکمه را نزنید اتفاقی نمی‌افتد. این پیوند یک بار و تا {left} دیگر کار می‌کند.",
    ),
    "now": ("just now", "همین حالا"),
    "ago": ("{span} ago", "{span} پیش"),
    "other": ("فارسی", "English"),
    "minute": ("minute", "دقیقه"),
    "hour": ("hour", "ساعت"),
    "day": ("day", "روز"),
}


def words(language: Language) -> Mapping[str, str]:
    """Return the page's words by their keys."""
    return {key: texts[language == "fa"] for key, texts in _WORDS.items()}


def span(seconds: float, language: Language) -> str:
    """Return a span of time, rounded to its largest unit: 3 hours."""
    minutes = max(1, round(seconds / 60))
    unit, size = next((one for one in (("day", 1440), ("hour", 60)) if minutes >= one[1]), ("minute", 1))
    count = round(minutes / size)
    written = str(count).translate(_DIGITS) if language == "fa" else str(count)
    name = words(language)[unit]
    return f"{written} {name}" + ("s" if language == "en" and count != 1 else "")


def ago(at: datetime, now: datetime, language: Language) -> str:
    """Return how long ago something was."""
    seconds = (now - at).total_seconds()
    said = words(language)
    return said["now"] if seconds < 60 else said["ago"].format(span=span(seconds, language))  # noqa: PLR2004 - a minute
