"""The beat beside a worker's work: it proves that it sends, and its end is its worker's."""

import os
import signal
import time
from pathlib import Path

import pytest
from celery import Celery, signals

from moderation.settings import Settings
from moderation.tasks import DELIVER, SWEEP_COMMENTS
from workers import beating


def test_only_sweeps_prove_that_the_beat_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    sending = beating._Sending(Settings(sweep_seconds=2))
    assert not sending.is_well()
    signals.after_task_publish.send(sender=DELIVER)
    assert not sending.is_well()
    signals.after_task_publish.send(sender=SWEEP_COMMENTS)
    assert sending.is_well()
    later = time.monotonic() + beating._SENT_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not sending.is_well()


def test_a_beat_that_fails_ends_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def start(self) -> None:
            raise RuntimeError

    told: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *asked: told.append(asked))
    beating._send(Failing())  # type: ignore[arg-type]
    assert told == [(os.getpid(), signal.SIGTERM)]


def test_the_worker_starts_and_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = Celery("beside", broker="memory://")
    app.conf.beat_schedule = {"often": {"task": SWEEP_COMMENTS, "schedule": 0.01}}
    beating.beat_beside_work(app, Settings(data_dir=tmp_path))
    [step] = [one for one in app.steps["worker"] if one.__name__ == "Beside"]
    monkeypatch.setattr(beating.Presence, "start", lambda _: None)
    sent: list[str] = []

    def note(sender: str = "", **_: object) -> None:
        sent.append(sender)

    signals.after_task_publish.connect(note)
    beside = step(object())
    beside.start(type("Worker", (), {"app": app}))
    deadline = time.monotonic() + 30
    while len(sent) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    beside.stop(None)
    assert set(sent) == {SWEEP_COMMENTS}
    beside._service._is_stopped.wait(30)
    ended = len(sent)
    time.sleep(0.05)
    assert len(sent) == ended
