"""Endpoints that fail: left alone for longer each time, tried by one, and taken back at once."""

from datetime import UTC, datetime, timedelta

from moderation.deliveries.breaker import LONGEST_REST, LONGEST_WISH, TRIPS_AFTER, Breaker
from moderation.retries import Outcome

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FAILED, DELIVERED = Outcome("retry", "answered 500"), Outcome("delivered")


def test_each_failure_in_a_row_doubles_the_rest_up_to_ten_minutes() -> None:
    breaker, now, rests = Breaker(), NOW, []
    for _ in range(10):
        breaker = breaker.after([FAILED], now)
        assert breaker.rests_until is not None
        rests.append((breaker.rests_until - now).total_seconds())
        now = breaker.rests_until
    assert rests == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]
    assert breaker.failing_since == NOW


def test_failures_of_deliveries_under_way_together_are_one() -> None:
    assert Breaker().after([FAILED] * 8, NOW).failures == 1


def test_it_trips_once_after_some_failures_in_a_row() -> None:
    breaker = Breaker()
    for number in range(1, TRIPS_AFTER + 3):
        breaker = breaker.after([FAILED], NOW + timedelta(minutes=number))
        assert (breaker.tripped_at is not None) == (number >= TRIPS_AFTER)
    assert breaker.tripped_at == NOW + timedelta(minutes=TRIPS_AFTER)


def test_one_success_ends_it_all() -> None:
    assert Breaker(9, NOW, NOW, NOW).after([FAILED, DELIVERED], NOW) == Breaker()


def test_an_endpoint_that_asks_for_patience_gets_it_but_not_for_a_day() -> None:
    asked = Outcome("retry", "answered 429", NOW + timedelta(minutes=20))
    assert Breaker().after([asked, DELIVERED], NOW) == Breaker(rests_until=NOW + timedelta(minutes=20))
    for_long = Outcome("retry", "answered 503", NOW + timedelta(hours=20))
    assert Breaker().after([for_long], NOW).rests_until == NOW + LONGEST_WISH
    soon = Outcome("retry", "answered 503", NOW + timedelta(seconds=1))
    assert Breaker(20, NOW).after([soon], NOW).rests_until == NOW + LONGEST_REST


def test_a_delivery_that_can_not_be_made_says_nothing_about_the_endpoint() -> None:
    breaker = Breaker(2, NOW, NOW)
    assert breaker.after([Outcome("dead", "10.0.0.1 is not a public address")], NOW) == breaker
    assert breaker.after([], NOW) == breaker
