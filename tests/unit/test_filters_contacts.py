"""Filter `contacts`: ways to reach somebody elsewhere, in any digits; and what only looks like one."""

from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.filters.contacts import contacts
from moderation.filters.links import links
from moderation.policy import Policy
from moderation.verdict import judge
from tests.unit.test_filters import facts


@pytest.mark.parametrize(
    ("body", "strength", "shown"),
    [
        ("برای خرید با ۰۹۱۲۳۴۵۶۷۸۹ تماس بگیرید", 1.0, "۰۹۱۲۳۴۵۶۷۸۹"),
        ("شماره من ٠٩١٢ ٣٤٥ ٦٧٨٩ است واتساپ", 1.0, "٠٩١٢ ٣٤٥ ٦٧٨٩"),
        ("０９１２３４５６７８９", 0.5, "０９１２３４５６７８９"),
        ("0\u200b912\u200b3456789", 0.5, "0\u200b912\u200b3456789"),
        ("Whatsapp: +98 912 345 6789", 1.0, "+98 912 345 6789"),
        ("call me (212) 555-0147", 0.5, None),
        ("ring 212-555-0147 any time", 0.5, "212-555-0147"),
        ("Звоните 8 912 345 67 89 в любое время", 1.0, "8 912 345 67 89"),
        ("hubungi 0812-3456-7890 sekarang", 1.0, "0812-3456-7890"),
        ("https://t.me/+AbCdEf12345", 0.3, "t.me/+AbCdEf12345"),
        ("for more have a look at https://t.me/+AbCdEf12345", 1.0, "t.me/+AbCdEf12345"),
        ("I read it on t.me/some_channel", 0.7, "t.me/some_channel"),
        ("Join us here: t.me/some_channel", 1.0, "t.me/some_channel"),
        ("talk to me: wa.me/989123456789", 1.0, "wa.me/989123456789"),
        ("کانال تلگرام ما @ahang_jadid", 1.0, "@ahang_jadid"),
        ("ایتا: moshaver_tehran", 1.0, "moshaver_tehran"),
        ("عضو شوید @ahang_jadid", 0.7, "@ahang_jadid"),
        ("انضم الى القناة @akhbar_ajila", 0.7, "@akhbar_ajila"),
        ("Подписывайтесь на канал @zarabotok_tut", 0.7, "@zarabotok_tut"),
        ("gabung di grup @slot_resmi", 0.7, "@slot_resmi"),
        ("dm @coach_anna for help", 0.7, "@coach_anna"),
        ("I made $12,000 in a week thanks to her, @anna_white", 0.7, "@anna_white"),
        ("my profit is real, @anna_white is honest", 0.3, "@anna_white"),
        ("send to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", 1.0, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", 1.0, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        ("0x52908400098527886E0F7030069857D2E4169EE7", 1.0, "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("USDT TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", 1.0, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
        ("09123456789 or 09123456780", 1.0, "09123456789"),
    ],
)
def test_contacts_are_noticed_and_shown(body: str, strength: float, shown: str | None) -> None:
    [signal] = contacts(facts(body=body))
    piece = signal.evidence[0]
    assert signal.name == "CONTACT"
    assert body[piece.start : piece.end] == piece.text
    if shown is not None:
        assert (piece.text, signal.strength) == (shown, strength)


@pytest.mark.parametrize(
    "body",
    [
        "@reader I think you are wrong",
        "I agree with @ali_reza, well said",
        "@ali @reza @maryam what do you think?",
        "It happened in 1979 and again in 2009-2010, 2017, 2019",
        "از ۱۳۵۷ تا ۱۴۰۲ همین بود",
        "In 1399/08/17 and 2021-05-12 10:20 nothing changed",
        "It costs 1,250,000,000 tomans or 12 500 000 rials",
        "قیمت ۲۵۰۰۰۰۰۰ تومان شده",
        "The budget was 10.000.000.000 rupiah",
        "They won 3-1, 2-0, 4-2 and 1-1 in 90 minutes",
        "Population: 88550570 in 2023",
        "see https://example.com/news/8344556677/1234567890",
        "https://t.me/bbcpersian/123456 is where I read it",
        "https://www.instagram.com/p/CxYz123AbCd/ shows it",
        "write to me at reader@example.com",
        "telegram is blocked here again",
        "واتساپ و تلگرام فیلتر شدند",
        "Телеграм снова не работает",
        "100000000000000000000000000000000000000000000000000",
        "1 2 3 4 5 6 7 8 9 10 11 12",
        "Twitter@work",
        "ISBN 978-3-16-148410-0",
        "abcdefabcdefabcdefabcdefabcdefabcdefabcdef",
    ],
)
def test_honest_comments_hold_no_contact(body: str) -> None:
    assert list(contacts(facts(body=body))) == []


@pytest.mark.parametrize("count", [1, 2, 4, 20])
def test_links_to_messengers_are_not_counted_twice(count: int) -> None:
    given = facts(body=" ".join(f"https://t.me/+AbCdEf{number:05}" for number in range(count)))
    signals = [*links(given), *contacts(given)]
    assert {one.name for one in signals} == {"LINKS_MANY", "CONTACT"}
    assert judge(signals, Policy(), None).action == "hold"


@given(st.text(alphabet=st.sampled_from("0۹٣９ -.()+@/tmewaبرT1xbc\u200b\u200cЗвİß"), max_size=80))
def test_no_text_raises_and_evidence_lies_inside(body: str) -> None:
    for signal in contacts(facts(body=body)):
        for piece in signal.evidence:
            assert piece.text == body[piece.start : piece.end] != ""


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1 ",
        "0912",
        "@",
        "@a",
        "@abcd ",
        "@a.b",
        "t.me/",
        "t.me/a ",
        "(1",
        "+",
        "call ",
        "telegram: ",
        "1A",
        "0xa",
        "bc1q",
        "$1 @abcde ",
        "➡ ",
        "whatsapp.com/send",
        "تلگرام ",
        "T1",
    ],
)
def test_hostile_text_is_read_in_linear_time(piece: str) -> None:
    list(contacts(facts(body=(piece * 20_000)[:20_000])))


def test_a_text_of_handles_is_looked_through_for_money_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each handle would be quadratic: seconds for a comment of full length."""
    asked = []

    class Money:
        def search(self, text: str) -> None:
            asked.append(text)

    # The package gives the function the name of its module.
    monkeypatch.setattr(import_module("moderation.filters.contacts"), "_MONEY", Money())
    assert list(contacts(facts(body="hello " + "@abcd " * 1_000))) == []
    assert len(asked) == 1
