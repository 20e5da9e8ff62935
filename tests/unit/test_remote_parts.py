"""What keeps services outside in their place: whom to ask, the breaker, the cache, the turnstile."""

from datetime import timedelta

import pytest

from moderation.policy import Policy
from moderation.remote.breaker import FAILURES_TO_OPEN, FIRST_PAUSE, LONGEST_PAUSE, Breaker
from moderation.remote.cache import KEPT_SECONDS, Cache
from moderation.remote.names import SERVICES
from moderation.remote.question import failed
from moderation.remote.turnstile import Turnstile
from moderation.remote.wanting import wanted
from moderation.rules import Rules
from moderation.signals import Signal
from moderation.verdict import judge
from tests.conftest import StoppedClock

ALL = Policy(remote=SERVICES)
FIRST = ("akismet", "stop_forum_spam", "check")


@pytest.mark.parametrize(
    ("policy", "signals", "known", "services"),
    [
        # Nobody, unless the site says so.
        (Policy(), [Signal("WORDS_HOLD", 1.0)], set(), ()),
        (ALL, [], set(), FIRST),
        (ALL, [], {"akismet"}, ("stop_forum_spam", "check")),
        # The language model comes last, and only where the score holds.
        (ALL, [], set(FIRST), ()),
        (ALL, [Signal("WORDS_HOLD", 1.0)], set(), FIRST),
        (ALL, [Signal("WORDS_HOLD", 1.0)], set(FIRST), ("opinion",)),
        (ALL, [Signal("WORDS_HOLD", 1.0)], set(SERVICES), ()),
        (ALL, [Signal("RULE_HOLD_EVERYTHING", 1.0)], set(FIRST), ()),
        (ALL, [Signal("FILTER_FAILED", 1.0)], set(FIRST), ()),
        (Policy(remote=("opinion",)), [], set(), ()),
        # What is settled is nobody's business outside.
        (ALL, [Signal("WORDS_SPAM", 1.0)], set(), ()),
        (ALL, [Signal("WORDS_SPAM", 1.0), Signal("MODEL_SPAM", 1.0)], set(), ()),
        (ALL, [Signal("RULE_TRUST", 1.0)], set(), ()),
        (ALL, [Signal("RULE_BLOCK", 1.0)], set(), ()),
    ],
)
def test_only_an_opinion_that_could_change_the_verdict_is_asked_for(
    policy: Policy, signals: list[Signal], known: set[str], services: tuple[str, ...]
) -> None:
    assert wanted(policy, judge(signals, policy, None), known) == services


@pytest.mark.parametrize(("wish", "action"), [("ignore", "approve"), ("hold", "hold")])
def test_a_site_chooses_what_a_missing_opinion_means(wish: str, action: str) -> None:
    policy = Policy(on_remote_failure=wish)  # type: ignore[arg-type]
    verdict = judge([failed("akismet", "no answer")], policy, None)
    assert verdict.action == action
    assert verdict.score == 0
    assert verdict.signals[0].signal.evidence[0].text == "akismet: no answer"


def test_a_missing_opinion_excuses_nothing() -> None:
    assert judge([failed("akismet", "no answer"), Signal("WORDS_SPAM", 1.0)], Policy(), None).action == "spam"
    assert Policy(rules=Rules()).on_remote_failure == "ignore"


def test_a_breaker_opens_after_failures_in_a_row_and_closes_with_an_answer(clock: StoppedClock) -> None:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker = breaker.failed(clock())
        assert breaker.state(clock()) == "closed"
    assert breaker.succeeded().failed(clock()).state(clock()) == "closed"
    breaker = breaker.failed(clock())
    assert breaker.state(clock()) == "open"
    clock.now += FIRST_PAUSE
    assert breaker.state(clock()) == "half_open"
    # Others don't try while one does.
    assert breaker.tried(clock()).state(clock()) == "open"
    assert breaker.succeeded().state(clock()) == "closed"


def test_the_pause_grows_while_nothing_answers(clock: StoppedClock) -> None:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        breaker = breaker.failed(clock())
    # Those that were under way when it opened add nothing.
    assert breaker.failed(clock()).failed(clock()).open_until == breaker.open_until
    pauses = []
    for _ in range(10):
        assert breaker.open_until is not None
        pauses.append(breaker.open_until - clock())
        clock.now = breaker.open_until
        breaker = breaker.failed(clock())
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_a_service_that_asks_for_patience_gets_it_but_not_for_ever(clock: StoppedClock) -> None:
    breaker = Breaker().failed(clock(), timedelta(seconds=30))
    assert breaker.open_until == clock() + timedelta(seconds=30)
    assert Breaker().failed(clock(), timedelta(days=1)).open_until == clock() + LONGEST_PAUSE


def test_the_cache_forgets_in_time_and_when_it_is_full() -> None:
    now = 0.0
    cache = Cache(lambda: now, most=2)
    keys = [cache.key("akismet", {"comment_content": text}) for text in ("a", "b", "c")]
    answer = (Signal("REMOTE_AKISMET", 1.0),)
    for key in keys:
        cache.put(key, answer)
    assert [cache.get(key) for key in keys] == [None, answer, answer]
    now = KEPT_SECONDS
    assert cache.get(keys[2]) is None


def test_a_cache_tells_services_apart_and_gives_nothing_away() -> None:
    cache, told = Cache(), {"comment_author_email": "sara@example.com", "odd": "\ud800"}
    assert cache.key("akismet", told) == cache.key("akismet", dict(reversed(told.items())))
    assert cache.key("akismet", told) != cache.key("check", told)
    assert cache.key("akismet", told) != Cache().key("akismet", told)
    assert len(cache.key("akismet", told)) == 16


def test_who_knocks_at_a_turnstile_is_served_by_whoever_is_in() -> None:
    turnstile = Turnstile()
    assert turnstile.enter()
    assert not turnstile.enter()
    assert not turnstile.leave()
    assert turnstile.leave()
    assert turnstile.enter()
    assert not turnstile.enter()
    assert turnstile.leave(for_good=True)
    assert turnstile.enter()
