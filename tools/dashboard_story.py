"""What happens to the set of `dashboard_picture`: a calm time, a wave of spam, and three things that go wrong."""

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.comments import Row, comments
from tests.conftest import Receiver
from tests.journeys.program import Up

_CALM, _WAVE = 4.0, 22.0
_DECISIONS_PER_SECOND = 1.0
# Of the comments of a calm time; the wave is the other way round.
_SPAM_IN = 5


@dataclass
class _Website:
    """Posts comments at a pace, and has a moderator who knows what each one was."""

    service: Up
    pace: float = _CALM
    is_wave: bool = False
    was_spam: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _, rows = comments(100_000)
        self._of = {kind: itertools.cycle([row for row in rows if row.is_spam is kind]) for kind in (False, True)}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=one) for one in (self._post, self._decide)]
        # Of the spam of a wave, which comes again and again.
        self._wave = [next(self._of[True]) for _ in range(40)]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let people in."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def _post(self) -> None:
        for number in itertools.count():
            if self._over.wait(1 / self.pace):
                return
            row = self._next(number)
            sent = {"name": row.name[:100], "email": f"reader{number % 300}@example.com", "body": row.body[:5000]}
            answer = self._call("POST", "/v1/comments", sent | {"post_id": str(number % 20)})
            if answer is not None:
                self.was_spam[answer["id"]] = row.is_spam

    def _next(self, number: int) -> Row:
        if self.is_wave and number % _SPAM_IN:
            return self._wave[number % len(self._wave)]
        return next(self._of[not self.is_wave and number % _SPAM_IN == 0])

    def _decide(self) -> None:
        token = self.service.credentials["moderator_token"]
        while not self._over.wait(1 / _DECISIONS_PER_SECOND):
            page = self._call("GET", "/v1/comments?status=held&limit=1", None, token)
            for one in page["comments"] if page else ():
                action = "spam" if self.was_spam.get(one["id"]) else "approve"
                decision = {"action": action, "version": one["version"]}
                self._call("POST", f"/v1/comments/{one['id']}/decision", decision, token)

    def _call(self, method: str, path: str, body: object = None, key: str | None = None) -> dict[str, object] | None:
        try:
            status, answer = self.service.call(method, path, body, key=key)
        except OSError:
            return None
        return answer if status < 300 else None  # noqa: PLR2004 - what is not refused


def tell(service: Up, receiver: Receiver, seconds: float) -> None:
    """Let it happen; each of the five parts takes so long."""
    website = _Website(service)
    with website.open():
        # It is calm.
        time.sleep(seconds)
        # A wave of spam, more of it than the site's key may post.
        website.pace, website.is_wave = _WAVE, True
        time.sleep(seconds * 2 / 3)
        website.pace, website.is_wave = _CALM, False
        time.sleep(seconds / 3)
        # The receiver of webhooks fails.
        receiver.answers[:] = [(503, {})]
        time.sleep(seconds)
        receiver.answers[:] = [(204, {})]
        # Nothing is judged.
        _command(service, "pause", "screen")
        time.sleep(seconds / 2)
        _command(service, "resume", "screen")
        time.sleep(seconds / 2)
        # Redis dies, and `up` starts it again.
        for process in service.child("redis-server"):
            process.kill()
        time.sleep(seconds)


def _command(service: Up, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "moderation", *words], env=dict(service.environment), check=True)
