"""Keeps pages of public lists in the memory of one process, as they were answered, for as long as they are right.

Between two looks at the post's version (`post_versions`) a page is answered without the database, and the look itself
is one small query. So a change is seen within a second, usually a tenth of one, however many processes keep lists.
"""

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from moderation.db import Database
from moderation.errors import NotFoundError
from moderation.post_versions import Standing, standing
from moderation.public_list import Wanted, read_list
from moderation.replica import Replica

# A page that is asked for more often than this costs the database ten small queries a second, whatever the crowd.
LOOK_EVERY_SECONDS = 0.1
# While one request looks, others are answered with what was right so long ago, and no longer.
MOST_STALE_SECONDS = 1.0
# Made anew even so: the release before, which may still run during an upgrade, raises no versions.
MADE_ANEW_AFTER_SECONDS = 60.0
# While the database is away readers see what was right before, nobody being able to change it; one looks now and then.
KEPT_WHILE_AWAY_SECONDS = 600.0
LOOK_WHILE_AWAY_SECONDS = 5.0
# Of all pages of a process.
MOST_BYTES = 16 * 1024 * 1024
_BYTES_BESIDE_BODY = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A page as it is answered. `tag` is that of the body: every process has the same for the same page."""

    body: bytes
    tag: str
    next_cursor: str | None
    # Of the site whose list it is.
    domain: str | None


@dataclass(slots=True)
class _Kept:
    answer: Answer
    standing: Standing
    made_at: float
    # When it was last known to be right, and until when it is answered without a look.
    right_at: float
    good_until: float

    @property
    def size(self) -> int:
        return len(self.answer.body) + _BYTES_BESIDE_BODY


class ListCache:
    """Pages of one process; safe for threads."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.monotonic,
        most_bytes: int = MOST_BYTES,
        replica: Replica | None = None,
    ) -> None:
        self._database = database
        self._replica = replica or Replica()
        self._clock = clock
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        # The one that was asked for last comes last.
        self._pages: OrderedDict[Wanted, _Kept] = OrderedDict()
        self._bytes = 0

    def get(self, wanted: Wanted) -> Answer:
        """Return the page; raise NotFoundError where there is no such site."""
        now = self._clock()
        with self._lock:
            kept = self._pages.get(wanted)
            if kept is not None:
                self._pages.move_to_end(wanted)
                if now < kept.good_until:
                    return kept.answer
                # This request looks; others need not meanwhile.
                kept.good_until = min(now + LOOK_EVERY_SECONDS, kept.right_at + MOST_STALE_SECONDS)
        try:
            return self._look(wanted, kept, now)
        except SQLAlchemyError:
            if kept is None or now > kept.right_at + KEPT_WHILE_AWAY_SECONDS:
                raise
            kept.good_until = self._clock() + LOOK_WHILE_AWAY_SECONDS
            return kept.answer

    def _look(self, wanted: Wanted, kept: _Kept | None, now: float) -> Answer:
        with self._database.read() as session:
            # Before the list is read: what changes meanwhile is found changed at the next look.
            found = standing(session, wanted.site_id, wanted.post_id)
            if found is None:
                self._forget(wanted)
                raise NotFoundError(f"no site {wanted.site_id}")
            if kept is not None and kept.standing == found and now < kept.made_at + MADE_ANEW_AFTER_SECONDS:
                kept.right_at, kept.good_until = now, now + LOOK_EVERY_SECONDS
                return kept.answer
            # A replica is asked only where it has this version of the post.
            document = self._replica.read(session, lambda one: read_list(one, wanted))
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        tag = hashlib.blake2b(body, digest_size=16).hexdigest()
        answer = Answer(body, tag, document["next_cursor"], found.domain)
        self._keep(wanted, _Kept(answer, found, now, now, now + LOOK_EVERY_SECONDS))
        return answer

    def _keep(self, wanted: Wanted, kept: _Kept) -> None:
        self._forget(wanted)
        with self._lock:
            self._pages[wanted] = kept
            self._bytes += kept.size
            while self._bytes > self._most_bytes:
                _, oldest = self._pages.popitem(last=False)
                self._bytes -= oldest.size

    def _forget(self, wanted: Wanted) -> None:
        with self._lock:
            kept = self._pages.pop(wanted, None)
            self._bytes -= kept.size if kept else 0
