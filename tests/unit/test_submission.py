"""Submissions: what is read, what is refused, and that every error is named at once."""

import unicodedata
from datetime import UTC, datetime

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import InvalidInputError
from moderation.messages import LANGUAGES, describe
from moderation.submission import FIELDS, normalize_email, read_submission, rename_wordpress_fields

WHOLE = {"name": "علی", "email": "ali@example.com", "body": "سلام", "post_id": "8344"}


def _codes(sent: object) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as refused:
        read_submission(sent)
    return {error.field: error.code for error in refused.value.errors}


def test_every_error_is_named_at_once() -> None:
    assert _codes({"website": 5, "ip": "nowhere", "submitted_at": "yesterday", "language": "??", "body": " "}) == {
        "name": "required",
        "email": "required",
        "body": "required",
        "post_id": "required",
        "website": "wrong_type",
        "ip": "invalid",
        "submitted_at": "invalid",
        "language": "invalid",
    }


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "x" * 101, "too_long"),
        ("body", "x" * 20_001, "too_long"),
        ("body", "a\0b", "invalid_characters"),
        ("body", "a\ud800b", "invalid_characters"),
        ("name", ["a", "b"], "repeated"),
        ("name", {"a": 1}, "wrong_type"),
        ("name", True, "wrong_type"),
        ("post_id", True, "wrong_type"),
        ("post_id", 1.5, "wrong_type"),
        pytest.param("post_id", 10**5000, "too_long", id="post_id-huge"),
        ("submitted_at", "0001-01-01T00:00:00+14:00", "invalid"),
    ],
)
def test_one_bad_field_is_one_error(field: str, value: object, code: str) -> None:
    assert _codes(WHOLE | {field: value}) == {field: code}


@pytest.mark.parametrize("sent", [None, [], "text", 5])
def test_what_is_no_object_is_refused(sent: object) -> None:
    assert _codes(sent) == {"": "wrong_type"}


def test_text_is_trimmed_and_else_kept() -> None:
    body = "\n <b>میخواهم</b>\u200c {x} %s \u202e 😀 \n"
    assert read_submission(WHOLE | {"body": body}).body == body.strip()


def test_numbers_serve_as_ids() -> None:
    assert read_submission(WHOLE | {"post_id": 8344}).post_id == "8344"


def test_a_site_may_set_fewer_characters_but_not_more() -> None:
    with pytest.raises(InvalidInputError):
        read_submission(WHOLE | {"body": "x" * 11}, {"body": 10})
    with pytest.raises(InvalidInputError):
        read_submission(WHOLE | {"body": "x" * 20_001}, {"body": 30_000})


@pytest.mark.parametrize(
    ("given_time", "read"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22 10:00:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T13:30:00+03:30", datetime(2026, 11, 22, 10, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_utc_where_they_say_nothing_else(given_time: str, read: datetime) -> None:
    assert read_submission(WHOLE | {"submitted_at": given_time}).submitted_at == read


@pytest.mark.parametrize(
    "email", ["josé@example.com", "用户@例子.广告", "user+tag@EXAMPLE.com", "a@b.co", "علی@مثال.ایران"]
)
def test_international_addresses_are_kept_as_given(email: str) -> None:
    assert read_submission(WHOLE | {"email": email}).email == email


def test_equal_addresses_have_one_normal_form() -> None:
    assert normalize_email("Jose\u0301@EXAMPLE.com") == normalize_email("jos\u00e9@example.COM")
    assert normalize_email("a@xn--fsqu00a.xn--0zwm56d") == normalize_email("a@例子.测试")


@pytest.mark.parametrize("before", ["a", "Bob", "x.y", ".a", "a.", "a..b", "o'brien+x", "POSTMASTER", "é", '"q"', ""])
@pytest.mark.parametrize(
    "after",
    [
        "example.com",
        "Example.COM",
        "test",
        "a.test",
        "a.1",
        "-a.com",
        "a-.com",
        "ab--c.com",
        "xn--mnchen-3ya.de",
        "XN--mnchen-3ya.de",
        "münchen.de",
        "a.b.co.uk",
        ".com",
        "a..com",
        "a_b.com",
        "",
        "x.com\n",
        f"{'a' * 64}.com",
        f"{'.'.join(['a' * 60] * 4)}.com",
        f"{'.'.join(['a' * 60] * 4)}xxxxxx.com",
    ],
)
def test_an_address_is_read_as_email_validator_reads_it(before: str, after: str) -> None:
    address = f"{before}@{after}"
    try:
        whole = validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        with pytest.raises(ValueError, match="address"):
            normalize_email(address)
    else:
        assert normalize_email(address) == unicodedata.normalize("NFC", whole.casefold())


@pytest.mark.parametrize(
    "email",
    [
        "plain",
        "@example.com",
        "a@",
        "a@b",
        "a@@example.com",
        "a b@example.com",
        "a@exa mple.com",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@-example.com",
        "a@example..com",
        "a@example.com.",
        "a@[127.0.0.1]",
        '"a b"@example.com',
        "A <a@example.com>",
        "a@localhost",
        "a@example.test",
        "a@ex_ample.com",
        "a@example.com,b@example.com",
        "a@example.com\nBcc: b@example.com",
        "a\t@example.com",
        "a@" + "x" * 64 + ".com",
        "a@example.c\u200bom",
        "a@xn--a.com",
        "a@127.0.0.1",
        "a@%00",
        "<script>@example.com",
    ],
)
def test_what_is_no_address_is_an_invalid_field(email: str) -> None:
    assert _codes(WHOLE | {"email": email}) == {"email": "invalid"}


def test_wordpress_names_are_understood_and_ours_win() -> None:
    form = {
        "author": "A",
        "comment": "C",
        "comment_post_ID": "1",
        "comment_parent": "0",
        "url": "u",
        "body": "B",
        "submit": "x",
    }
    assert rename_wordpress_fields(form) == {"name": "A", "post_id": "1", "website": "u", "body": "B", "submit": "x"}


@given(st.dictionaries(st.sampled_from([field.name for field in FIELDS]), st.text() | st.integers() | st.none()))
def test_whatever_is_sent_is_read_or_refused_with_a_sentence_in_each_language(sent: dict[str, object]) -> None:
    try:
        submission = read_submission(sent)
    except InvalidInputError as refused:
        for error in refused.errors:
            for language in LANGUAGES:
                assert describe(error, language)["message"]
    else:
        assert submission.name.strip() == submission.name
