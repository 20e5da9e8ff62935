"""The parts of a text that are judged on their own."""

from itertools import pairwise

import pytest

from moderation.learning.windows import windows

LENGTHS = [80, 81, 200, 399, 400, 1_000, 20_000, 40_000]


@pytest.mark.parametrize("length", [0, 1, 79])
def test_a_short_text_has_no_parts(length: int) -> None:
    assert windows(length) == ()


@pytest.mark.parametrize("length", LENGTHS)
def test_parts_lie_within_the_text_and_cover_it(length: int) -> None:
    parts = windows(length)
    assert 2 <= len(parts) <= 17
    assert parts[0][0] == 0
    assert parts[-1][1] == length
    for (_, end), (start, _) in pairwise(parts):
        assert 0 < start <= end


@pytest.mark.parametrize("length", LENGTHS)
def test_parts_together_are_about_twice_the_whole(length: int) -> None:
    assert sum(end - start for start, end in windows(length)) < 2.2 * length
