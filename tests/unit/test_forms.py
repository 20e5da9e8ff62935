"""Form tokens: how long a form was open, and which tokens are none."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from moderation.filters.facts import Form
from moderation.filters.forms import forms
from moderation.form_work import is_done
from moderation.forms import LASTS, FormRead, new_form, read_form
from moderation.identity import Keyed
from moderation.policy import Policy
from moderation.rules import read_rules
from moderation.signals import Signal
from moderation.submission import read_submission
from moderation.verdict import judge
from tests.unit.test_filters import facts

KEYED = Keyed("a secret of the tests")
SHOWN = datetime(2026, 11, 22, 10, tzinfo=UTC)
TOKEN = new_form(KEYED, "st_1", SHOWN).token
WHOLE = {"name": "Ali", "email": "ali@example.com", "body": "Salaam", "post_id": "8344"}


def test_a_token_says_how_long_the_form_was_open() -> None:
    assert read_form(KEYED, "st_1", TOKEN, SHOWN + timedelta(seconds=42)) == FormRead(seconds=42)


def test_no_token_says_nothing() -> None:
    assert read_form(KEYED, "st_1", None, SHOWN) == FormRead()


@pytest.mark.parametrize(
    ("after", "read"),
    [
        (LASTS, FormRead(seconds=LASTS.total_seconds())),
        (LASTS + timedelta(seconds=1), FormRead(problem="expired")),
        # Another machine's clock is a little behind.
        (timedelta(seconds=-5), FormRead(seconds=0)),
        (timedelta(hours=-1), FormRead(problem="forged")),
    ],
)
def test_a_token_has_its_time(after: timedelta, read: FormRead) -> None:
    assert read_form(KEYED, "st_1", TOKEN, SHOWN + after) == read


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "x",
        TOKEN[:-1],
        TOKEN + "x",
        "1" + TOKEN,
        TOKEN.partition(".")[0],
        "." + TOKEN.partition(".")[2],
        TOKEN.replace("1", "١", 1),
        f"{10**30}.{'x' * 43}",
        "9" * 90_000,
        "نشانه.\ud800",
        new_form(KEYED, "st_2", SHOWN).token,
        new_form(Keyed("another secret"), "st_1", SHOWN).token,
    ],
    ids=str,
)
def test_what_is_no_token_of_the_site_is_forged(token: str) -> None:
    assert read_form(KEYED, "st_1", token, SHOWN) == FormRead(problem="forged")


def test_a_website_may_say_when_it_was_sent_where_that_can_be_true() -> None:
    now = SHOWN + timedelta(hours=20)
    for said, read in (
        (SHOWN + timedelta(seconds=30), FormRead(seconds=30)),
        (SHOWN - timedelta(seconds=1), FormRead(problem="expired")),
        (now + timedelta(seconds=1), FormRead(problem="expired")),
    ):
        assert read_form(KEYED, "st_1", TOKEN, now, said) == read


@pytest.mark.parametrize(
    ("sent", "token", "is_trapped"),
    [
        ({}, None, False),
        ({"form_token": None, "contact_url": None}, None, False),
        ({"form_token": " ", "contact_url": " \n"}, None, False),
        ({"form_token": f" {TOKEN} ", "contact_url": "https://cheap.example"}, TOKEN, True),
        ({"form_token": 5, "contact_url": ["a", "b"]}, "", True),
        ({"form_token": "x" * 90_000, "contact_url": "\0\ud800"}, "x" * 90_000, True),
    ],
)
def test_whatever_a_form_sends_of_these_the_comment_is_read(
    sent: dict[str, object], token: str | None, is_trapped: bool
) -> None:
    read = read_submission(WHOLE | sent)
    assert (read.form_token, read.is_trapped) == (token, is_trapped)


@pytest.mark.parametrize(
    ("form", "length", "strength"),
    [
        (Form(seconds=0.0), 30, 1.0),
        (Form(seconds=2.0), 30, 1.0),
        (Form(seconds=3.0), 30, 0.5),
        (Form(seconds=4.0), 30, 0.0),
        (Form(seconds=11.0), 3_000, 0.5),
        (Form(seconds=20.0), 3_000, 0.0),
        (Form(seconds=40_000.0), 30, 0.0),
        (Form(), 30, 0.0),
    ],
)
def test_what_nobody_can_have_typed_is_fast(form: Form, length: int, strength: float) -> None:
    found = list(forms(facts(form=form, body="x" * length)))
    assert [one.strength for one in found] == pytest.approx([strength] if strength else [])
    assert all(one.name == "FORM_FAST" and f"{form.seconds:.1f} seconds" in one.evidence[0].text for one in found)


@pytest.mark.parametrize(
    ("form", "is_expected", "names"),
    [
        (Form(), False, []),
        (Form(), True, ["FORM_MISSING"]),
        (Form(seconds=60.0), True, []),
        (Form(problem="expired"), True, ["FORM_STALE"]),
        (Form(problem="forged"), False, ["FORM_FORGED"]),
        (Form(is_trapped=True), False, ["HONEYPOT"]),
        (Form(seconds=0.1, is_trapped=True), True, ["HONEYPOT", "FORM_FAST"]),
    ],
)
def test_what_is_noticed_of_a_form(form: Form, is_expected: bool, names: list[str]) -> None:
    policy = Policy(rules=read_rules({"expect_form_token": is_expected}))
    found = list(forms(facts(form=form, policy=policy)))
    assert [one.name for one in found] == names
    assert all(one.evidence[0].text for one in found)


def test_work_is_a_hash_that_begins_with_zeros() -> None:
    counter = next(str(number) for number in itertools.count() if is_done(TOKEN, str(number)))
    digest = hashlib.sha256((TOKEN + counter).encode()).digest()
    assert digest[:2] == b"\0\0"
    # That of one token is none of another.
    assert not is_done(new_form(KEYED, "st_1", SHOWN + timedelta(seconds=1)).token, counter)
    assert not is_done(TOKEN, f"{counter} ")
    assert not is_done(TOKEN, "٣" if counter == "3" else "3" + counter)


@pytest.mark.parametrize("counter", ["", "-1", "x", "١", "0" * 21, "\ud800", "1e5"])
def test_what_is_no_counter_is_no_work(counter: str) -> None:
    assert not is_done("\ud800", counter)


@pytest.mark.parametrize(
    ("sent", "read"),
    [(7, "7"), ("7", "7"), (" 7 ", "7"), (None, None), ("", None), (True, ""), (-1, ""), (10**20, ""), ([7], "")],
)
def test_whatever_is_sent_as_work_the_comment_is_read(sent: object, read: str | None) -> None:
    assert read_submission(WHOLE | {"form_work": sent}).form_work == read


def test_a_form_without_the_work_is_held_and_never_called_spam_for_it() -> None:
    found = list(forms(facts(form=Form(seconds=60.0, has_worked=False))))
    assert [one.name for one in found] == ["FORM_NO_WORK"]
    assert judge(found, Policy(), None).action == "hold"
    much = [*found, Signal("FORM_FORGED", 1.0), Signal("AUTHOR_MANY_NAMES", 1.0), Signal("LANGUAGE_OTHER", 1.0)]
    assert judge(much, Policy(), None).action == "hold"
    for has_worked in (True, None):
        assert list(forms(facts(form=Form(seconds=60.0, has_worked=has_worked)))) == []


def test_no_form_condemns_alone_and_only_a_filled_trap_holds() -> None:
    for form, action in (
        (Form(is_trapped=True), "hold"),
        (Form(seconds=0.0, is_trapped=True), "hold"),
        (Form(problem="forged", is_trapped=True), "hold"),
        (Form(seconds=0.0), "approve"),
        (Form(problem="forged"), "approve"),
    ):
        signals = [Signal("AUTHOR_NEW", 1.0), *forms(facts(form=form))]
        assert judge(signals, Policy(), None).action == action
