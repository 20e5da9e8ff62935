"""Statements that every batch asks, put into words once for each kind of database and given to its driver as they are.

SQLAlchemy looks up the words of a statement, fills its lists in and wraps its rows whenever it runs: 27 µs where SQLite
takes 3 (docs/performance.md). Here the words are kept. A list (`IN`) is padded on SQLite to a power of two by its last
value, so that the words of few sizes are needed and stay understood; PostgreSQL is given an array.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Integer, LargeBinary
from sqlalchemy.orm import Session

from moderation.columns import Reader

# What PostgreSQL calls the values of a list that are no texts.
_KINDS = ((Integer, "bigint"), (LargeBinary, "bytea"))
# What SQLAlchemy leaves in a text where a list goes.
_LIST = re.compile(r"IN \(__\[POSTCOMPILE_(\w+)[^\]]*\]\)")
_Convert = Callable[[Any], Any]


class Prepared:
    """A statement of SQLAlchemy's, run without it. Lists may be of any length."""

    def __init__(self, statement: Any) -> None:
        """Take a statement, or one for each dialect by its name."""
        self._statement = statement
        self._words: dict[tuple[str, tuple[str, ...]], _Words] = {}

    def rows(self, session: Reader, **given: Any) -> list[Any]:
        """Run it; return its rows, tuples whose values have names too."""
        words, connection = self._asked(session, ())
        with closing(_run(connection, words, given)) as cursor:
            return list(map(words.row, words.read(cursor, connection.dialect)))

    def bare_rows(self, session: Reader, **given: Any) -> list[tuple[Any, ...]]:
        """Run it; return its rows as tuples without names: of many thousand rows those take most of the time."""
        words, connection = self._asked(session, ())
        with closing(_run(connection, words, given)) as cursor:
            return words.read(cursor, connection.dialect)

    def run(self, session: Reader, **given: Any) -> None:
        """Run it where it returns nothing."""
        words, connection = self._asked(session, ())
        _run(connection, words, given).close()

    def run_for_all(self, session: Reader, given: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of these, one at least, which name the same columns."""
        words, connection = self._asked(session, tuple(given[0]))
        connection.exec_driver_sql(words.text, words.bound(given))

    def _asked(self, session: Reader, columns: tuple[str, ...]) -> tuple["_Words", Connection]:
        connection = session
        if isinstance(connection, Session):
            # What was added to it is seen by what follows, as always with SQLAlchemy.
            connection.flush()
            connection = connection.connection()
        elif not connection.in_transaction():
            # As SQLAlchemy does with the first statement.
            connection.begin()
        key = connection.dialect.name, columns
        words = self._words.get(key)
        if words is None:
            statement = self._statement
            if isinstance(statement, Mapping):
                statement = statement[connection.dialect.name]
            words = self._words[key] = _put_into_words(statement, connection.dialect, columns)
        return words, connection


def _run(connection: Connection, words: "_Words", given: Mapping[str, Any]) -> Any:
    cursor = connection.connection.cursor()
    # What SQLAlchemy runs its own small statements with: errors and listeners are as always, and no result is made of
    # what comes back, which takes longer than all of the rest.
    connection._cursor_execute(cursor, *words.filled(given))  # noqa: SLF001 - as said
    return cursor


@dataclass(slots=True)
class _Words:
    """A statement as a database takes it."""

    text: str
    # Of its places, in order where those have no names; a list has one name.
    names: tuple[str, ...]
    # What the statement itself puts there.
    fixed: Mapping[str, Any]
    # By name, and by column: how values are told and understood.
    into: Mapping[str, _Convert]
    columns: Sequence[Any]
    lists: tuple[str, ...]
    # The text without its lists; empty where places have names.
    parts: Sequence[str]
    row: Callable[[Iterable[Any]], Any]
    out_of: list[tuple[int, _Convert]] | None = None

    def filled(self, given: Mapping[str, Any]) -> tuple[str, Any]:
        """Return the text with room for what is given, and what goes there."""
        values = dict(self.fixed)
        for name, value in given.items():
            convert = self.into.get(name)
            values[name] = value if convert is None or name in self.lists else convert(value)
        for name in self.lists:
            convert = self.into.get(name)
            told = list(values[name] if convert is None else map(convert, values[name]))
            values[name] = _padded(told) if self.parts else told
        if not self.parts:
            return self.text, values
        text = self.parts[0]
        for name, part in zip(self.lists, self.parts[1:], strict=True):
            text += f"IN ({'?, ' * (len(values[name]) - 1)}?){part}"
        places: list[Any] = []
        for name in self.names:
            if name in self.lists:
                places += values[name]
            else:
                places.append(values[name])
        return text, tuple(places)

    def bound(self, given: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return what goes into the places for each of these."""
        converts = [self.into.get(name) for name in self.names]
        columns = [
            [self.fixed[name]] * len(given) if name in self.fixed else [one[name] for one in given]
            for name in self.names
        ]
        told = [
            column if convert is None or name in self.fixed else map(convert, column)
            for name, column, convert in zip(self.names, columns, converts, strict=True)
        ]
        rows = zip(*told, strict=True)
        return list(rows) if self.parts else [dict(zip(self.names, row, strict=True)) for row in rows]

    def read(self, cursor: Any, dialect: Dialect) -> list[tuple[Any, ...]]:
        """Return the rows with their values as SQLAlchemy would give them."""
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        if self.out_of is None:
            self.out_of = [
                (at, convert)
                for at, (column, told) in enumerate(zip(self.columns, cursor.description, strict=True))
                if (convert := column.type.dialect_impl(dialect).result_processor(dialect, told[1])) is not None
            ]
        if rows and self.out_of:
            columns: list[Any] = list(zip(*rows, strict=True))
            for at, convert in self.out_of:
                columns[at] = map(convert, columns[at])
            rows = list(zip(*columns, strict=True))
        return rows


def _padded(values: list[Any]) -> list[Any]:
    """Pad a list to a power of two; nothing equals what an empty one holds then."""
    padded = values or [None]
    return padded + padded[-1:] * ((1 << (len(padded) - 1).bit_length()) - len(padded))


def _put_into_words(statement: Any, dialect: Dialect, columns: Sequence[str]) -> _Words:
    compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
    into = {
        name: convert
        for bind, name in compiled.bind_names.items()
        if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    }
    put = {name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required}
    # Columns that nobody names; one whose default has to be worked out for each row has none here, and is missed.
    put |= {one.key: one.default.arg for one in compiled.insert_prefetch if one.default.is_scalar}
    fixed = {name: into[name](value) if name in into else value for name, value in put.items()}
    returned = list(getattr(statement, "exported_columns", ()))
    first, *rest = _LIST.split(compiled.string)

    def array(found: re.Match[str]) -> str:
        kind = next((word for told, word in _KINDS if isinstance(compiled.binds[found[1]].type, told)), "varchar")
        return f"= ANY (%({found[1]})s::{kind}[])"

    return _Words(
        text=compiled.string if compiled.positional else _LIST.sub(array, compiled.string),
        names=tuple(compiled.positiontup or compiled.bind_names.values()),
        fixed=fixed,
        into=into,
        columns=returned,
        lists=tuple(rest[::2]),
        parts=(first, *rest[1::2]) if compiled.positional else (),
        row=_row_of([one.key for one in returned]),
    )


def _row_of(names: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    # Names are known only here, and some columns have none that one could ask for.
    found: Any = namedtuple("Found", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - as said
    make: Callable[[Iterable[Any]], Any] = found._make
    return make
