"""Filters: tables of comments and the signals they give."""

from dataclasses import replace
from typing import Any

import pytest

from moderation.errors import SettingsError
from moderation.filters import Facts, Prediction, load_filters, notice
from moderation.filters.facts import Copy, LinkHistory, NearCopies
from moderation.filters.links import links
from moderation.filters.model import TRUSTED_FROM, model, strength_of
from moderation.filters.near_copies import near_copies
from moderation.filters.repeats import repeats
from moderation.filters.rules import rules
from moderation.filters.words import words
from moderation.policy import Policy
from moderation.rules import read_rules
from moderation.signals import Signal
from moderation.verdict import judge


def facts(**known: Any) -> Facts:
    """Return the facts of an honest comment, with what is given."""
    usual = {
        "comment_id": "cm_1",
        "site_id": "st_1",
        "post_id": "8344",
        "name": "A reader",
        "email": "reader@example.com",
        "website": None,
        "body": "Well said.",
        "language": None,
        "policy": Policy(),
    }
    return Facts(**(usual | known))


def test_a_prediction_keeps_what_was_worked_out_of_the_text() -> None:
    before = facts(body="Ｓee http://a.example")
    folded, links_found = before.folded, before.links
    after = before.with_prediction(Prediction(0.9))
    assert after == replace(before, prediction=Prediction(0.9))
    assert before.prediction is None
    assert (after.folded, after.folded_with_spans.text) == ("see http://a.example",) * 2
    assert after.folded is folded
    assert after.links is links_found
    assert replace(after, body="no link").links == ()


def _found(signals: Any) -> dict[str, float]:
    return {signal.name: signal.strength for signal in signals}


@pytest.mark.parametrize(
    ("known", "signals"),
    [
        ({}, {}),
        ({"body": "I read it at https://example.org/a and agree with it"}, {}),
        ({"body": "https://example.org/a and https://example.net/b say otherwise"}, {"LINKS_MANY": 0.5}),
        ({"body": "http://a.example http://b.example http://c.example and some words"}, {"LINKS_MANY": 0.75}),
        ({"body": "http://a.example http://b.example http://c.example http://d.example more"}, {"LINKS_MANY": 1.0}),
        ({"body": "http://a.example/only"}, {"LINKS_MANY": 0.75}),
        ({"name": "www.cheap.example.com"}, {"LINK_IN_NAME": 1.0}),
        (
            {
                "body": "see https://news.example.com/1 and https://m.news.example.com/2 as well",
                "own_hosts": frozenset(["news.example.com"]),
            },
            {},
        ),
        (
            {
                "body": "see https://evilnews.example.com/1 and https://news.example.com.evil.example/2 too",
                "own_hosts": frozenset(["news.example.com"]),
            },
            {"LINKS_MANY": 0.5},
        ),
    ],
)
def test_links(known: dict[str, Any], signals: dict[str, float]) -> None:
    assert _found(links(facts(**known))) == signals


@pytest.mark.parametrize(
    ("history", "strength"),
    [
        ({}, None),
        ({"seen": 9, "standing": 9}, None),
        ({"seen": 1, "spam": 1}, 0.75),
        ({"seen": 2, "spam": 2}, 1.0),
        ({"seen": 4, "spam": 2, "standing": 2}, 0.5),
        ({"seen": 9, "spam": 8, "approved": 1}, None),
    ],
)
@pytest.mark.parametrize(
    "known",
    [{"body": "what they say at https://a.example/x"}, {"website": "http://a.example"}, {"name": "https://a.example"}],
)
def test_a_link_is_known_by_what_became_of_others(
    known: dict[str, str], history: dict[str, int], strength: float | None
) -> None:
    found = _found(links(facts(link_histories={"a.example": LinkHistory(**history)}, **known)))
    assert found.get("LINK_KNOWN_BAD") == strength
    assert ("LINK_NEW_DOMAIN" in found) == (not history and "body" in known)


def test_a_known_bad_link_holds_and_does_not_condemn_by_itself() -> None:
    known = {"a.example": LinkHistory(seen=9, spam=9)}
    signals = list(links(facts(body="what they say at https://a.example/x", link_histories=known)))
    assert judge(signals, Policy(), None).action == "hold"


@pytest.mark.parametrize(
    ("listed", "text", "matched"),
    [
        ("casino", "A Casino!", "Casino"),
        ("casino", "casinos", None),
        ("tit", "the title", None),
        ("tit", "tit", "tit"),
        ("casino", "the c\u200basino", "c\u200basino"),
        ("casino bonus", "a casino\n  bonus", "casino\n  bonus"),
        ("casino bonus", "casino and bonus", None),
        ("می‌خواهم", "من میخواهم", "میخواهم"),
        ("می‌خواهم", "من می‌خواهم بروم", "می‌خواهم"),
        ("کتاب", "كتاب", "كتاب"),
        ("کتاب", "کِتاب", "کِتاب"),
        ("c++", "I write c++ code", "c++"),
        ("c++", "vitamin c", None),
        ("💰", "money 💰💰", "💰"),
        ("spam.example", "https://spam.example/x", "spam.example"),
        (".example", "spam.example", ".example"),
        ("viagra", "buy v1agra now", "v1agra"),
        ("free money", "it is fr33 m0ney", "fr33 m0ney"),
        ("click", "c1ick here", "c1ick"),
        ("casino", "a  c a s i n o  b", "c a s i n o"),
        ("قمار", "ق.م.ا.ر", "ق.م.ا.ر"),
        ("казино", "кaз&#1080;<b>н</b>о", "кaз&#1080;<b>н</b>о"),
        ("", "anything", None),
    ],
)
def test_words_match_as_a_whole_and_folded(listed: str, text: str, matched: str | None) -> None:
    signals = list(words(facts(body=text, policy=Policy(words_hold=(listed,)))))
    assert [signal.evidence[0].text for signal in signals] == ([matched] if matched else [])
    for signal in signals:
        piece = signal.evidence[0]
        assert text[piece.start : piece.end] == matched


@pytest.mark.parametrize("field", ["name", "website", "email"])
def test_words_are_looked_for_in_every_field(field: str) -> None:
    value = {"name": "Casino King", "website": "https://casino.example", "email": "casino@example.com"}[field]
    [signal] = words(facts(**{field: value}, policy=Policy(words_spam=("casino",))))
    assert (signal.name, signal.evidence[0].field) == ("WORDS_SPAM", field)


@pytest.mark.parametrize(
    ("known", "signals"),
    [
        ({"repeats": 0}, {}),
        ({"body": "thank you", "repeats": 50}, {}),
        ({"body": "a text that is long enough", "repeats": 1}, {"REPEATED": 1 / 3}),
        ({"body": "a text that is long enough", "repeats": 50}, {"REPEATED": 1.0}),
        ({"body": "a text that is long enough", "repeats_of_spam": 1}, {"REPEATED_SPAM": 1.0}),
        ({"body": "hello", "repeats_of_spam": 1}, {"REPEATED_SPAM": 0.5}),
    ],
)
def test_repeats(known: dict[str, Any], signals: dict[str, float]) -> None:
    assert _found(repeats(facts(**known))) == signals


@pytest.mark.parametrize(
    ("of_site", "known", "signals"),
    [
        ({}, {}, set()),
        ({"trust": ["reader@EXAMPLE.com"]}, {}, {"RULE_TRUST"}),
        ({"trust": ["@example.com"]}, {}, {"RULE_TRUST"}),
        ({"trust": ["@example.com"]}, {"email": "a@notexample.com"}, set()),
        ({"trust": ["@example.com"]}, {"email": "a@mail.example.com"}, set()),
        ({"block": ["198.51.100.0/24"]}, {"ip": "198.51.100.7"}, {"RULE_BLOCK"}),
        ({"block": ["198.51.100.0/24"]}, {"ip": "198.51.101.7"}, set()),
        ({"block": ["198.51.100.0/24"]}, {"ip": "2001:db8::1"}, set()),
        ({"block": ["198.51.100.7"]}, {"ip": None}, set()),
        ({"closed_posts": ["8344"]}, {}, {"RULE_CLOSED_POST"}),
        ({"hold_first_timers": True}, {}, {"RULE_FIRST_TIMER"}),
        ({"hold_first_timers": True}, {"approved_before": True}, set()),
        ({"hold_everything": True}, {"approved_before": True}, {"RULE_HOLD_EVERYTHING"}),
    ],
)
def test_rules(of_site: dict[str, Any], known: dict[str, Any], signals: set[str]) -> None:
    assert set(_found(rules(facts(policy=Policy(rules=read_rules(of_site)), **known)))) == signals


_NEAREST = Copy("cm_2", 0.873)


@pytest.mark.parametrize(
    ("copies", "known", "signals"),
    [
        ({}, {}, {}),
        # Somebody corrected a slip; another one quotes it; a campaign; one author on many posts.
        ({"count": 1}, {}, {"NEAR_COPIES": 1 / 6}),
        ({"count": 1, "authors": 1}, {}, {"NEAR_COPIES": 2 / 6}),
        ({"count": 3, "authors": 3}, {}, {"NEAR_COPIES": 1.0}),
        ({"count": 50}, {}, {"NEAR_COPIES": 1.0}),
        # The exact repeats have been noticed already.
        ({"count": 50}, {"repeats": 1}, {"NEAR_COPIES": 1 - 1 / 3}),
        ({"count": 50}, {"repeats": 3}, {}),
        ({"of_spam": 1}, {}, {"NEAR_COPY_OF_SPAM": 1.0}),
        ({"of_spam": 1}, {"repeats_of_spam": 1}, {}),
        ({"of_spam": 3, "of_ham": 1}, {}, {"NEAR_COPY_OF_SPAM": 0.75}),
        ({"of_spam": 1, "of_ham": 1, "count": 2}, {}, {"NEAR_COPIES": 2 / 6, "NEAR_COPY_OF_SPAM": 0.5}),
        ({"of_spam": 1, "of_ham": 2, "count": 9, "authors": 9}, {}, {}),
        ({"of_ham": 1, "count": 9, "authors": 9}, {}, {}),
    ],
)
def test_near_copies(copies: dict[str, Any], known: dict[str, Any], signals: dict[str, float]) -> None:
    nearest = {
        "nearest": _NEAREST if copies.get("count") else None,
        "nearest_spam": _NEAREST if copies.get("of_spam") else None,
    }
    found = list(near_copies(facts(near_copies=NearCopies(**copies, **nearest), **known)))
    assert _found(found) == pytest.approx(signals)
    assert all("87% like cm_2" in signal.evidence[-1].text for signal in found)


def test_a_near_copy_of_marked_spam_is_spam_by_itself_and_copies_alone_are_held() -> None:
    marked = facts(near_copies=NearCopies(of_spam=1, nearest_spam=_NEAREST))
    many = facts(near_copies=NearCopies(count=50, authors=50, nearest=_NEAREST), repeats=1, body=20 * "abcd ")
    assert judge(list(near_copies(marked)), Policy(), None).action == "spam"
    assert judge([*near_copies(many), *repeats(many)], Policy(), None).action == "hold"


def test_the_model_shows_what_it_rests_on() -> None:
    signal, _ = model(facts(body="buy now cheap", prediction=Prediction(0.99999, ((0, 7),))))
    assert (signal.name, signal.evidence[0].text) == ("MODEL_SPAM", "buy now")


@pytest.mark.parametrize(
    ("examples", "found", "action"),
    [
        (0, {"MODEL_SPAM": 0.25, "MODEL_UNTAUGHT": 1.0}, "hold"),
        (TRUSTED_FROM - 1, {"MODEL_SPAM": 0.25, "MODEL_UNTAUGHT": 1.0}, "hold"),
        (TRUSTED_FROM, {"MODEL_SPAM": 1.0}, "spam"),
    ],
)
def test_the_model_condemns_alone_only_where_the_site_taught_it(
    examples: int, found: dict[str, float], action: str
) -> None:
    signals = list(model(facts(prediction=Prediction(0.99999, (), examples))))
    assert _found(signals) == found
    assert judge(signals, Policy(), None).action == action
    told = [one.text for one in signals[0].evidence]
    assert told == ([f"learned from {examples} decisions of this site"] if examples else [])


def test_a_model_that_nobody_taught_does_not_make_spam_of_an_honest_link() -> None:
    signals = [*model(facts(prediction=Prediction(0.99))), Signal("LINKS_MANY", 0.75), Signal("AUTHOR_NEW", 1.0)]
    assert judge(signals, Policy(), None).action == "hold"


@pytest.mark.parametrize("probability", [0.05, 0.1, 0.16, 0.5, 0.8, 0.999])
def test_a_model_that_nobody_taught_scores_as_one_that_was_up_to_three_quarters(probability: float) -> None:
    untaught, taught = (
        judge(list(model(facts(prediction=Prediction(probability, (), examples)))), Policy(), None).score
        for examples in (0, TRUSTED_FROM)
    )
    assert untaught == pytest.approx(min(taught, 4.5), abs=1e-3)


def test_a_higher_probability_never_speaks_less() -> None:
    strengths = [strength_of(step / 1000) for step in range(1001)]
    assert strengths == sorted(strengths)
    assert (strengths[0], strengths[-1]) == (0.0, 1.0)


def test_a_model_that_was_not_asked_is_a_filter_that_failed() -> None:
    assert _found(notice(facts(), [model])) == {"FILTER_FAILED": 1.0}


def test_filters_of_ones_own_are_named_in_a_setting() -> None:
    *_, own = load_filters(["tests.unit.test_filters:example"])
    assert _found(notice(facts(), [own])) == {"EXAMPLE": 1.0}


def example(_facts: Facts) -> list[Signal]:
    """Stand in for a site's own filter."""
    return [Signal("EXAMPLE", 1.0)]


@pytest.mark.parametrize("name", ["no.such.module:function", "tests.unit.test_filters:missing"])
def test_a_filter_that_is_missing_shows_in_every_verdict(name: str) -> None:
    *_, missing = load_filters([name])
    [signal] = notice(facts(), [missing])
    assert signal.name == "FILTER_FAILED"
    assert signal.evidence[0].text.startswith(name)


def test_a_filter_named_wrongly_stops_the_start() -> None:
    with pytest.raises(SettingsError):
        load_filters(["package.module.function"])
