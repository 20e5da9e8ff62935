"""Ask services what `screening` wants to know: claim, call, write down. In a deliver worker, never while judging.

No transaction is open during a call. Comes after `questions`, which owe the answers; `screening` comes again after it.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from moderation.clock import Clock, utc_now
from moderation.db import Database
from moderation.log import get_logger
from moderation.remote.accounts import count, give_back, load_breaker, reserve, save_breaker
from moderation.remote.breaker import Breaker, State
from moderation.remote.cache import Cache
from moderation.remote.calls import Line, Said, ask_all
from moderation.remote.question import CannotAskError, Question, failed
from moderation.remote.questions import MOST_AT_ONCE, Answer, claim, due, hand_back, write_answers
from moderation.remote.turnstile import Turnstile

log = get_logger(__name__)

# Calls to one service at a time.
_THREADS = 8
# After so long a task begins no other round, so that a worker that is to stop can; the sweep rings for what is left.
_TASK_SECONDS = 10.0
# Calls of one round, by the state of the breaker.
_MOST_CALLS: Mapping[State, int] = {"closed": MOST_AT_ONCE, "half_open": 1, "open": 0}
_RESTING = ("resting", "left alone for a while, it failed")


@dataclass(slots=True)
class _Plan:
    """One round: the answers that need no call, and the questions that do, with those that share their answer."""

    answers: dict[str, Answer] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    shared: dict[bytes, list[Question]] = field(default_factory=dict)

    def keep(self, most: int, service: str, outcome: str, why: str) -> None:
        """Refuse all calls but the first so many."""
        for key in list(self.shared)[most:]:
            self.refuse(service, self.shared.pop(key), outcome, why)

    def keep_granted(self, granted: Mapping[str, int], service: str) -> None:
        """Refuse the calls that a site's budget does not allow."""
        left = dict(granted)
        for key, questions in list(self.shared.items()):
            site_id = questions[0].site_id
            left[site_id] -= 1
            if left[site_id] < 0:
                self.refuse(service, self.shared.pop(key), "over_budget", "the budget of this day is used up")

    def calls(self) -> Counter[str]:
        """Count the calls to make, by site."""
        return Counter(questions[0].site_id for questions in self.shared.values())

    def refuse(self, service: str, questions: Sequence[Question], outcome: str, why: str) -> None:
        """Answer these with a failure."""
        for question in questions:
            self.answers[question.comment_id] = (failed(service, why),)
            self.outcomes[outcome] += 1


class Asker:
    """The services of one process. Making it connects to nothing and starts no thread."""

    def __init__(self, lines: Mapping[str, Line], budget: int, clock: Clock = utc_now) -> None:
        self._lines = lines
        self._budget = budget
        self._clock = clock
        self._cache = Cache()
        self._turnstiles = {service: Turnstile() for service in lines}
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def close(self) -> None:
        """End the threads, after the calls they make."""
        for pool in self._pools.values():
            pool.shutdown()

    def ask(self, database: Database, service: str) -> Iterator[list[str]]:
        """Ask the service all that is due; yield comments as they can be judged (further).

        Where another thread is at it already, that one does it.
        """
        turnstile = self._turnstiles.setdefault(service, Turnstile())
        if not turnstile.enter():
            return
        is_in, began = True, time.monotonic()
        try:
            while time.monotonic() - began < _TASK_SECONDS:
                was_something = False
                for answered in self._round(database, service):
                    was_something = True
                    yield answered
                if not was_something and turnstile.leave():
                    is_in = False
                    return
        finally:
            if is_in:
                turnstile.leave(for_good=True)

    def _round(self, database: Database, service: str) -> Iterator[list[str]]:
        with database.read() as session:
            questions = due(session, service, self._clock())
        if not questions:
            return
        with database.write() as session:
            now = self._clock()
            taken = claim(session, service, [question.comment_id for question in questions], now)
            plan = self._plan(service, [question for question in questions if question.comment_id in taken])
            breaker = load_breaker(session, service)
            plan.keep(_MOST_CALLS[breaker.state(now)], service, *_RESTING)
            plan.keep_granted(reserve(session, service, plan.calls(), now, self._budget), service)
            if plan.shared and breaker.state(now) == "half_open":
                save_breaker(session, service, breaker.tried(now))
            ready = write_answers(session, service, plan.answers, now)
            count(session, service, plan.outcomes)
        # Even where nothing was answered: it was a round.
        yield ready
        if plan.shared:
            yield self._call(database, service, plan, breaker)

    def _plan(self, service: str, questions: Sequence[Question]) -> _Plan:
        plan = _Plan()
        line = self._lines.get(service)
        for question in questions:
            if line is None:
                plan.refuse(service, [question], "not_set_up", "not set up here")
                continue
            try:
                key = self._cache.key(service, line.service.told(question))
            except CannotAskError as error:
                plan.refuse(service, [question], "not_asked", str(error))
                continue
            except Exception as error:  # noqa: BLE001 - one comment must not keep the others waiting
                log.error("question not put", service=service, error=type(error).__name__)  # noqa: TRY400 - may quote it
                plan.refuse(service, [question], "not_asked", "the question could not be put")
                continue
            known = self._cache.get(key)
            if known is None:
                plan.shared.setdefault(key, []).append(question)
            else:
                plan.answers[question.comment_id] = known
                plan.outcomes["cached"] += 1
        return plan

    def _call(self, database: Database, service: str, plan: _Plan, breaker: Breaker) -> list[str]:
        leaders = {questions[0].comment_id: key for key, questions in plan.shared.items()}
        pool = self._pools.setdefault(service, ThreadPoolExecutor(_THREADS, f"remote-{service}"))
        said, breaker = ask_all(
            self._lines[service], pool, [questions[0] for questions in plan.shared.values()], breaker, self._clock
        )
        done = _Plan()
        for comment_id, one in said.items():
            key = leaders[comment_id]
            self._note(done, service, key, plan.shared.pop(key), one)
        # What is left was not asked: nobody paid for it.
        done.shared, unpaid = plan.shared, plan.calls()
        now = self._clock()
        done.keep(_MOST_CALLS[breaker.state(now)], service, *_RESTING)
        unasked = [question.comment_id for questions in done.shared.values() for question in questions]
        with database.write() as session:
            ready = write_answers(session, service, done.answers, now)
            hand_back(session, service, unasked, now)
            save_breaker(session, service, breaker)
            give_back(session, service, unpaid)
            count(session, service, done.outcomes)
        return ready

    def _note(self, done: _Plan, service: str, key: bytes, questions: Sequence[Question], said: Said) -> None:
        if said.outcome != "answered":
            done.refuse(service, questions, said.outcome, said.why)
            return
        self._cache.put(key, said.signals)
        done.answers |= dict.fromkeys((question.comment_id for question in questions), said.signals)
        done.outcomes.update(answered=1, cached=len(questions) - 1)
