"""What every table is made of: moments in UTC, JSON, ids, partial indexes, the base that knows all rows.

`tables` stands on it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Index,
    String,
    Table,
    TextClause,
    TypeDecorator,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session

# What a statement that reads is asked through: `Database.read()` or `Database.look()`.
Reader = Session | Connection


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, always aware and in UTC, also on SQLite, which knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse naive times: they mean something else on every machine."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive time was given to the database")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give the zone back to what SQLite returns."""
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value.astimezone(UTC) if value is not None else None


Json = JSON().with_variant(JSONB(), "postgresql")
# Nothing is NULL there, not JSON's null.
NullableJson = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Id = String(32)


class Row(DeclarativeBase):
    """Base of every table."""

    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: Json, list[Any]: Json}  # noqa: RUF012 - as documented


def table(row: type[Row]) -> Table:
    """Return the bare table: writing many rows through it costs a fraction of what writing objects does."""
    return cast("Table", row.__table__)


def insert_new(row: type[Row]) -> TextClause:
    """Return the statement that adds rows and leaves alone what is there already.

    A text, made once: SQLAlchemy puts its own ON CONFLICT into words anew each time, which takes longer than to run it.
    """
    bare = table(row)
    names = bare.c.keys()
    values = ", ".join(f":{name}" for name in names)
    # Names of our own tables.
    words = f"INSERT INTO {bare.name} ({', '.join(names)}) VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608
    return text(words).bindparams(*(bindparam(one.name, type_=one.type) for one in bare.c))


class NewRows:
    """The INSERT of many rows in the driver's own words: SQLAlchemy goes over each value of each row.

    A comment takes SQLite 30 µs instead of 43, 20 of them its own. PostgreSQL is sent one JSON for all rows: its driver
    sends each row by itself and waits for room each time.
    """

    def __init__(self, row: type[Row]) -> None:
        self._table = table(row)
        self._made: dict[tuple[str, ...], tuple[str, list[tuple[str, Callable[[Any], Any]]]]] = {}

    def write(self, session: Session, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows that all have the same columns in the same order."""
        connection = session.connection()
        dialect = connection.dialect
        key = (dialect.name, *rows[0])
        if key not in self._made:
            self._made[key] = self._make(dialect, list(rows[0]))
        words, processes = self._made[key]
        # Whoever failed with others writes its own rows once more.
        told = [dict(row) for row in rows]
        for name, process in processes:
            for row in told:
                row[name] = process(row[name])
        if dialect.name == "sqlite":
            connection.exec_driver_sql(words, [tuple(row.values()) for row in told])
        else:
            connection.exec_driver_sql(words, (orjson.dumps(told).decode(),))

    def _make(self, dialect: Dialect, names: Sequence[str]) -> tuple[str, list[tuple[str, Callable[[Any], Any]]]]:
        # Names of our own tables.
        words = f"INSERT INTO {self._table.name} ({', '.join(names)}) "
        types = {name: self._table.c[name].type.dialect_impl(dialect) for name in names}
        if dialect.name == "sqlite":
            words += f"VALUES ({', '.join('?' * len(names))})"
        else:
            # Of no length there: what is too long for its column is to fail, not to be cut.
            told = [
                f"{name} {'text' if isinstance(one, String) else one.compile(dialect)}" for name, one in types.items()
            ]
            words += f"SELECT * FROM json_to_recordset(%s::json) AS given({', '.join(told)})"  # noqa: S608
        made = {name: one.bind_processor(dialect) for name, one in types.items()}
        return words, [(name, process) for name, process in made.items() if process is not None]


def partial_index(name: str, *columns: str, where: str) -> Index:
    """Index only those rows that a query is about: what is owed is little, however much was done."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))
