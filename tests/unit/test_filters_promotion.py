"""Filter `promotion`: offers of well-known kinds, and talk about the same things."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.filters.promotion import promotion
from moderation.text import fold
from tests.conftest import ROOT
from tests.unit.test_filters import facts

LISTED = tomllib.loads((ROOT / "moderation" / "promotions.toml").read_text())


@pytest.mark.parametrize(
    ("body", "strength", "shown"),
    [
        ("Get your casino bonus now!", 1.0, "casino bonus"),
        ("Check out MY channel, guys", 1.0, "Check out MY channel"),
        ("کسب درآمد روزانه، پیام بدید", 1.0, "کسب درآمد"),
        ("فالوور واقعی‌ بخر", 1.0, "فالوور واقعی"),
        ("Ищу партнёров", 1.0, "Ищу партнёров"),
        ("kira 🍑🍑💦 join", 1.0, "🍑"),
        ("I earned so much, dm me", 1.0, "dm me"),
        ("about crypto: https://coins.example.org/x", 0.6, "crypto"),
        ("bitcoin and forex: https://coins.example.org/x", 1.0, "bitcoin"),
        ("برای وام به سایت بانک مراجعه کردم", 0.6, "وام"),
        ("forex, trading and profits", 1.0, "forex, trading"),
        ("Bitcoin fell again, and investors fear more; crypto is dead", 0.3, "Bitcoin"),
        ("Please join us on Sunday", 0.1, "join"),
    ],
)
def test_promotion_is_noticed(body: str, strength: float, shown: str) -> None:
    (signal,) = promotion(facts(body=body))
    assert (signal.name, signal.strength, signal.evidence[0].text) == ("PROMOTION", strength, shown)


@pytest.mark.parametrize(
    "body",
    [
        "Well said.",
        "The government bets on casinos again.",
        "قمار در کشور ممنوع است",
        "The price of bread has doubled since spring",
        "They promised a loan to every farmer",
        "Кредит доверия исчерпан",
    ],
)
def test_a_debate_is_none(body: str) -> None:
    assert list(promotion(facts(body=body))) == []


def test_the_sites_own_pages_call_nobody() -> None:
    body = "more about crypto: https://news.example.org/x"
    assert list(promotion(facts(body=body, own_hosts=frozenset({"news.example.org"})))) == []
    assert [one.strength for one in promotion(facts(body=body))] == [0.6]


def test_how_an_address_is_spelt_says_nothing() -> None:
    assert list(promotion(facts(body="As I read there: https://casino-bonus.example.org/shop/cheap?crypto"))) == []


def test_every_listed_phrase_is_found() -> None:
    for offer, kinds in LISTED.items():
        for kind, phrases in kinds.items():
            for phrase in phrases:
                (signal,) = promotion(facts(body=f"{phrase} {phrase} {phrase} join"))
                assert fold(phrase) in {fold(one.text) for one in signal.evidence}, (offer, kind, phrase)


def test_no_phrase_is_listed_twice_in_one_place() -> None:
    for offer, kinds in LISTED.items():
        for kind, phrases in kinds.items():
            folded = [fold(phrase) for phrase in phrases]
            assert sorted(set(folded)) == sorted(folded), (offer, kind)


@given(st.text())
def test_evidence_lies_in_the_text(body: str) -> None:
    for signal in promotion(facts(body=f"{body} casino bonus {body}")):
        assert all(one.text in f"{body} casino bonus {body}" for one in signal.evidence)
