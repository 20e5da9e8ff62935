"""Filters `author` and `flood`: what history says, names that advertise, throw-away addresses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.filters.author import author
from moderation.filters.facts import AuthorHistory, Rates
from moderation.filters.flood import flood
from tests.unit.test_filters import facts


def _found(signals: Any) -> dict[str, float]:
    return {signal.name: round(signal.strength, 2) for signal in signals}


@pytest.mark.parametrize(
    ("history", "signals"),
    [
        (None, {}),
        (AuthorHistory(), {}),
        (AuthorHistory(is_first=True), {"AUTHOR_NEW": 1.0}),
        (AuthorHistory(approved_by_people=2), {}),
        (AuthorHistory(approved_by_people=3), {"AUTHOR_TRUSTED": 1.0}),
        (AuthorHistory(approved_by_people=1, standing=2), {"AUTHOR_TRUSTED": 0.5}),
        (AuthorHistory(standing=10), {"AUTHOR_TRUSTED": 1.0}),
        (AuthorHistory(approved_by_people=50, rejected_by_people=1), {"AUTHOR_SPAMMED": 0.0}),
        (AuthorHistory(spam_by_people=1), {"AUTHOR_SPAMMED": 0.33}),
        (AuthorHistory(spam_by_people=3), {"AUTHOR_SPAMMED": 1.0}),
        (AuthorHistory(spam_by_people=3, approved_by_people=3), {"AUTHOR_SPAMMED": 0.5}),
        (AuthorHistory(rejected_by_people=2), {"AUTHOR_SPAMMED": 0.33}),
        (AuthorHistory(names=3), {}),
        (AuthorHistory(names=4), {"AUTHOR_MANY_NAMES": 0.5}),
        (AuthorHistory(names=20), {"AUTHOR_MANY_NAMES": 1.0}),
    ],
)
def test_what_an_author_did_before(history: AuthorHistory | None, signals: dict[str, float]) -> None:
    assert _found(author(facts(author=history))) == signals


@pytest.mark.parametrize(
    "name",
    [
        "A reader",
        "علی محمدی",
        "سید محمد حسین موسوی‌نژاد",
        "عبد الله بن محمد بن عبد العزيز آل سعود",
        "Juan Carlos Alfonso Víctor María de Borbón",
        "Мария Ивановна Кузнецова",
        "Раиль 1985",
        "山田太郎",
        "nguyễn thị ánh tuyết",
        "@reader_from_tehran",
        "Judi Dench",
        "Reader2024",
        "فروشنده",
        "AgusSetiawan-ml9tq",
        "Siti Nur Aisyah binti Muhammad",
    ],
)
def test_honest_names_say_nothing(name: str) -> None:
    assert _found(author(facts(name=name))) == {}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("خريد فالوور ارزان", "خريد"),
        ("Buy CHEAP followers", "CHEAP"),
        ("Join @crypto_channel now", "@crypto_channel"),
        ("کانال @ahang_jadid", "@ahang_jadid"),
        ("تماس ۰۹۱۲ ۳۴۵ ۶۷۸۹", "۰۹۱۲ ۳۴۵ ۶۷۸۹"),
        ("Онлайн казино", "казино"),
        ("Slot gacor hari ini", "gacor"),
        ("V\u200biagra", "V\u200biagra"),
    ],
)
def test_a_name_that_advertises_is_noticed_and_shown(name: str, shown: str) -> None:
    [signal] = author(facts(name=name))
    piece = signal.evidence[0]
    assert (signal.name, piece.text, name[piece.start : piece.end]) == ("NAME_KEYWORD", shown, shown)


def test_a_sentence_is_no_name() -> None:
    [signal] = author(facts(name="You will not believe what my doctor told me yesterday"))
    assert (signal.name, signal.strength) == ("NAME_KEYWORD", 0.5)


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("reader@example.com", None),
        ("reader@gmail.com", None),
        ("reader@mail.ru", None),
        ("reader@دامنه.ایران", None),
        ("x@mailinator.com", "mailinator.com"),
        ("x@Sub.Mailinator.COM", "Sub.Mailinator.COM"),
        ("x@notmailinator.com.example", None),
    ],
)
def test_throw_away_addresses(email: str, domain: str | None) -> None:
    signals = list(author(facts(email=email)))
    assert [(one.name, one.evidence[0].text) for one in signals] == ([("EMAIL_DISPOSABLE", domain)] if domain else [])


@pytest.mark.parametrize(
    ("rates", "strength"),
    [
        (Rates(), None),
        (Rates(by_email=5, by_ip=5), None),
        (Rates(by_email=6), 0.5),
        (Rates(by_email=12), 1.0),
        (Rates(by_email=100), 1.0),
        (Rates(by_ip=6), 0.38),
        (Rates(by_ip=100), 0.75),
        (Rates(on_site=1_000), None),
        (Rates(on_site=10, usual_on_site=0.1), None),
        (Rates(on_site=50, usual_on_site=7), None),
        (Rates(on_site=11, usual_on_site=0.1), 0.15),
        (Rates(on_site=11, usual_on_site=0.1, by_email=6), 0.5),
    ],
)
def test_comments_that_come_too_fast(rates: Rates, strength: float | None) -> None:
    assert _found(flood(facts(rates=rates))) == ({"FLOOD": strength} if strength else {})


@given(st.text(max_size=100), st.text(max_size=50))
def test_no_name_or_address_raises_and_evidence_lies_inside(name: str, email: str) -> None:
    given = facts(name=name, email=f"{email}@mailinator.com")
    for signal in author(given):
        for piece in signal.evidence:
            assert piece.text == getattr(given, piece.field)[piece.start : piece.end]
