"""Retries: what an answer means, and when the next attempt is due."""

from datetime import UTC, datetime, timedelta

import pytest

from moderation.retries import SCHEDULE_SECONDS, Outcome, next_attempt_at, read_answer

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (299, "delivered"),
        (301, "retry"),
        (304, "retry"),
        (400, "retry"),
        (404, "retry"),
        (410, "gone"),
        (500, "retry"),
    ],
)
def test_only_2xx_is_success(status: int, result: str) -> None:
    assert read_answer(status, {}, NOW).result == result


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "120", 120),
        (503, "0", 0),
        (503, "Fri, 02 Jan 2026 03:05:05 GMT", 60),
        (503, "Fri, 02 Jan 2020 03:05:05 GMT", 0),
        (502, "999999999", 24 * 3600),
        (504, "Fri, 02 Jan 2099 03:05:05 GMT", 24 * 3600),
        (500, "120", None),
        (429, "soon", None),
        (429, "-5", None),
        (429, "9" * 5000, None),
        (429, "٥", None),
        (429, None, None),
    ],
)
def test_retry_after_is_honoured_within_reason(status: int, header: str | None, seconds: int | None) -> None:
    outcome = read_answer(status, {"retry-after": header} if header else {}, NOW)
    # "Not before now" and "whenever" come to the same.
    assert (outcome.not_before or NOW) == NOW + timedelta(seconds=seconds or 0)


def test_the_schedule_is_the_specifications() -> None:
    outcome = Outcome("retry")
    waits = [next_attempt_at(attempts, outcome, NOW, 0.0) for attempts in range(1, 11)]
    seconds = [(wait - NOW).total_seconds() if wait else None for wait in waits]
    assert seconds == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, None]


def test_retries_are_spread_and_none_comes_early() -> None:
    early, late = (next_attempt_at(2, Outcome("retry"), NOW, spread) for spread in (0.0, 1.0))
    assert early is not None
    assert late is not None
    assert late - early == timedelta(seconds=SCHEDULE_SECONDS[1] / 10)


def test_a_receivers_wish_may_delay_but_not_hasten() -> None:
    later = NOW + timedelta(hours=1)
    assert next_attempt_at(1, Outcome("retry", not_before=later), NOW, 0.0) == later
    assert next_attempt_at(1, Outcome("retry", not_before=NOW), NOW, 0.0) == NOW + timedelta(seconds=5)
