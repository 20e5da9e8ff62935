"""The email address of a comment: any that is one is stored as given, anything else is refused by name."""

import pytest

from tests.api.service import Service, comment
from tests.api.test_fields import errors

_ADDRESSES = [
    "sara@example.com",
    "Sara.Ahmadi+news@Example.CO.UK",
    "سارا@مثال.ایران",
    "sara@مثال.ایران",
    "用户@例子.广告",
    "δοκιμή@παράδειγμα.ελ",
    "jörg@bücher.example.com",
    "sara@xn--mgbh0fb.xn--mgba3a4f16a",
    "o'brien@example.com",
    "a@b.cd",
    "x" * 64 + "@example.com",
    "e\u0301@example.com",
]


def test_an_address_of_any_language_is_stored_as_it_was_given(each_service: Service) -> None:
    for email in _ADDRESSES:
        assert each_service.read(each_service.posted(email=email))["email"] == email


@pytest.mark.parametrize(
    "email",
    [
        "sara",
        "@",
        "sara@",
        "@example.com",
        "sara@@example.com",
        "sara@example@com",
        "sara@example",
        "sara@.com",
        "sara@example.",
        "sara@example..com",
        "sara@-example.com",
        "sara@example-.com",
        ".sara@example.com",
        "sara.@example.com",
        "sa..ra@example.com",
        "sa ra@example.com",
        "sara@exam ple.com",
        "sara@example.com, ali@example.com",
        "sara@example.com;ali@example.com",
        "Sara <sara@example.com>",
        "<sara@example.com>",
        "mailto:sara@example.com",
        "sara@[127.0.0.1]",
        "sara@127.0.0.1",
        "sara@[IPv6:::1]",
        "sara@localhost",
        "sara@example.test.",
        '"sara"@example.com',
        "sara\n@example.com",
        "sara@example.com\nBcc: ali@example.com",
        "sara@example.com\r\n\r\nx",
        "sara\t@example.com",
        "sara\u200b@exa\u200bmple.com",
        "sara\u202e@example.com\u202e",
        "sara\ufeff@example.com",
        "sara\u2028@example.com",
        "sara@xn--.com",
        "sara@xn--a.com",
        "sara@xn--999999999.com",
        "sara@exa_mple.com",
        "sara@example.123",
        "sara@" + "x" * 64 + ".com",
        "sara@" + "a." * 100 + "com.",
        "sara@\u0301example.com",
        "\u0301@example.com",
        "😀@😀",
        "sara@☃",
        "sara@\u0378.com",
        "sara@ⅷ。",
        "sara@%00.com",
        "(comment)sara@example.com",
        "sara@example.com(comment)",
        "sara\\@example.com",
        "null",
        "sara at example.com",
        "sara@example,com",
        "\x01@example.com",
        "sara@\x7f.com",
        "\ue000\uffff@example.com",
    ],
)
def test_an_address_of_a_bad_shape_is_refused(lasting_service: Service, email: str) -> None:
    before = lasting_service.count()
    assert errors(lasting_service.post(comment(email=email))) == {"email": "invalid"}
    assert lasting_service.count() == before


@pytest.mark.parametrize("email", ["x" * 255, "x" * 200_000, "é" * 255])
def test_an_address_that_is_too_long_says_so(lasting_service: Service, email: str) -> None:
    assert errors(lasting_service.post(comment(email=email))) == {"email": "too_long"}
