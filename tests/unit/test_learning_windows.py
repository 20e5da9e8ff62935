"""The parts of a text that are judged on their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.learning.windows import windows


def test_a_short_text_has_no_parts() -> None:
    assert windows("a short one") == []


@given(st.text("ab ", min_size=80, max_size=3_000))
def test_parts_lie_within_the_text_and_cover_it(text: str) -> None:
    parts = windows(text)
    assert 2 <= len(parts) <= 16
    covered = 0
    for part in parts:
        at = text.find(part, 0, covered + len(part))
        assert 0 <= at <= covered
        covered = max(covered, at + len(part))
    assert parts[0] == text[: len(parts[0])]
    assert text.endswith(parts[-1])


@pytest.mark.parametrize("length", [80, 1_000, 20_000, 40_000])
def test_the_work_for_parts_is_about_twice_that_for_the_whole(length: int) -> None:
    text = ("honest words " * length)[:length]
    assert sum(map(len, windows(text))) < 2.7 * length


def test_words_are_not_cut() -> None:
    words = {"every", "word", "stays", "whole"}
    text = "every word stays whole " * 40
    assert {word for part in windows(text) for word in part.split()} == words
