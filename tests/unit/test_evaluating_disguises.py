"""Disguises and links to measure with."""

from dataclasses import replace

import pytest

from moderation.evaluating.disguises import WAYS, disguised, linked
from moderation.links import find_links
from moderation.text import fold
from tests.unit.learning_data import row

TEXTS = ("visit https://evil.example.com/now for bitcoin profits", "قیمت ویژه کانال ما", "Купить сейчас")


@pytest.mark.parametrize("way", WAYS)
def test_a_disguise_changes_the_text_and_the_same_row_always_alike(way: str) -> None:
    rows = [replace(row(1, "spam"), body=text) for text in TEXTS]
    for_each, again = ([disguised(one, WAYS[way]).body for one in rows] for _ in range(2))
    assert for_each == again
    assert for_each[0] != TEXTS[0]
    assert for_each[0].strip()


@pytest.mark.parametrize("way", ["unseen characters", "combining marks", "styled letters"])
def test_what_folding_undoes_is_the_same_word_to_it(way: str) -> None:
    one = row(1, "spam")
    changed = disguised(one, WAYS[way])
    assert changed.body != one.body
    assert fold(changed.body) == fold(one.body)


def test_a_linked_comment_keeps_its_text_and_has_one_link_more() -> None:
    links = set()
    for number in range(20):
        one = row(number, "ham")
        changed = linked(one)
        assert changed.body.startswith(one.body + " ")
        assert len(find_links(changed.body)) == 1
        links.add(changed.body.removeprefix(one.body))
    assert len(links) == 20
