"""Reads labelled comments from a file and makes them what a website would post; the labels stay behind.

Not the reader of `learning`: the demo keeps ids, authors, links and posts, and takes rows that the service will refuse.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from moderation.demo.errors import UsedWronglyError

LABELS = ("ham", "spam", "toxic")


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled comment; `author`, `url` and `thread` are empty where the file knows none."""

    id: str
    label: str
    body: str
    author: str = ""
    url: str = ""
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A row, the comment to post for it and the key that lets it be posted again without becoming two."""

    row: Row
    key: str
    comment: dict[str, str]


def read_rows(path: Path | None) -> tuple[Row, ...]:
    """Read a .jsonl or .jsonl.gz file, or the demo's own comments; raise UsedWronglyError naming the first bad line."""
    if path is None:
        return _rows(resources.files(__package__).joinpath("comments.jsonl").read_text(encoding="utf-8").splitlines())
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            return _rows(lines)
    except FileNotFoundError:
        raise UsedWronglyError(f"There is no file {path}.") from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UsedWronglyError(f"{path} can't be read: {error}") from None


def external_id(run: str, row: Row) -> str:
    """Return the id under which this run posts the row."""
    return f"{run}-{row.id}"


def pack(rows: Iterable[Row], run: str) -> Iterator[Parcel]:
    """Make the comments to post, in order; one author keeps one email address, a row without author is a new reader."""
    numbers: dict[str, int] = {}
    for position, row in enumerate(rows, 1):
        author = row.author.strip()
        number = numbers.setdefault(author or f"\0{position}", len(numbers) + 1)
        comment = {
            "name": author or f"Reader {number}",
            "email": f"reader-{number}@example.com",
            "body": row.body,
            "post_id": row.thread or "demo",
            "external_id": external_id(run, row),
        }
        if row.url:
            comment["website"] = row.url
        yield Parcel(row, f"{run}-{position}", comment)


def batches(parcels: Sequence[Parcel], size: int) -> Iterator[Sequence[Parcel]]:
    """Cut the parcels into pieces of `size`, in order."""
    for start in range(0, len(parcels), size):
        yield parcels[start : start + size]


def _rows(lines: Iterable[str]) -> tuple[Row, ...]:
    rows: dict[str, Row] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _row(number, line)
        if row.id in rows:
            raise UsedWronglyError(f"Line {number}: the id {row.id!r} was used before; results are told apart by it.")
        rows[row.id] = row
    if not rows:
        raise UsedWronglyError("The file holds no comments.")
    return tuple(rows.values())


def _row(number: int, line: str) -> Row:
    try:
        fields: Any = json.loads(line)
    except ValueError as error:
        raise UsedWronglyError(f"Line {number} is not JSON: {error}") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("body"), str):
        raise UsedWronglyError(f"Line {number} is no object with a text `body`.")
    if fields.get("label") not in LABELS:
        raise UsedWronglyError(f"Line {number}: `label` is {fields.get('label')!r}, not one of {', '.join(LABELS)}.")
    texts = {name: str(fields.get(name) or "") for name in ("author", "url", "thread")}
    return Row(str(fields.get("id") or number), fields["label"], fields["body"], **texts)
