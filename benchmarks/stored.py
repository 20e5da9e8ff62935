"""Fill a database with as many comments as asked, as a site has them that gets ten thousand a day, in minutes.

Everything is made by the database itself, without the indexes and references that it gets back at the end. What is
forgotten in time (`retention`) is there only for its time.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.schema import CreateIndex, DropIndex

from moderation.db import Database
from moderation.tables import Row

PER_DAY = 10_000
PER_POST = 200
# One in so many stands on the same post, which is the site's busiest.
HOT = 20
HOT_POST = "hot"
DECIDED = 25
_SECONDS = 86_400 // PER_DAY
_AT_ONCE = 1_000_000
_BANDS = 12
_LOOSE_SQLITE = ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = DELETE", "cache_size = -500000")
_LOOSE_POSTGRESQL = (
    "statement_timeout = 0",
    "synchronous_commit = off",
    "session_replication_role = replica",
    "maintenance_work_mem = '1GB'",
    "work_mem = '256MB'",
)
_BODY = (
    "I read this twice and still do not see why nobody asked the minister about it; the figures were known in spring, "
    "and whoever wanted to look them up could have done so."
)
_SIGNALS = (
    '[{"name": "MODEL_HAM", "strength": 0.9, "points": -0.9, "evidence": [{"text": ".03", "start": null, "end": null}]}'
    ', {"name": "LINKS", "strength": 1.0, "points": 1.0, "evidence": [{"text": "example.com", "start": 4, "end": 15}]}]'
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database says what the statements need."""

    # A number, with zeros in front, so wide.
    pad: Callable[[str, int], str]
    # A moment so many seconds before now.
    before: Callable[[str], str]
    json: Callable[[str], str]
    sketch: str


def _dialect(database: Database, now: datetime) -> Dialect:
    if database.is_sqlite:
        epoch = int(now.timestamp())
        return Dialect(
            pad=lambda number, width: f"printf('%0{width}d', {number})",
            before=lambda seconds: f"strftime('%Y-%m-%d %H:%M:%S.000000', {epoch} - ({seconds}), 'unixepoch')",
            json=lambda value: f"'{value}'",
            sketch="zeroblob(72)",
        )
    return Dialect(
        pad=lambda number, width: f"lpad(CAST({number} AS text), {width}, '0')",
        before=lambda seconds: f"TIMESTAMPTZ '{now.isoformat()}' - make_interval(secs => {seconds})",
        json=lambda value: f"CAST('{value}' AS jsonb)",
        sketch=f"decode('{'00' * 72}', 'hex')",
    )


def fill(database: Database, site_id: str, endpoint_id: str, comments: int, now: datetime) -> None:
    """Fill it; the newest comment came just before now. Prints what takes long."""
    tables = _tables(_dialect(database, now), site_id, endpoint_id, comments)
    with _bare(database) as connection:
        for low in range(0, comments, _AT_ONCE):
            began = time.perf_counter()
            high = min(comments, low + _AT_ONCE)
            for rows in tables:
                _run(connection, rows.statement(), low, high)
            connection.commit()
            print(f"  {high:,} comments ({time.perf_counter() - began:.0f} s for the last {high - low:,})", flush=True)


def _run(connection: Connection, statement: str, low: int, high: int) -> None:
    numbers = f"SELECT CAST({low} AS bigint) UNION ALL SELECT n + 1 FROM numbers WHERE n < {high - 1}"
    # As it is: a % in it is nobody's placeholder.
    connection.execution_options(no_parameters=True).exec_driver_sql(
        f"WITH RECURSIVE numbers(n) AS ({numbers}) {statement}"
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a table is filled with: SQL by column, of the number `n` of a comment."""

    table: str
    columns: Mapping[str, str]
    rest: str = ""

    def statement(self) -> str:
        names, values = ", ".join(self.columns), ", ".join(self.columns.values())
        return f"INSERT INTO {self.table} ({names}) SELECT {values} FROM numbers {self.rest}"


def _tables(how: Dialect, site_id: str, endpoint_id: str, comments: int) -> Sequence[_Rows]:
    site, age = f"'{site_id}'", f"({comments} - n) * {_SECONDS}"
    author = f"((n * 7919) % {max(1, comments // 20)})"
    comment, event, delivery = (f"'{prefix}_' || {how.pad('n', 26)}" for prefix in ("cm", "ev", "dl"))
    came = how.before(age)
    post = f"CAST(n / {PER_POST} AS varchar(20))"
    is_decided = f"n % {DECIDED} = 0"

    def lately(days: int) -> str:
        return f"n >= {comments - days * PER_DAY}"

    comment_columns = {
        "id": comment,
        "site_id": site,
        "post_id": f"CASE WHEN n % {HOT} = 0 THEN '{HOT_POST}' ELSE {post} END",
        "parent_id": f"CASE WHEN n % 3 = 0 AND n % {HOT} > 3 THEN 'cm_' || {how.pad('n - 1', 26)} END",
        "external_id": "'wp-' || n",
        "name": f"'Reader ' || {author}",
        "email": f"'reader' || {author} || '@example.com'",
        "email_token": how.pad(author, 43),
        "body": f"'{_BODY} ' || n",
        "fingerprint": how.pad("CASE WHEN n % 50 = 0 THEN n % 1000 ELSE n END", 32),
        "language": "'en'",
        "ip": f"CASE WHEN {lately(30)} THEN '10.' || (n % 200) || '.' || (n % 250) || '.' || (n % 254) END",
        "user_agent": "'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'",
        "received_at": came,
        "is_trapped": "false",
        # As many wait for a moderator, however much is stored.
        "status": f"CASE WHEN n > {comments - 2000} AND n % 5 = 1 THEN 'held' WHEN n % 100 < 80 THEN 'approved' "
        "WHEN n % 100 < 95 THEN 'spam' ELSE 'rejected' END",
        "version": f"CASE WHEN {is_decided} THEN 3 ELSE 2 END",
        "settled_at": came,
        "ring_at": came,
        "rings": "0",
        "tries": "0",
        "campaign_id": f"CASE WHEN n % 100 = 80 THEN 'cm_' || {how.pad('n / 10000 * 10000 + 80', 26)} END",
    }
    verdict_columns = {
        "comment_id": comment,
        "action": "CASE WHEN n % 100 < 80 THEN 'approve' ELSE 'spam' END",
        "score": "0.1",
        "thresholds": how.json('{"hold": 3.0, "spam": 6.0, "discard": 12.0}'),
        "signals": how.json(_SIGNALS),
        "model": "'shipped'",
        "policy": "0",
        "judged_at": came,
    }
    decision_columns = {
        "id": f"'dc_' || {how.pad('n', 26)}",
        "comment_id": comment,
        "site_id": site,
        "action": "CASE WHEN n % 100 < 80 THEN 'approve' ELSE 'spam' END",
        "version": "3",
        "decided_at": came,
        "learned_at": came,
    }
    event_columns = {
        "id": event,
        "site_id": site,
        "comment_id": comment,
        "type": "CASE WHEN n % 100 < 80 THEN 'comment.approved' ELSE 'comment.spam' END",
        "version": "2",
        "occurred_at": came,
    }
    delivery_columns = {
        "id": delivery,
        "event_id": event,
        "endpoint_id": f"'{endpoint_id}'",
        "site_id": site,
        "state": "'delivered'",
        "attempts": "1",
        **dict.fromkeys(("next_attempt_at", "ring_at", "created_at", "finished_at"), came),
        "attempts_before": "0",
    }
    attempt_columns = {"delivery_id": delivery, "number": "1", "started_at": came, "seconds": "0.1", "status": "204"}
    kept_until = f"CASE WHEN {is_decided} THEN NULL ELSE {how.before(f'{age} - 14 * 86400')} END"
    is_compared = f"WHERE {is_decided} OR {lately(14)}"
    bands = " UNION ALL ".join(f"SELECT {k} AS k" for k in range(_BANDS))
    band = "(n * 12 + k) * 68718952447 % 9007199254740881"
    link = "CASE WHEN n % 50 = 0 THEN 77 ELSE n * 104729 % 200000 END"
    of_posts = f"WHERE n % {PER_POST} = 0"
    title = "'Minister asked about figures'"
    return (
        _Rows(
            "posts", {"site_id": site, "id": post, "url": "'https://news.example.com/' || n", "title": title}, of_posts
        ),
        _Rows("post_versions", {"site_id": site, "post_id": post, "version": str(PER_POST)}, of_posts),
        _Rows("comments", comment_columns),
        _Rows("verdicts", verdict_columns),
        _Rows("decisions", decision_columns, f"WHERE {is_decided}"),
        _Rows("events", event_columns),
        _Rows("deliveries", delivery_columns, f"WHERE {lately(30)}"),
        _Rows("attempts", attempt_columns, f"WHERE {lately(30)}"),
        _Rows("text_sketches", {"comment_id": comment, "sketch": how.sketch, "kept_until": kept_until}, is_compared),
        _Rows(
            "text_bands",
            {"band": band, "comment_id": comment},
            f"CROSS JOIN ({bands}) AS ks {is_compared} ORDER BY 1",
        ),
        _Rows("link_domains", {"domain": link, "comment_id": comment}, "WHERE n % 5 = 0 ORDER BY 1, 2"),
    )


@contextmanager
def _bare(database: Database) -> Iterator[Connection]:
    """Take the indexes off while it is filled, and put them back; look away from references and power cuts."""
    indexes = [index for table in Row.metadata.sorted_tables for index in table.indexes]
    with database.engine.connect() as connection:
        for index in indexes:
            connection.execute(DropIndex(index))
        connection.commit()
        if database.is_sqlite:
            driver: Any = connection.connection.driver_connection
            for pragma in _LOOSE_SQLITE:
                driver.execute(f"PRAGMA {pragma}")
        else:
            for setting in _LOOSE_POSTGRESQL:
                connection.execute(text(f"SET {setting}"))
            connection.commit()
        yield connection
        began = time.perf_counter()
        for index in indexes:
            connection.execute(CreateIndex(index))
        connection.commit()
    # What the connection was told is not for those that come.
    database.close()
    if not database.is_sqlite:
        with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))
        database.close()
    print(f"  indexes ({time.perf_counter() - began:.0f} s)", flush=True)
