"""Reasons in words: every signal has them, and what decided comes first."""

import re

import pytest

from moderation.messages import LANGUAGES, Language
from moderation.policy import DEFAULT_POINTS_OF
from moderation.reasons import _REASONS, reason, reasons_against


def test_every_signal_has_words_of_its_own() -> None:
    assert set(_REASONS) == set(DEFAULT_POINTS_OF)
    for language in LANGUAGES:
        assert len({reason(name, language) for name in DEFAULT_POINTS_OF}) == len(DEFAULT_POINTS_OF)


@pytest.mark.parametrize(("language", "letters"), [("en", "[a-zA-Z]"), ("fa", "[\u0600-\u06ff]")])
def test_the_words_are_of_the_language(language: Language, letters: str) -> None:
    for name in DEFAULT_POINTS_OF:
        words = reason(name, language)
        assert re.match(letters, words), words
        assert not words.endswith(".")


def test_a_signal_of_the_sites_own_is_called_by_its_name() -> None:
    assert reason("LAWYERS", "fa") == "LAWYERS"


def test_rules_come_first_and_then_the_weightiest_and_what_speaks_for_it_is_no_reason() -> None:
    signals = [
        {"name": "MODEL_SPAM", "points": 2.0},
        {"name": "AUTHOR_TRUSTED", "points": -1.5},
        {"name": "LINKS_MANY", "points": 4.0},
        {"name": "FINGLISH", "points": 0.0},
        {"name": "RULE_FIRST_TIMER", "points": 0.0},
        {"name": "GIBBERISH", "points": 9.0, "shadow": True},
    ]
    assert [one["name"] for one in reasons_against(signals)] == ["RULE_FIRST_TIMER", "LINKS_MANY", "MODEL_SPAM"]
