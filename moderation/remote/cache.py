"""Answers of a service, kept in memory for a while: a flood of one text costs one call."""

import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from moderation.signals import Signal

KEPT_SECONDS = 3600.0
MOST_ANSWERS = 5_000

Answer = tuple[Signal, ...]


class Cache:
    """Keyed by a hash under a key of this process alone: no text or address can be read out of it."""

    def __init__(self, now: Callable[[], float] = time.monotonic, most: int = MOST_ANSWERS) -> None:
        self._key = os.urandom(32)
        self._now = now
        self._most = most
        self._answers: OrderedDict[bytes, tuple[float, Answer]] = OrderedDict()
        self._lock = threading.Lock()

    def key(self, service: str, told: Mapping[str, Any]) -> bytes:
        """Return the same bytes for the same service and the same that it is told."""
        text = json.dumps([service, told], sort_keys=True, ensure_ascii=True)
        return blake2b(text.encode(), key=self._key, digest_size=16).digest()

    def get(self, key: bytes) -> Answer | None:
        """Return the answer, if it is fresh."""
        with self._lock:
            until, answer = self._answers.get(key, (float("-inf"), ()))
        return answer if self._now() < until else None

    def put(self, key: bytes, answer: Answer) -> None:
        """Keep an answer; the oldest goes when there are too many."""
        with self._lock:
            self._answers.pop(key, None)
            self._answers[key] = (self._now() + KEPT_SECONDS, answer)
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
