"""Count what happens, in the transaction in which it happens: no figure is lost with a process, none is counted twice.

Each transaction appends one small row with all that it counted, so writers never wait for each other over a counter;
the sweep folds the rows into totals. `metrics` shows the sum of both. What is not about rows, such as requests that
were refused, is counted by each process and written every few seconds (`Notes`).
"""

import json
import threading
from bisect import bisect_left
from collections import Counter as Sums
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import String, cast, delete, insert, literal, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from moderation.db import Database
from moderation.identity import new_id
from moderation.prepared import Prepared
from moderation.tables import TallyRow, TotalRow, table

# Rows folded in one transaction.
_MOST_FOLDED = 5_000
_NOTED_EVERY_SECONDS = 5.0
# Made once, of the bare table: to make it anew takes longer than to run it.
_APPEND = Prepared(insert(table(TallyRow)))
# What one process remembers at most while the database is away: labels are few, but who knows.
_MOST_NOTED = 10_000


@dataclass(frozen=True, slots=True)
class Counter:
    """Something counted. `name` has no `_total`; labels hold no id but a site's (`site`), which readers see by name."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Histogram:
    """Something measured, counted in buckets up to and with each of the bounds, and beyond."""

    name: str
    help: str
    bounds: tuple[float, ...]
    labels: tuple[str, ...] = ()


# A metric's name, its labels, and for a histogram the bucket: its upper bound, or "sum".
Key = tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What one transaction counted."""

    sums: Sums[Key] = field(default_factory=Sums)

    def count(self, counter: Counter, *labels: str, by: float = 1) -> None:
        """Count so many more."""
        self.sums[counter.name, *labels] += by  # type: ignore[assignment]

    def observe(self, histogram: Histogram, value: float, *labels: str) -> None:
        """Count one value in its bucket."""
        at = bisect_left(histogram.bounds, value)
        bound = repr(float(histogram.bounds[at])) if at < len(histogram.bounds) else "+Inf"
        self.sums[histogram.name, *labels, bound] += 1
        self.sums[histogram.name, *labels, "sum"] += value  # type: ignore[assignment]

    def write(self, session: Session) -> None:
        """Append the row, if anything was counted."""
        if self.sums:
            counts = [[list(key), value] for key, value in self.sums.items()]
            _APPEND.run_for_all(session, [{"id": new_id("ta"), "counts": counts}])


def fold(session: Session) -> int:
    """Add rows to the totals and delete them; return how many. Two folders at once take different rows."""
    taken = (
        select(TallyRow.id)
        .order_by(TallyRow.id)
        .limit(_MOST_FOLDED)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    rows = session.scalars(delete(TallyRow).where(TallyRow.id.in_(taken)).returning(TallyRow.counts)).all()
    sums: Sums[Key] = Sums()
    for counts in rows:
        for key, value in counts:
            sums[tuple(key)] += value
    if sums:
        _add(session, sums)
    return len(rows)


def _add(session: Session, sums: Mapping[Key, float]) -> None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    # In one order, so that two folders can't wait for each other.
    values = [{"key": json.dumps(key), "value": value} for key, value in sorted(sums.items())]
    row = dialect.insert(TotalRow)
    session.execute(
        row.on_conflict_do_update(index_elements=[TotalRow.key], set_={"value": TotalRow.value + row.excluded.value}),
        values,
    )


def read(session: Session) -> dict[Key, float]:
    """Return every sum. One statement, so that nothing is missed or seen twice while another folds."""
    totals = select(TotalRow.key.label("text"), TotalRow.value)
    rest = select(cast(TallyRow.counts, String), literal(0.0))
    sums: Sums[Key] = Sums()
    for text, value in session.execute(union_all(totals, rest)):
        for key, by in _entries(json.loads(text), value):
            sums[key] += by  # type: ignore[assignment]
    return dict(sums)


def _entries(read_text: list[Any], value: float) -> Iterator[tuple[Key, float]]:
    """Read a total's key, or a row's counts: the first entry of a key is a text, that of counts a pair."""
    if isinstance(read_text[0], str):
        yield tuple(read_text), value
    else:
        yield from ((tuple(key), by) for key, by in read_text)


class Notes:
    """Counts of one process; safe for threads. Up to five seconds of them are lost with a process that is killed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tally = Tally()
        self._lock = threading.Lock()
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, tally: Tally) -> None:
        """Add what was counted; returns at once. The thread that writes starts with the first note, after any fork."""
        with self._lock:
            if len(self._tally.sums) < _MOST_NOTED:
                self._tally.sums.update(tally.sums)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notes", daemon=True)
                self._thread.start()

    def write(self) -> None:
        """Write down what was noted; what the database does not take now is kept for the next time."""
        with self._lock:
            tally, self._tally = self._tally, Tally()
        if not tally.sums:
            return
        try:
            with self._database.write() as session:
                tally.write(session)
        except (SQLAlchemyError, OSError):
            # OSError: on SQLite writers take turns by a file.
            with self._lock:
                self._tally.sums.update(tally.sums)

    def stop(self) -> None:
        """Write down the rest."""
        self._is_stopped.set()
        self.write()

    def _run(self) -> None:
        while not self._is_stopped.wait(_NOTED_EVERY_SECONDS):
            self.write()
