"""Indexes of tables that may be large: PostgreSQL makes them outside their step, without keeping writers out.

`CREATE INDEX` lets nobody write while it reads the table, minutes for ten million rows; `CONCURRENTLY` does, but not
within the transaction that the steps run in. So they are made first, and the step finds them there; one of a column
that its step adds is made when the steps are through.
"""

import time
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, inspect, text

# Any number, the same in every process, and not that of the steps.
_LOCK = 0x6D6F_6978
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class LargeIndex:
    """An index of a table that was there before the step: on a new table there is nothing to wait for."""

    name: str
    table: str
    columns: str
    where: str = ""

    def statement(self, *, concurrently: bool = False) -> str:
        """Return what makes it unless it is there."""
        how = "CONCURRENTLY " if concurrently else ""
        where = f" WHERE {self.where}" if self.where else ""
        return f"CREATE INDEX {how}IF NOT EXISTS {self.name} ON {self.table} ({self.columns}){where}"

    def is_possible(self, connection: Connection) -> bool:
        """Tell whether its table is there, with all of its columns."""
        asked = inspect(connection)
        if not asked.has_table(self.table):
            return False
        return set(self.columns.split(", ")) <= {column["name"] for column in asked.get_columns(self.table)}


COMMENTS_HELD = LargeIndex("comments_held", "comments", "settled_at", "status = 'held'")
DELIVERIES_DEAD = LargeIndex("deliveries_dead", "deliveries", "finished_at", "state = 'dead'")
COMMENTS_SHOWN = LargeIndex("comments_shown", "comments", "site_id, post_id, id, status", "status = 'approved'")
COMMENTS_WAITING = LargeIndex("comments_waiting", "comments", "site_id, status", "status = 'received'")
DELIVERIES_OWED = LargeIndex("deliveries_owed_by_endpoint", "deliveries", "endpoint_id, ring_at", "state = 'pending'")
DELIVERIES_BY_SITE = LargeIndex("deliveries_by_site", "deliveries", "site_id, id")
DELIVERIES_FINISHED = LargeIndex("deliveries_finished", "deliveries", "finished_at", "finished_at IS NOT NULL")
DELIVERIES_TOGETHER = LargeIndex("deliveries_told_together", "deliveries", "told_in", "told_in IS NOT NULL")
LARGE_INDEXES = (
    *(COMMENTS_HELD, COMMENTS_SHOWN, COMMENTS_WAITING),
    *(DELIVERIES_DEAD, DELIVERIES_OWED, DELIVERIES_BY_SITE, DELIVERIES_FINISHED, DELIVERIES_TOGETHER),
)


def make_large_indexes(engine: Engine) -> None:
    """Make those that are missing on PostgreSQL, one after the other; others may read and write meanwhile.

    One that was cut off is made anew: PostgreSQL leaves it behind, unused. On a database without tables there is
    nothing to do.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        missing = [one for one in LARGE_INDEXES if not _is_there(connection, one) and one.is_possible(connection)]
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
