"""Strangers' text in messages: seen as it was written, and able to do nothing."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.formats.plain import aligned, clean, cut, isolated, units, utf8
from tests.fuzz.pieces import PIECES
from tests.hostile import hostile

JOINER = "\u2060"
FAMILY = "👩\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see https://evil.com/a?b=c", "see https[:]//evil[.]com/a?b=c"),
        ("www.whatever and ftp.x", "www[.]whatever and ftp[.]x"),
        ("tg://resolve?domain=x", "tg[:]//resolve?domain=x"),
        ("mailto:a@b.ir", f"mailto[:]a@{JOINER}b[.]ir"),
        ("a．com، خبر.ایران، пример.рф", "a[.]com، خبر[.]ایران، пример[.]рф"),
        ("evil.comسلام evil.com_x xn--a.xn--p1ai", "evil[.]comسلام evil[.]com_x xn--a[.]xn--p1ai"),
        ("ev\u200bil.c\u2060om", "evil[.]com"),
        ("رفتم.بعد از 3.5 ساعت، v1.2.3, etc. e.g. x.y", "رفتم.بعد از 3.5 ساعت، v1.2.3, etc. e.g. x.y"),
        ("@everyone @here @channel", f"@{JOINER}everyone @{JOINER}here @{JOINER}channel"),
        ("@\u2060everyone @\u200beveryone", f"@{JOINER}everyone @{JOINER}everyone"),
        ("<@U123> <@!1> <@&2> <#3>", f"<@{JOINER}U123> <@{JOINER}!1> <@{JOINER}&2> <#{JOINER}3>"),
        (":skull: at 12:30", f":{JOINER}skull: at 12:30"),
        ("~town #topic $USD /stop and/or", f"~{JOINER}town #{JOINER}topic ${JOINER}USD /{JOINER}stop and/or"),
        ("a\u202eb\u2066c\u2069\u200f", "abc"),
        ("a\r\n\r\n \n\u2028b\x85c", "a b c"),
        ("\x00\x1b[31m\ud800", "[31m\ufffd"),
        ("می\u200cخواهم کتابِ " + FAMILY, "می\u200cخواهم کتابِ " + FAMILY),
        ("Z" + "\u0301" * 50 + "!", "Z" + "\u0301" * 6 + "!"),
    ],
)
def test_what_programs_make_something_of_is_taken_apart(written: str, shown: str) -> None:
    assert clean(written) == shown


def test_lines_are_kept_up_to_a_number_and_empty_ones_are_not() -> None:
    assert clean("a\n\n\n b \n", 5) == "a\nb"
    assert clean("\n".join("abcdef"), 3) == "a\nb\nc\n…"


# Formatting characters by category that are seen all the same: Arabic number signs and their like.
_SEEN = {chr(one) for one in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)}
_SEEN |= {chr(one) for one in (*range(0x13430, 0x13440), *range(0x1BCA0, 0x1BCA4))}
_TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=30).map("".join)


@given(_TEXTS, st.integers(min_value=1, max_value=5))
def test_clean_text_stays_clean(text: str, lines: int) -> None:
    once = clean(text, lines)
    assert once.count("\n") <= lines
    assert "\n" not in clean(text)
    unseen = {one for one in once if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - set(
        "\n\u200c\u200d"
    )
    assert unseen <= {JOINER} | _SEEN
    assert not re.search(r"@\w|\bwww\.|\w://", once)


@pytest.mark.parametrize(
    ("text", "room", "kept"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("", 0, ""),
        ("abcd", 0, ""),
        (FAMILY * 3, 24, FAMILY * 2 + "…"),
        ("e\u0301" * 4, 6, "e\u0301e\u0301…"),
        ("🇮🇷🇮🇷🇮🇷", 9, "🇮🇷🇮🇷…"),
        ("سلام دنیا", 6, "سلام…"),
        ("a" + "\u200d" * 100, 20, "a" + "\u200d" * 18 + "…"),
    ],
)
def test_a_text_is_cut_between_two_signs(text: str, room: int, kept: str) -> None:
    assert cut(text, room) == kept


@given(_TEXTS, st.integers(min_value=0, max_value=60))
def test_what_is_cut_fits_and_is_a_beginning(text: str, room: int) -> None:
    for cost in (units, utf8):
        kept = cut(text, room, cost) if not re.search("[\ud800-\udfff]", text) else ""
        assert cost(kept) <= room
        assert text.startswith(kept.removesuffix("…")) or kept == text


def test_each_line_has_its_own_direction() -> None:
    assert isolated("a\nب") == "\u2068a\u2069\n\u2068ب\u2069"
    assert aligned("a\n1. ب") == "\u2068a\u2069\n\u200f\u20681. ب\u2069"
    assert isolated("") == ""


@pytest.mark.timeout(20)
def test_hostile_text_is_cleaned_and_cut() -> None:
    """Quadratic work would take minutes here (`make bench` shows the growth)."""
    for text in hostile(20_000).values():
        assert units(cut(clean(text, 25), 2_000)) <= 2_000
