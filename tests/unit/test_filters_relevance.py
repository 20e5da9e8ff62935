"""Relevance: comments that repeat their place, and those that have nothing to do with it."""

import pytest

from moderation.filters.facts import Surroundings
from moderation.filters.relevance import _remembered_stems, _stems, _stems_of, is_comparable, relevance
from tests.unit.test_filters import facts

TITLE = "Parliament votes on the new water law after a dry summer"
FA_TITLE = "مجلس درباره‌ی قانون تازه‌ی آب پس از تابستان خشک رأی می‌دهد"
SAID = (
    "The reservoirs around the capital stand lower than ever before, says the minister of agriculture today.",
    "Farmers depend upon irrigation since decades; without canals their orchards wither within weeks of drought.",
    "Nobody explains where households should save while factories waste groundwater without paying anything.",
    "Prices for bottled drinking water doubled between April and August, according to official statistics.",
    "Previous governments promised desalination plants along the coast; none was finished, contractors vanished.",
    "Rivers dried, wetlands shrank, dust storms reached hospitals, patients suffered, engineers warned early.",
)
UNRELATED = (
    "Sparkling leather handbags, wholesale discount sneakers, original perfume flasks, luxury bracelets, cashmere "
    "scarves, branded sunglasses, velvet slippers"
)


def _names(body: str, **around: object) -> dict[str, float]:
    return {one.name: one.strength for one in relevance(facts(body=body, surroundings=Surroundings(**around)))}


@pytest.mark.parametrize(
    ("body", "title", "parent", "is_pasted"),
    [
        (TITLE, TITLE, None, True),
        (f"{TITLE.upper()}!!!", TITLE, None, True),
        (f"<b>{TITLE}</b> ...", TITLE, None, True),
        (FA_TITLE.replace("ی", "ي").replace("\u200c", " "), FA_TITLE, None, True),
        (f"{TITLE}. And high time it was, says every farmer whom I have met this year.", TITLE, None, False),
        ("votes on water", TITLE, None, False),
        ("I would have voted for it, but nobody asks me.", TITLE, SAID[0], False),
        (SAID[0], None, SAID[0], True),
        (SAID[0], None, SAID[0] + " " + SAID[1], True),
        (SAID[0], None, None, False),
        (f"> {SAID[0]} That is not true: it was lower in the years of the war, look it up.", None, SAID[0], False),
        ("Well said!", "Well said!", None, False),
    ],
)
def test_a_comment_that_only_repeats_its_place_is_pasted(
    body: str, title: str | None, parent: str | None, is_pasted: bool
) -> None:
    assert ("PASTED" in _names(body, title=title, parent=parent)) == is_pasted


def test_the_evidence_says_what_is_repeated() -> None:
    [signal] = relevance(facts(body=SAID[0], surroundings=Surroundings(title=TITLE, parent=SAID[0])))
    assert signal.evidence[0].text == "repeats the comment that it answers"


@pytest.mark.parametrize(
    ("body", "said", "strength"),
    [
        (UNRELATED, SAID, 0.5),
        (f"{UNRELATED} https://shop.example/", SAID, 1.0),
        # One word in common, whatever its ending.
        (f"{UNRELATED} farmers", SAID, None),
        (f"{UNRELATED} waterproof", SAID, None),
        # Too little is known of the post, or of the comment.
        (UNRELATED, SAID[:2], None),
        (UNRELATED, (), None),
        ("Luxury handbags, cheap sneakers", SAID, None),
        ("Nonsense " * 30, SAID, None),
        # Words are not parted by spaces.
        ("手袋批发折扣运动鞋 " * 20, SAID, None),
    ],
)
def test_a_long_comment_without_a_word_in_common_is_unrelated(
    body: str, said: tuple[str, ...], strength: float | None
) -> None:
    assert _names(body, title=TITLE, said=said).get("UNRELATED") == strength


def test_only_long_comments_are_compared() -> None:
    assert is_comparable(UNRELATED)
    assert not is_comparable("word " * 100)
    assert not is_comparable("")


def test_long_texts_are_not_remembered() -> None:
    before = _remembered_stems.cache_info().currsize
    long = "a comment of the greatest length " * 100
    assert _stems(long) == _stems_of(long)
    assert _remembered_stems.cache_info().currsize == before
