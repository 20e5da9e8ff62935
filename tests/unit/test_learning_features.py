"""The numbers that texts become."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.learning.characters import line_up
from moderation.learning.features import HASH_BITS, SIDES, TABLE_SIZE, extract, grams
from moderation.learning.habits import manner
from moderation.learning.sides import NAMES

DIGEST = """
import hashlib
from moderation.learning.features import extract
features = extract(["Hello, world!", "سلام دنیا 123", "", "🎉 http://a.com"])
held = (features.places, features.values, features.starts, features.sides.round(4))
print(hashlib.sha256(b"".join(part.tobytes() for part in held)).hexdigest())
"""


def places(text: str) -> set[int]:
    return set(extract([text]).places.tolist())


def side(name: str, text: str) -> float:
    return float(extract([text]).sides[0, NAMES.index(name)])


def test_the_same_texts_have_the_same_features_in_every_process() -> None:
    digests = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        digests.add(subprocess.check_output([sys.executable, "-c", DIGEST], env=environment, text=True))
    assert len(digests) == 1


def test_hashing_is_what_the_shipped_weights_were_made_with() -> None:
    """If this fails the shipped weights are void: raise features.VERSION and train anew."""
    held = hashlib.sha256(extract(["Hello, world! سلام دنیا 123"]).places.astype("<i4").tobytes())
    assert held.hexdigest()[:16] == "209346122bd5d838"
    held = hashlib.sha256(manner(["Hello, world! سلام دنیا 123"])[0].astype("<i4").tobytes())
    assert held.hexdigest()[:16] == "1c4fec5ebd3d4ddf"


def test_texts_of_many_kinds_are_measured_as_they_were_for_the_shipped_weights() -> None:
    """If this fails the shipped weights are void: raise features.VERSION and train anew."""
    texts = [
        "FREE money!!! Call 0912 345 67 89",
        "سلام، خیلی خوب بود 🌹🌹🌹🌹",
        "see <b>https://a.example/x</b> &amp; y",
        "𝗔𝗕 c\u200bd éé \u0416ab",
        "",
        "a\n\nb @me x@y.org 5$",
        "casino bonus",
        "کسب درآمد در سایت",
    ]
    places, starts = manner(texts)
    written = hashlib.blake2b(places.astype("<u4").tobytes() + starts.astype("<i8").tobytes(), digest_size=8)
    assert written.hexdigest() == "f8d60476a18ed1f7"
    # The last digits of a logarithm differ between machines.
    sides = hashlib.blake2b(np.rint(extract(texts).sides * 10_000).astype("<i4").tobytes(), digest_size=8)
    assert sides.hexdigest() == "a154be6723079df3"


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_texts_have_features_and_company_does_not_change_them(texts: list[str]) -> None:
    together = extract(texts)
    assert len(together.starts) == len(texts) + 1
    assert together.sides.shape == (len(texts), SIDES)
    assert np.isfinite(together.sides).all()
    assert ((together.places >= 0) & (together.places < TABLE_SIZE)).all()
    for at, text in enumerate(texts):
        own = together.places[together.starts[at] : together.starts[at + 1]]
        assert own.tolist() == extract([text]).places.tolist()
        np.testing.assert_array_equal(together.sides[at], extract([text]).sides[0])


def test_some_texts_features_may_be_taken_out() -> None:
    texts = ["first text", "", "the third", "fourth"]
    some = extract(texts).of([2, 0])
    alone = extract(["the third", "first text"])
    for part in ("places", "values", "starts", "sides"):
        np.testing.assert_array_equal(getattr(some, part), getattr(alone, part))


def test_each_half_of_the_table_has_length_one() -> None:
    features = extract(["several words in one text text text"])
    words = features.places >= 1 << HASH_BITS
    assert np.sum(features.values[words] ** 2) == pytest.approx(1)
    assert np.sum(features.values[~words] ** 2) == pytest.approx(1)


def test_many_long_texts_are_worked_through_in_portions() -> None:
    texts = [f"{number} " * 5_000 for number in range(30)]
    together = extract(texts)
    alone = extract(texts[17:18])
    assert together.places[together.starts[17] : together.starts[18]].tolist() == alone.places.tolist()


def test_texts_that_fold_alike_share_their_n_grams() -> None:
    assert places("FREE  mon\u200bey") == places("free money")
    assert places("كتاب") == places("کتاب")
    assert places("free money") != places("free honey")


def test_n_grams_say_where_they_stand() -> None:
    found = grams(line_up(["ab cd"]))
    # One mark before and one behind: 7 characters have 6 + 5 + 4 + 3 n-grams; then two words and one pair.
    assert len(found.places) == 6 + 5 + 4 + 3 + 2 + 1
    assert [(int(a), int(b)) for a, b in zip(found.firsts[-3:], found.lasts[-3:], strict=True)] == [
        (1, 3),
        (4, 6),
        (1, 6),
    ]


@pytest.mark.parametrize(
    ("name", "more", "less"),
    [
        ("length", "a long sentence of many words", "short"),
        ("link", "see http://a.com", "see a com"),
        ("links", "http://a.com http://b.com", "http://a.com"),
        ("hosts", "http://a.com http://b.com", "http://a.com http://a.com"),
        ("link_share", "http://a.com/a/long/path", "go there http://a.com"),
        ("mail", "write me@example.com", "write @example"),
        ("handle", "write @example", "write me@example.com"),
        ("long_number", "call 02112345678", "call 021 123"),
        ("digit_share", "12 34", "ab 34"),
        ("currency", "only 5$", "only 5"),
        ("capital_share", "GREAT NEWS", "Great news"),
        ("picture", "yes 🎉", "yes"),
        ("pictures", "yes 🎉🎉🎉", "yes 🎉"),
        ("exclamations", "yes!!!", "yes!"),
        ("punctuation_share", "...,,,", "abc"),
        ("lines", "a\nb\nc", "a b c"),
        ("invisible", "f\u200br\u200bee", "free"),
        ("marks", "f\u0332r\u0332ee", "free"),
        ("styled_share", "𝐟𝐫𝐞𝐞", "free"),
        ("mixed_words", "pаypаl", "paypal"),
        ("repeats", "soooooo", "so"),
        ("lone_letters", "f r e e", "free"),
        ("word_length", "extraordinarily", "so it is"),
        ("shrunk", "a          b", "a b"),
        ("markup", "<b>x</b>", "x"),
        ("promotion", "free followers", "some followers"),
    ],
)
def test_a_side_feature_rises_with_what_it_is_named_after(name: str, more: str, less: str) -> None:
    assert side(name, more) > side(name, less)


def test_every_side_feature_is_named_once() -> None:
    assert len(set(NAMES)) == SIDES


@pytest.mark.parametrize("text", ["می\u200cروم", "👨\u200d👩\u200d👧", "नमस्\u200dते"])
def test_joiners_that_spell_are_no_disguise(text: str) -> None:
    assert side("invisible", text) == 0
