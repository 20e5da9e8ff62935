"""What signals weigh on a site, and how much is enough: data that a site may change without a release.

Pure. `facts` loads a site's newest policy, `verdict` applies it. Words and their names: docs/filters.md.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from moderation.errors import FieldError, InvalidInputError
from moderation.remote.names import SERVICES
from moderation.rules import Rules, read_rules
from moderation.submission import FIELDS, LANGUAGE

# A signal that a policy does not name (a site's own filter) weighs this much, so that it is seen but decides nothing.
DEFAULT_POINTS = 0.0

# Cautious on purpose: ham called spam is the worst error, ham held the next. No single signal but a person's own word
# (a spam list, a text already decided to be spam, or a near-copy of one) and a model that is all but certain reaches
# `spam`.
DEFAULT_POINTS_OF: Mapping[str, float] = {
    "LINKS_MANY": 4.0,
    "LINK_IN_NAME": 3.0,
    "LINK_MISMATCH": 2.0,
    "LINK_SHORTENER": 1.0,
    "LINK_KNOWN_BAD": 4.0,
    "LINK_NEW_DOMAIN": 0.1,
    "WORDS_HOLD": 3.0,
    "WORDS_SPAM": 6.0,
    "REPEATED": 3.0,
    "REPEATED_SPAM": 6.0,
    "NEAR_COPIES": 3.0,
    "NEAR_COPY_OF_SPAM": 6.0,
    "PASTED": 1.0,
    "UNRELATED": 1.0,
    "AUTHOR_NEW": 0.2,
    "AUTHOR_TRUSTED": -1.5,
    "AUTHOR_SPAMMED": 4.0,
    "AUTHOR_MANY_NAMES": 1.0,
    "NAME_KEYWORD": 1.5,
    "EMAIL_DISPOSABLE": 1.5,
    "FLOOD": 2.0,
    "HONEYPOT": 3.0,
    "FORM_FAST": 1.5,
    "FORM_STALE": 0.3,
    "FORM_FORGED": 1.5,
    "FORM_MISSING": 1.0,
    "FORM_NO_WORK": 3.0,
    "CONTACT": 3.0,
    "PROMOTION": 3.0,
    "DISGUISED": 3.0,
    "LANGUAGE_OTHER": 1.0,
    "FINGLISH": 0.0,
    "ALL_CAPITALS": 0.3,
    "GIBBERISH": 1.5,
    "EMOJI_RUN": 0.5,
    "EMPTY": 1.0,
    "MODEL_SPAM": 6.0,
    "MODEL_UNTAUGHT": 3.0,
    "TOXIC": 4.5,
    # What others say holds at most, and condemns only together; the language model's word is worth the least.
    "REMOTE_AKISMET": 5.0,
    "REMOTE_STOP_FORUM_SPAM": 4.0,
    "REMOTE_CHECK_SPAM": 4.5,
    "REMOTE_CHECK_HOLD": 3.0,
    "REMOTE_OPINION_SPAM": 1.5,
    "REMOTE_OPINION_HAM": -1.0,
    "REMOTE_FAILED": 0.0,
    "FILTER_FAILED": 0.0,
    # Followed, not weighed.
    "RULE_TRUST": 0.0,
    "RULE_BLOCK": 0.0,
    "RULE_CLOSED_POST": 0.0,
    "RULE_FIRST_TIMER": 0.0,
    "RULE_HOLD_EVERYTHING": 0.0,
    "RULE_FLOOD_MODE": 0.0,
}

# What is no spam however much of it there is: points of these signals lead to `hold` and count towards nothing beyond.
# A form shown before a flood began, or by a browser without scripts, can't show work.
HOLDS_ONLY = frozenset(["MODEL_UNTAUGHT", "TOXIC", "DISGUISED", "FORM_NO_WORK", "REMOTE_OPINION_SPAM"])

# Public lists for WordPress have some 60,000 lines.
MAX_WORDS = 100_000
MAX_WORD_LENGTH = 200
MAX_SIGNAL_NAME = 64
MAX_LANGUAGES = 50
MAX_SHADOW = 100
MAX_HOURS = 720
# Far beyond any threshold that makes sense.
MAX_POINTS = 1_000

OnFailure = Literal["hold", "ignore"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least scores of the actions that are not `approve`."""

    hold: float = 3.0
    spam: float = 6.0
    discard: float = 12.0

    def document(self) -> dict[str, float]:
        """Return them as JSON values: not by asdict, which takes ten times as long, for each verdict."""
        return {"hold": self.hold, "spam": self.spam, "discard": self.discard}


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a site's policy. Version 0 is the default that ships."""

    version: int = 0
    thresholds: Thresholds = Thresholds()
    points: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_POINTS_OF))
    words_hold: tuple[str, ...] = ()
    words_spam: tuple[str, ...] = ()
    # What a comment gets that a filter failed on: `hold`, or `ignore` to judge by the other filters alone.
    on_failure: OnFailure = "hold"
    # A site's own limits in characters, below the service's.
    max_lengths: Mapping[str, int] = field(default_factory=dict)
    # What the site is written in (BCP 47: fa, en, sr-Latn); empty when any language may come.
    languages: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)
    # Signals that are noticed and shown but have no say.
    shadow: tuple[str, ...] = ()
    # Services outside that are told of comments (`remote`): none unless a site asks for it, since data leaves for them.
    remote: tuple[str, ...] = ()
    # What a comment gets that one of them gave no opinion on: `hold`, or `ignore` to judge by what is known here.
    on_remote_failure: OnFailure = "ignore"
    # Hours after which moderators are reminded of what is held; 0: never.
    remind_after_hours: float = 4.0

    def points_of(self, signal_name: str) -> float:
        """Return what the signal weighs at full strength."""
        return self.points.get(signal_name, DEFAULT_POINTS)

    def document(self) -> dict[str, Any]:
        """Return the policy as JSON values, its version left out."""
        document = asdict(self)
        del document["version"]
        names = ("words_hold", "words_spam", "languages", "shadow", "remote")
        lists = {name: list(getattr(self, name)) for name in names}
        return document | lists | {"rules": self.rules.document()}


def read_policy(document: Any, version: int = 0) -> Policy:
    """Read a policy from JSON values; what is left out has its default. Raise InvalidInputError for nonsense."""
    if not isinstance(document, Mapping):
        raise InvalidInputError([FieldError("", "wrong_type")])
    known = {one.name for one in fields(Policy)} - {"version"}
    errors = [FieldError(str(name), "unknown") for name in document if name not in known]
    readers = {
        "thresholds": _read_thresholds,
        "points": _read_points,
        "words_hold": _read_words,
        "words_spam": _read_words,
        "on_failure": _read_on_failure,
        "max_lengths": _read_max_lengths,
        "languages": _read_languages,
        "rules": read_rules,
        "shadow": _read_shadow,
        "remote": _read_remote,
        "on_remote_failure": _read_on_failure,
        "remind_after_hours": _read_hours,
    }
    values: dict[str, Any] = {}
    for name, read in readers.items():
        if name in document:
            try:
                values[name] = read(document[name])
            except (ValueError, TypeError):
                errors.append(FieldError(name, "invalid"))
    if errors:
        raise InvalidInputError(errors)
    return Policy(version=version, **values)


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("not an object")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -MAX_POINTS <= value <= MAX_POINTS:
        # NaN is outside of every range.
        raise ValueError("not a number of points")
    return float(value)


def _read_thresholds(value: Any) -> Thresholds:
    given = {name: _number(number) for name, number in _object(value).items()}
    thresholds = Thresholds(**given)
    if not 0 < thresholds.hold <= thresholds.spam <= thresholds.discard:
        raise ValueError("hold, spam and discard must rise")
    return thresholds


def _read_points(value: Any) -> Mapping[str, float]:
    given = _object(value)
    if not all(_is_name(name) for name in given):
        raise ValueError("not a signal's name")
    return dict(DEFAULT_POINTS_OF) | {name: _number(number) for name, number in given.items()}


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= MAX_SIGNAL_NAME


def _read_shadow(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_SHADOW or not all(_is_name(name) for name in value):
        raise ValueError("not a list of signals")
    if "FILTER_FAILED" in value:
        # What a site does about failures is `on_failure`; here it would approve unseen.
        raise ValueError("a failure can't be in the shadow")
    return tuple(dict.fromkeys(value))


def _read_words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_WORDS:
        raise ValueError("not a list of words")
    words = []
    for word in value:
        if not isinstance(word, str) or len(word) > MAX_WORD_LENGTH or "\0" in word:
            raise ValueError("not a word")
        words.append(word.encode("utf-8").decode().strip())
    return tuple(word for word in words if word)


def _read_on_failure(value: Any) -> str:
    if value not in ("hold", "ignore"):
        raise ValueError("neither hold nor ignore")
    return str(value)


def _read_hours(value: Any) -> float:
    hours = _number(value)
    if not 0 <= hours <= MAX_HOURS:
        raise ValueError("not a number of hours")
    return hours


def _read_max_lengths(value: Any) -> Mapping[str, int]:
    limits = dict(_object(value))
    known = {one.name: one.max_length for one in FIELDS}
    if not all(
        isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= known.get(name, 0)
        for name, number in limits.items()
    ):
        raise ValueError("not limits of known fields")
    return limits


def _read_languages(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_LANGUAGES:
        raise ValueError("not a list of languages")
    if not all(isinstance(one, str) and LANGUAGE.fullmatch(one) for one in value):
        raise ValueError("not a language tag")
    return tuple(value)


def _read_remote(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(one in SERVICES for one in value):
        raise ValueError("not a list of services")
    return tuple(service for service in SERVICES if service in value)
