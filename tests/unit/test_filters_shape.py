"""Filters `shape` and `language`: how a comment looks, and in which script it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.filters.language import language
from moderation.filters.shape import shape
from moderation.policy import Policy
from tests.unit.test_filters import facts


@pytest.mark.parametrize(
    ("body", "signal"),
    [
        ("Well said.", None),
        ("سلام، خسته نباشید", None),
        ("؟", "EMPTY"),
        ("...", "EMPTY"),
        ("\u200b\u200c \u2060", "EMPTY"),
        ("\u3164\u2800", "EMPTY"),
        ("١", None),
        ("❤️", None),
        ("👏👏👏", None),
        ("😂" * 12, "EMOJI_RUN"),
        ("❤️ " * 12, "EMOJI_RUN"),
        ("ههههههههههههه", "EMOJI_RUN"),
        ("Ha" * 10, None),
        ("WHO WOULD BELIEVE SUCH A STORY TODAY AFTER ALL THAT", "ALL_CAPITALS"),
        ("КТО ПОВЕРИТ В ТАКУЮ ИСТОРИЮ СЕГОДНЯ ПОСЛЕ ВСЕГО", "ALL_CAPITALS"),
        ("NATO AND THE EU", None),
        ("این یک متن فارسی است که هیچ حرف بزرگی ندارد و بلند است", None),
        ("asdfghjkl qwertyuiop", "GIBBERISH"),
        ("sdkfjhskdjfh kjshdfkjhsdf", "GIBBERISH"),
        ("фывапролдж йцукенгшщ", "GIBBERISH"),
        ("my keyboard is a qwertyuiop one and I like to type on it", None),
        ("Angstschweiß und Rechtsanwaltskanzlei", None),
        ("hadirrrrrrrrrrrrrrr", None),
        ("PLISSSSSSSSS", None),
        ("Vzbzdnul Strengths", None),
        ("Kemerdekaan berkelanjutan masyarakat", None),
        ("взаимодействие государственных", None),
        ("شسیبلاتنمکگ ضصثقفغعهخحجچ", None),
        ("あああああ それはどうかな", None),
    ],
)
def test_shape(body: str, signal: str | None) -> None:
    assert [one.name for one in shape(facts(body=body))] == ([signal] if signal else [])


@pytest.mark.parametrize(
    ("languages", "body", "other"),
    [
        ((), "Это совсем другой язык для этого сайта", None),
        (("fa", "en"), "این یک متن فارسی است که در سایت نوشته شد", None),
        (("fa", "en"), "This is written in plain English words", None),
        (("fa", "en"), "Das ist zwar Deutsch, aber dieselbe Schrift", None),
        (("fa", "en"), "Это совсем другой язык для этого сайта", "Cyrillic"),
        (("fa", "en"), "Привет всем", None),
        (("fa", "en"), "هذا تعليق باللغة العربية عن الأخبار في هذه المنطقة", "Arabic"),
        (("ar",), "هذا تعليق باللغة العربية عن الأخبار في هذه المنطقة", None),
        (("ar",), "این چیزی است که شما می‌گویید و برای ما خیلی مهم است", "Persian"),
        (("fa",), "متن كوتاه بدون نشانه روشن هميشه آزاد باشد دوستان", None),
        (("fa",), "a letter from a good friend who writes in English", "Latin"),
        (("ru",), "これはとてもながいコメントですからみじかくありません", "Kana"),
        (("ru",), "これは日本語のコメントで、とても長いものです", "Kana"),
        (("ja",), "これは日本語のコメントで、とても長いものです", None),
        (("zh-Hant", "en"), "这个评论是用中文写的而且已经足够长了吧朋友们", None),
        (("en",), "这个评论是用中文写的而且已经足够长了吧朋友们", "Han"),
        (("sr-Latn",), "Ово је коментар који је написан ћирилицом", "Cyrillic"),
        (("sr",), "Ово је коментар који је написан ћирилицом", None),
        (("id",), "Ini komentar biasa dalam bahasa Indonesia", None),
        (("en",), "As they say, «кто рано встаёт», that is how it goes here", None),
        (("fa",), "https://example.com/a-very-long-address-in-latin سلام دوستان", None),
    ],
)
def test_language(languages: tuple[str, ...], body: str, other: str | None) -> None:
    found = list(language(facts(body=body, policy=Policy(languages=languages))))
    assert [(one.name, one.evidence[0].text) for one in found] == ([("LANGUAGE_OTHER", other)] if other else [])


@pytest.mark.parametrize(
    ("languages", "body", "names"),
    [
        (("fa",), "salam dooste aziz khubi emruz che khabar", ["FINGLISH"]),
        (("fa", "ar"), "in khabar dorooghe, man khodam oonja boodam!", ["FINGLISH"]),
        (("fa", "en"), "in khabar dorooghe, man khodam oonja boodam!", []),
        (("ru",), "in khabar dorooghe, man khodam oonja boodam!", ["LANGUAGE_OTHER"]),
        (("fa",), "Man muss in Berlin bar bezahlen, was soll das", ["LANGUAGE_OTHER"]),
        (("fa",), "Salam dari kami, jangan lupa mampir ke toko", ["LANGUAGE_OTHER"]),
        (("fa",), "I am in Iran to see baba and my friends again", ["LANGUAGE_OTHER"]),
    ],
)
def test_persian_in_latin_letters_is_no_other_language(languages: tuple[str, ...], body: str, names: list[str]) -> None:
    assert [one.name for one in language(facts(body=body, policy=Policy(languages=languages)))] == names


@given(st.text(max_size=100))
def test_no_text_raises_and_evidence_lies_inside(body: str) -> None:
    for signal in shape(facts(body=body)):
        for piece in signal.evidence:
            assert piece.text == body[piece.start : piece.end]
    list(language(facts(body=body, policy=Policy(languages=("fa",)))))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["a", "as", "asdfghj", "Ab", "ا", "ال", "\u200b", ".", "❤️", "a.b", "İ", "й ", "x "])
def test_hostile_text_is_read_in_linear_time(piece: str) -> None:
    body = (piece * 20_000)[:20_000]
    list(shape(facts(body=body)))
    list(language(facts(body=body, policy=Policy(languages=("he",)))))
