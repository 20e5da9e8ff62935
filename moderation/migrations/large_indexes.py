"""Indexes of tables that may be large: PostgreSQL makes them before their step, without keeping writers out.

`CREATE INDEX` lets nobody write while it reads the table, minutes for ten million rows; `CONCURRENTLY` does, but not
within the transaction that the steps run in. So they are made first, and the step finds them there.
"""

import time
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, inspect, text

# Any number, the same in every process, and not that of the steps.
_LOCK = 0x6D6F_6978
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class LargeIndex:
    """An index of columns that were there before the step: on a new table there is nothing to wait for."""

    name: str
    table: str
    columns: str
    where: str

    def statement(self, *, concurrently: bool = False) -> str:
        """Return what makes it unless it is there."""
        how = "CONCURRENTLY " if concurrently else ""
        return f"CREATE INDEX {how}IF NOT EXISTS {self.name} ON {self.table} ({self.columns}) WHERE {self.where}"


COMMENTS_HELD = LargeIndex("comments_held", "comments", "settled_at", "status = 'held'")
DELIVERIES_DEAD = LargeIndex("deliveries_dead", "deliveries", "finished_at", "state = 'dead'")
COMMENTS_SHOWN = LargeIndex("comments_shown", "comments", "site_id, post_id, id, status", "status = 'approved'")
COMMENTS_WAITING = LargeIndex("comments_waiting", "comments", "site_id, status", "status = 'received'")
LARGE_INDEXES = (COMMENTS_HELD, DELIVERIES_DEAD, COMMENTS_SHOWN, COMMENTS_WAITING)


def make_large_indexes(engine: Engine) -> None:
    """Make those that are missing on PostgreSQL, one after the other; others may read and write meanwhile.

    One that was cut off is made anew: PostgreSQL leaves it behind, unused. On a database without tables there is
    nothing to do.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        tables = set(inspect(connection).get_table_names())
        missing = [one for one in LARGE_INDEXES if one.table in tables and not _is_there(connection, one)]
        if not missing:
            return
        # Asked for again and again: whoever waits for a lock holds a snapshot, and for those the making would wait.
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            time.sleep(_PAUSE_SECONDS)
        connection.execute(text("SET statement_timeout = 0"))
        try:
            for index in missing:
                if _is_there(connection, index):
                    continue
                connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}"))
                connection.execute(text(index.statement(concurrently=True)))
        finally:
            connection.execute(text("RESET statement_timeout"))
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})


def _is_there(connection: Connection, index: LargeIndex) -> bool:
    found = connection.scalar(
        text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"), {"name": index.name}
    )
    return bool(found)
