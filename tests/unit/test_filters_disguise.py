"""Filter `disguise`: letters that pass for others, and those that honest people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.filters.disguise import disguise
from tests.unit.test_filters import facts


@pytest.mark.parametrize(
    ("body", "strength", "shown"),
    [
        ("main di 𝗛𝗢𝗞𝗜𝟴𝟵 aja", 1.0, "𝗛𝗢𝗞𝗜𝟴𝟵"),
        ("come to ⓅⓁⒶⓎ", 1.0, "ⓅⓁⒶⓎ"),
        ("ＦＲＥＥ money", 1.0, "ＦＲＥＥ"),
        ("ᴄʜᴇᴀᴘ pills", 1.0, "ᴄʜᴇᴀᴘ"),
        ("🇦 🇱 🇪 🇽", 1.0, "🇦 🇱 🇪 🇽"),
        ("Зарaботoк бeз вложений", 1.0, "Зарaботoк"),
        ("your раypal", 0.5, "раypal"),
        ("vi\u200bag\u2060ra", 0.5, "i\u200ba"),
        ("f\u200br\u200be\u200be m\u200bo\u200bney", 1.0, "f\u200br"),
        ("H\u0336e\u0336l\u0336l\u0336o\u0336", 1.0, "H\u0336"),
        ("a l e x i s today", 0.5, "a l e x i s"),
    ],
)
def test_disguise_is_noticed(body: str, strength: float, shown: str) -> None:
    (signal,) = disguise(facts(body=body))
    assert (signal.name, signal.strength, signal.evidence[0].text) == ("DISGUISED", strength, shown)


@pytest.mark.parametrize(
    "body",
    [
        "Well said.",
        "می‌خواهم بروم و نمی‌شود",
        "مـــن هـم",
        "QR-код и wi-fi",
        "Älter, façade, naïve, Việt Nam rất đẹp, Łódź",
        "e\u0301\u0323 o\u0323\u0300",
        "x² + y² = ℝ, 𝑥 and 𝑦",
        "blood group 🅰️, 🅾️",
        "🇺🇸🇨🇦🇩🇪 and 🇫🇷 🇮🇷",
        "東京のＡＢＣテレビ",
        "U.S.A. and the E.U.",
        "ه ه ه ه ه ه",
        "h-h-h-h-h-hello",
        "Αθήνα TV, 5 kΩ",
    ],
)
def test_what_honest_people_write_is_none(body: str) -> None:
    assert list(disguise(facts(body=body))) == []


@given(st.text())
def test_evidence_lies_in_the_text(body: str) -> None:
    for signal in disguise(facts(body=body)):
        assert all(body[one.start : one.end] == one.text for one in signal.evidence)
