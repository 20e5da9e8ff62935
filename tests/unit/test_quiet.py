"""Quiet: hours that go over midnight in a zone of their own, comments that nobody asked for, what is told together."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from moderation.deliveries.gathering import BETWEEN, COPIES_WAIT, Plan, Rules, Told, Waiting, plan
from moderation.endpoints import read_endpoint
from moderation.errors import InvalidInputError
from moderation.quiet import burst_of, is_quiet, wants

NIGHT = {"from": "22:00", "to": "07:00", "zone": "Asia/Tehran"}
# Half past three hours before Tehran.
NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
TEN = Rules(10, None)


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [(18, 29, False), (18, 30, True), (23, 0, True), (3, 29, True), (3, 30, False), (8, 30, False)],
)
def test_the_night_of_a_zone_goes_over_midnight(hour: int, minute: int, quiet: bool) -> None:
    assert is_quiet(NIGHT, datetime(2026, 11, 22, hour, minute, tzinfo=UTC)) is quiet


def test_hours_within_a_day_and_none_at_all() -> None:
    lunch = {"from": "12:00", "to": "13:00", "zone": "Asia/Tehran"}
    assert is_quiet(lunch, NOON)
    assert not is_quiet(lunch, NOON + timedelta(hours=1))
    assert not is_quiet(None, NOON)
    assert not is_quiet({}, NOON)


@pytest.mark.parametrize(
    ("least", "languages", "score", "language", "wanted"),
    [
        (None, None, 3.0, "fa", True),
        (4.0, None, 3.9, "fa", False),
        (4.0, None, 4.0, "fa", True),
        (4.0, None, None, "fa", True),
        (None, ["fa"], 3.0, "fa-IR", True),
        (None, ["fa", "en-GB"], 3.0, "EN", True),
        (None, ["fa"], 3.0, "en", False),
        (None, ["fa"], 3.0, None, True),
    ],
)
def test_what_an_endpoint_is_told_of(
    least: float | None, languages: list[str] | None, score: float | None, language: str | None, wanted: bool
) -> None:
    assert wants(least, languages, score=score, language=language) is wanted


def test_people_are_told_of_ten_one_by_one_and_programs_of_all() -> None:
    assert (burst_of(None, "standard"), burst_of(None, "slack"), burst_of(0, "slack")) == (0, 10, 0)


@pytest.mark.parametrize(
    "sent",
    [
        {"min_score": "3"},
        {"min_score": True},
        {"min_score": float("nan")},
        {"languages": "fa"},
        {"languages": ["not a language"]},
        {"quiet_hours": {"from": "22:00", "to": "07:00"}},
        {"quiet_hours": NIGHT | {"zone": "Mars/Olympus"}},
        {"quiet_hours": NIGHT | {"zone": "../../etc/passwd"}},
        {"quiet_hours": NIGHT | {"zone": ""}},
        {"quiet_hours": NIGHT | {"zone": "Asia\0"}},
        {"quiet_hours": NIGHT | {"zone": "\ud800"}},
        {"quiet_hours": NIGHT | {"zone": "Asia"}},
        {"quiet_hours": NIGHT | {"to": "22:00"}},
        {"quiet_hours": NIGHT | {"to": "24:00"}},
        {"quiet_hours": NIGHT | {"to": "7:00"}},
        {"quiet_hours": NIGHT | {"to": 7}},
        {"quiet_hours": NIGHT | {"more": "x"}},
        {"quiet_hours": []},
        {"burst": -1},
        {"burst": 101},
        {"burst": 1.5},
        {"burst": True},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_by_name(sent: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_endpoint(sent, is_new=False)
    assert [one.field for one in refused.value.errors] == list(sent)


def test_none_of_it_is_said_by_zero_and_emptiness() -> None:
    sent = {"min_score": 0, "languages": [], "quiet_hours": {}, "burst": 0}
    assert read_endpoint(sent, is_new=False).quiet.given() == sent
    assert read_endpoint(dict.fromkeys(sent), is_new=False).quiet.given() == {}


def _waiting(count: int, *, campaign: str = "", since: datetime = NOON, first: int = 0) -> list[Waiting]:
    numbers = range(first, first + count)
    return [Waiting(f"dl_{number}", campaign or f"cm_{number}", since) for number in numbers]


def _ids(*numbers: int) -> tuple[str, ...]:
    return tuple(f"dl_{number}" for number in numbers)


def test_a_few_are_told_one_by_one_and_one_more_makes_them_a_digest() -> None:
    assert plan(_waiting(10), Told(), TEN, NOON) == Plan(single=_ids(*range(10)))
    assert plan(_waiting(11), Told(), TEN, NOON) == Plan(together=_ids(*range(11)))
    assert plan(_waiting(11), Told(), Rules(0, None), NOON) == Plan(single=_ids(*range(11)))


def test_what_was_told_just_now_counts_and_digests_keep_their_distance() -> None:
    assert plan(_waiting(1), Told(count=9), TEN, NOON) == Plan(single=_ids(0))
    assert plan(_waiting(1), Told(count=10), TEN, NOON) == Plan(later=_ids(0))
    assert plan(_waiting(2), Told(count=9), TEN, NOON) == Plan(together=_ids(0, 1))
    lately = Told(count=9, digest_at=NOON - BETWEEN + timedelta(seconds=1))
    assert plan(_waiting(2), lately, TEN, NOON) == Plan(later=_ids(0, 1))
    assert plan(_waiting(2), lately, TEN, NOON + timedelta(seconds=1)) == Plan(together=_ids(0, 1))


def test_a_campaign_is_one_message_and_the_rest_of_it_another_an_hour_later() -> None:
    copies = _waiting(100, campaign="cm_a") + _waiting(1, first=100)
    assert plan(copies, Told(), TEN, NOON) == Plan(single=_ids(0, 100), later=_ids(*range(1, 100)))
    told = Told(count=2, campaigns={"cm_a"})
    more = copies[1:100]
    assert plan(more, told, TEN, NOON + COPIES_WAIT - timedelta(seconds=1)) == Plan(later=_ids(*range(1, 100)))
    assert plan(more, told, TEN, NOON + COPIES_WAIT) == Plan(together=_ids(*range(1, 100)))
    # A list of one says less than the message itself.
    assert plan(more[:1], told, TEN, NOON + COPIES_WAIT) == Plan(single=_ids(1))


def test_at_night_everything_waits_and_is_one_message_in_the_morning() -> None:
    night = NOON - timedelta(hours=8)
    rules = Rules(10, NIGHT)
    slept = _waiting(3, since=night)
    assert plan(slept, Told(), rules, night) == Plan(later=_ids(0, 1, 2))
    assert plan(slept, Told(), rules, NOON) == Plan(together=_ids(0, 1, 2))
    assert plan(slept[:1], Told(), rules, NOON) == Plan(single=_ids(0))
    assert plan(_waiting(3), Told(), rules, NOON) == Plan(single=_ids(0, 1, 2))
    assert plan(slept, Told(), Rules(0, NIGHT), NOON) == Plan(together=_ids(0, 1, 2))
