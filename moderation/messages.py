"""Errors in words, for people, in English and Persian. Programs read the codes."""

from collections.abc import Mapping
from typing import Any, Literal

from moderation.errors import FieldError

Language = Literal["en", "fa"]
LANGUAGES: tuple[Language, ...] = ("en", "fa")

# (code, field) outranks (code, "").
_MESSAGES: Mapping[tuple[str, str], Mapping[Language, str]] = {
    ("required", ""): {"en": "This field is required.", "fa": "این بخش الزامی است."},
    ("required", "name"): {"en": "Please enter your name.", "fa": "لطفاً نام خود را بنویسید."},
    ("required", "email"): {"en": "Please enter your email address.", "fa": "لطفاً نشانی ایمیل خود را بنویسید."},
    ("required", "body"): {"en": "Please write a comment.", "fa": "لطفاً دیدگاه خود را بنویسید."},
    ("invalid", ""): {"en": "This value is not valid.", "fa": "این مقدار درست نیست."},
    ("invalid", "email"): {
        "en": "Please enter a valid email address, such as name@example.com.",
        "fa": "لطفاً یک نشانی ایمیل درست بنویسید، مانند name@example.com.",
    },
    ("invalid", "ip"): {"en": "This is not an IP address.", "fa": "این یک نشانی آی‌پی نیست."},
    ("invalid", "language"): {
        "en": "This is not a language code such as fa or en-GB.",
        "fa": "این یک کد زبان مانند fa یا en-GB نیست.",
    },
    ("invalid", "submitted_at"): {
        "en": "This is not a date and time in ISO 8601.",
        "fa": "این تاریخ و زمان در قالب ISO 8601 نیست.",
    },
    ("too_long", ""): {
        "en": "This is too long: at most {max} characters.",
        "fa": "این متن بلندتر از اندازه است؛ حداکثر {max} نویسه.",
    },
    ("too_many", ""): {"en": "These are too many: at most {max}.", "fa": "تعداد بیش از اندازه است؛ حداکثر {max}."},
    ("wrong_type", ""): {"en": "This has the wrong type.", "fa": "نوع این مقدار درست نیست."},
    ("repeated", ""): {"en": "This field was given more than once.", "fa": "این بخش بیش از یک بار فرستاده شده است."},
    ("invalid_characters", ""): {
        "en": "This contains characters that can't be stored.",
        "fa": "این متن نویسه‌هایی دارد که ذخیره‌شدنی نیستند.",
    },
    ("not_allowed", ""): {"en": "This is not allowed: {why}.", "fa": "این مجاز نیست: {why}."},
    ("unknown", ""): {"en": "There is no such thing.", "fa": "چنین چیزی وجود ندارد."},
}

# What `code` may say in an answer.
CODES = tuple(dict.fromkeys(code for code, _ in _MESSAGES))

_INVALID_INPUT: Mapping[Language, str] = {
    "en": "Some fields need another look.",
    "fa": "چند بخش نیاز به بازبینی دارد.",
}


def message(error: FieldError, language: Language) -> str:
    """Return the sentence for one field error."""
    texts = _MESSAGES.get((error.code, error.field)) or _MESSAGES[error.code, ""]
    return texts[language].format(**error.limits)


def describe(error: FieldError, language: Language) -> dict[str, Any]:
    """Return a field error as an answer shows it."""
    return {"field": error.field, "code": error.code, "message": message(error, language)}


def invalid_input(language: Language) -> str:
    """Return the sentence above a list of field errors."""
    return _INVALID_INPUT[language]
