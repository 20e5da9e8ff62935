"""The beat sends by the seconds that pass, whatever the clock on the wall says."""

from collections import Counter
from typing import Any

from celery import Celery

from workers.steady_beat import SteadyScheduler


class Counting(SteadyScheduler):
    """Counts what it would send, in a time of its own."""

    seconds = 0.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.sent: Counter[str] = Counter()
        self.monotonic = lambda: self.seconds
        super().__init__(*arguments, **options)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:  # noqa: ARG002 - as it is called
        self.sent[entry.name] += 1

    @property
    def producer(self) -> None:
        return None


def test_each_entry_is_sent_at_once_and_then_each_time_its_seconds_have_passed() -> None:
    with Celery(set_as_current=False, broker="memory://") as app:
        app.conf.beat_schedule = {
            "often": {"task": "a", "schedule": 2},
            "seldom": {"task": "b", "schedule": 600},
        }
        beat = Counting(app=app, lazy=False)
        for tenth in range(100):
            beat.seconds = tenth / 10
            assert 0 < beat.tick() <= 2
    assert beat.sent == {"often": 5, "seldom": 1}
