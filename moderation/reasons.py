"""Why a comment was held, in words for people, in English and Persian. Programs read the signals' names. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from moderation.messages import Language

# What a rule of the site or a failure says decides, whatever it weighs.
_DECIDING = ("RULE_", "FILTER_FAILED", "REMOTE_FAILED")

_REASONS: Mapping[str, tuple[str, str]] = {
    "LINKS_MANY": ("Many links", "پیوندهای زیاد"),
    "LINK_IN_NAME": ("A link in the name", "پیوند در نام"),
    "LINK_MISMATCH": (
        "A link that leads elsewhere than it shows",
        "پیوندی که به جایی جز آنچه نشان می‌دهد می‌رود",
    ),
    "LINK_SHORTENER": ("A link that hides where it leads", "پیوندی که مقصدش را پنهان می‌کند"),
    "LINK_KNOWN_BAD": ("A link to where spam has linked before", "پیوند به جایی که هرزنامه‌های پیشین هم به آن می‌رفتند"),
    "LINK_NEW_DOMAIN": (
        "A link to where no comment has linked yet",
        "پیوند به جایی که هنوز دیدگاهی به آن پیوند نداده است",
    ),
    "WORDS_HOLD": ("A word that the site wants to look at", "واژه‌ای که سایت می‌خواهد بررسی شود"),
    "WORDS_SPAM": ("A word of the site's spam list", "واژه‌ای از فهرست هرزنامهٔ سایت"),
    "REPEATED": ("The same text came before", "همین متن پیش‌تر هم آمده است"),
    "REPEATED_SPAM": ("The same text was spam before", "همین متن پیش‌تر هرزنامه بوده است"),
    "NEAR_COPIES": ("Almost the same text came before", "متنی تقریباً یکسان پیش‌تر آمده است"),
    "NEAR_COPY_OF_SPAM": ("Almost the same text was spam before", "متنی تقریباً یکسان پیش‌تر هرزنامه بوده است"),
    "PASTED": ("A copy of the title or of the comment it answers", "رونوشت عنوان یا دیدگاهی که به آن پاسخ داده است"),
    "UNRELATED": ("Nothing in common with the post", "بی‌ارتباط با مطلب"),
    "AUTHOR_NEW": ("The author's first comment here", "نخستین دیدگاه این نویسنده در این سایت"),
    "AUTHOR_TRUSTED": ("The author's comments were approved before", "دیدگاه‌های پیشین نویسنده تأیید شده‌اند"),
    "AUTHOR_SPAMMED": ("The author's comments were spam before", "دیدگاه‌های پیشین نویسنده هرزنامه بوده‌اند"),
    "AUTHOR_MANY_NAMES": ("One email address, many names", "یک نشانی ایمیل با چند نام"),
    "NAME_KEYWORD": ("The name is an advertisement", "نام نویسنده تبلیغ است"),
    "EMAIL_DISPOSABLE": ("A throw-away email address", "نشانی ایمیل یک‌بارمصرف"),
    "FLOOD": ("Many comments in a short time", "دیدگاه‌های پرشمار در زمانی کوتاه"),
    "HONEYPOT": ("The hidden field of the form was filled in", "بخش پنهان فرم پر شده است"),
    "FORM_FAST": ("Sent faster than it can be typed", "زودتر از آنکه بتوان نوشت فرستاده شده است"),
    "FORM_STALE": ("The form was open for very long", "فرم زمانی بسیار طولانی باز بوده است"),
    "FORM_FORGED": ("The form's token is not one of the site's", "نشانهٔ فرم از این سایت نیست"),
    "FORM_MISSING": ("Not sent from the website's form", "از فرم سایت فرستاده نشده است"),
    "FORM_NO_WORK": (
        "Sent in a flood, without the work asked of forms",
        "در هجوم دیدگاه‌ها و بدون کاری که از فرم خواسته شده بود فرستاده شده است",
    ),
    "CONTACT": ("A phone number, account or wallet", "شماره تلفن، شناسه یا کیف پول"),
    "PROMOTION": ("Offers or advertises something", "چیزی را تبلیغ یا عرضه می‌کند"),
    "DISGUISED": ("Letters that pass for others", "حروف ساختگی یا پنهان‌کننده"),
    "LANGUAGE_OTHER": ("Another language than the site's", "به زبانی جز زبان سایت"),
    "FINGLISH": ("Persian in Latin letters", "فارسی با حروف لاتین"),
    "ALL_CAPITALS": ("All capitals", "همه با حروف بزرگ"),
    "GIBBERISH": ("Keys pressed at random", "حروف درهم و بی‌معنا"),
    "EMOJI_RUN": ("Nothing but emoji", "فقط ایموجی"),
    "EMPTY": ("Nothing to read", "بدون متن خواندنی"),
    "MODEL_SPAM": ("Reads like spam", "متن به هرزنامه می‌ماند"),
    "MODEL_UNTAUGHT": (
        "May be spam; the filter does not know this site yet",
        "شاید هرزنامه باشد؛ فیلتر هنوز این سایت را نمی‌شناسد",
    ),
    "TOXIC": ("Insult or threat", "توهین یا تهدید"),
    "RULE_TRUST": ("The author is trusted by the site", "نویسنده مورد اعتماد سایت است"),
    "RULE_BLOCK": ("The author is blocked by the site", "سایت نویسنده را مسدود کرده است"),
    "RULE_CLOSED_POST": ("Comments on this post are closed", "دیدگاه‌های این مطلب بسته است"),
    "RULE_FIRST_TIMER": ("The site looks at everybody's first comment", "سایت نخستین دیدگاه هر کس را بررسی می‌کند"),
    "RULE_HOLD_EVERYTHING": ("The site looks at every comment", "سایت همهٔ دیدگاه‌ها را بررسی می‌کند"),
    "RULE_FLOOD_MODE": ("The site is flooded with comments", "دیدگاه‌ها به سایت هجوم آورده‌اند"),
    "REMOTE_AKISMET": ("Akismet says spam", "به نظر Akismet هرزنامه است"),
    "REMOTE_STOP_FORUM_SPAM": ("Listed by Stop Forum Spam", "در فهرست Stop Forum Spam است"),
    "REMOTE_CHECK_SPAM": ("The site's own check says spam", "بررسی ویژهٔ سایت آن را هرزنامه می‌داند"),
    "REMOTE_CHECK_HOLD": ("The site's own check wants a person to look", "بررسی ویژهٔ سایت نگاه یک انسان را می‌خواهد"),
    "REMOTE_OPINION_SPAM": ("A language model takes it for spam", "یک مدل زبانی آن را هرزنامه می‌داند"),
    "REMOTE_OPINION_HAM": ("A language model takes it for ham", "یک مدل زبانی آن را سالم می‌داند"),
    "REMOTE_FAILED": ("A service outside could not be asked", "پرسش از یک سرویس بیرونی ممکن نشد"),
    "FILTER_FAILED": ("A filter failed", "یکی از فیلترها کار نکرد"),
}


def reason(name: str, language: Language) -> str:
    """Return what a signal says, as a few words without a full stop; the name itself for a site's own filter's."""
    english, persian = _REASONS.get(name, (name, name))
    return persian if language == "fa" else english


def reasons_against(signals: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return a verdict's signals that speak against the comment: rules and failures first, then the weightiest."""
    against = [
        one
        for one in signals
        if not one.get("shadow") and one["name"] != "RULE_TRUST" and (one["points"] > 0 or _decides(one["name"]))
    ]
    return sorted(against, key=lambda one: (not _decides(one["name"]), -one["points"]))


def _decides(name: str) -> bool:
    return name.startswith(_DECIDING)
