"""What a site's own model sees besides words: how a comment is written, and by whom."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.learning.characters import line_up
from moderation.learning.habits import MANNERS, habits, manner
from moderation.learning.habits import TABLE_SIZE as HABITS
from moderation.learning.site_features import BLOCKS, TABLE_SIZE, extract, who


def _pieces(text: str) -> set[int]:
    return set(habits([text])[0].tolist())


def _alike(one: str, other: str) -> float:
    first, second = _pieces(one), _pieces(other)
    return len(first & second) / len(first | second)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Buy now", "buy now"), ("wow", "wow!!!"), ("so nice", "so nice \U0001f600"), ("abc", "cab"), ("a 1", "a b")],
)
def test_what_folding_hides_is_told_apart(one: str, other: str) -> None:
    assert _alike(one, other) < 1


def test_other_words_written_the_same_way_are_alike() -> None:
    assert _alike("WIN 500 $ TODAY!!!", "GET 900 $ RIGHT!!!") > 0.5 > _alike("WIN 500 $ TODAY!!!", "i like this song")


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("look <b>here</b>", "look  here "),
        ("it&#39;s", "it's"),
        ("see https://a.example/x?y=1", "see https://b.example/"),
        ("see www.a.example", "see http://b.example"),
    ],
)
def test_markup_and_addresses_are_nobodys_habit(marked: str, plain: str) -> None:
    assert _pieces(marked) == _pieces(plain)


@given(st.lists(st.text(max_size=60), max_size=5))
def test_a_text_has_the_same_pieces_alone_and_in_a_batch(texts: list[str]) -> None:
    places, owners = habits(texts)
    assert [set(places[owners == at].tolist()) for at in range(len(texts))] == [_pieces(text) for text in texts]
    assert bool(np.all(places < HABITS))


@given(st.lists(st.text(max_size=60), max_size=5))
def test_the_manner_of_a_text_is_the_same_alone_and_in_a_batch(texts: list[str]) -> None:
    places, starts = manner(texts)
    assert len(starts) == len(texts) + 1
    found = [places[starts[at] : starts[at + 1]].tolist() for at in range(len(texts))]
    assert found == [manner([text])[0].tolist() for text in texts]
    assert all(one == sorted(set(one)) and len(one) > 0 and max(one) < MANNERS for one in found)


@given(
    st.lists(st.text(max_size=60) | st.sampled_from(["<b>A!</b>", "1 &amp; 2", "x" * 4_000]), min_size=1, max_size=5)
)
def test_texts_that_are_in_a_row_already_have_the_same_manner(texts: list[str]) -> None:
    for alone, in_a_row in zip(manner(texts), manner(texts, line_up(texts)), strict=True):
        assert alone.tolist() == in_a_row.tolist()


def test_the_manner_knows_capitals_and_signs_but_no_words() -> None:
    def places(text: str) -> list[int]:
        return manner([text])[0].tolist()

    assert places("Buy it now!") == places("Get it fat!")
    assert places("Buy it now!") != places("buy it now!")
    assert places("Buy it now!") != places("Buy it now.")


def test_an_author_is_named_by_words_mail_domain_and_website() -> None:
    found = who("  Best  CASINO ", "someone@Example.com", "https://www.Casino.example:8080/win?x=1")
    assert found == ("host casino.example", "mail example.com", "name best casino", "word best", "word casino")
    assert who("") == ()
    assert who("", website="//user@shop.example/") == ("host shop.example",)


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=10)), max_size=4))
def test_each_block_of_each_text_has_length_one_or_nothing(comments: list[tuple[str, str]]) -> None:
    of = extract([text for text, _ in comments], [who(name) for _, name in comments])
    assert bool(np.all(of.places < TABLE_SIZE))
    squares = np.bincount(of.blocks, of.values.astype(float) ** 2, minlength=len(BLOCKS) * len(comments))
    assert bool(np.all((np.abs(squares - 1) < 1e-4) | (squares == 0)))
