"""Labelled comments as they come in files: one JSON object a line, plain or gzipped.

The first step of `training` and `evaluation`; a bad line is named by file and number, so that it can be mended.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from moderation.errors import ModerationError

LABELS = ("spam", "ham", "toxic")
# Characters that name a file's content.
DIGEST_LENGTH = 16


class BadRowError(ModerationError):
    """A file of labelled comments that cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled comment. `cluster` is shared by near-copies, which must never be on both sides of a split.

    `date` is ISO 8601 as the file has it. Subset, thread (what was commented on), date and author are empty where a
    source knows none.
    """

    id: str
    source: str
    lang: str
    author: str
    url: str
    body: str
    label: str
    cluster: str
    subset: str = ""
    thread: str = ""
    date: str = ""

    @property
    def is_spam(self) -> bool:
        """Tell spam from everything else; an insult (`toxic`) is no spam."""
        return self.label == "spam"


def read_rows(path: Path) -> Iterator[Row]:
    """Read labelled comments from a `.jsonl` or `.jsonl.gz` file, in order; empty lines are passed over.

    `source`, `body` and `label` are required. Raises BadRowError for a file that cannot be read or a line that is no
    labelled comment.
    """
    try:
        with _opened(path) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _row(line, f"{path}, line {number}", number)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadRowError(f"{path}: cannot be read: {error}") from error


def digest_of(path: Path) -> str:
    """Name a file's content, gzipped or not, in DIGEST_LENGTH hexadecimal characters. Raises BadRowError."""
    digest = hashlib.blake2b(digest_size=DIGEST_LENGTH // 2)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    except (OSError, EOFError) as error:
        raise BadRowError(f"{path}: cannot be read: {error}") from error
    return digest.hexdigest()


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _row(line: str, where: str, number: int) -> Row:
    try:
        fields: Any = json.loads(line)
    except ValueError as error:
        raise BadRowError(f"{where}: not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise BadRowError(f"{where}: not a JSON object")
    for name in ("source", "body", "label"):
        if not isinstance(fields.get(name), str):
            raise BadRowError(f"{where}: {name!r} must be a string")
    if fields["label"] not in LABELS:
        raise BadRowError(f"{where}: label {fields['label']!r} is none of {', '.join(LABELS)}")
    identity = str(fields.get("id") or f"{fields['source']}-{number}")
    return Row(
        id=identity,
        source=fields["source"],
        lang=str(fields.get("lang") or ""),
        author=str(fields.get("author") or ""),
        url=str(fields.get("url") or ""),
        body=fields["body"],
        label=fields["label"],
        cluster=str(fields.get("cluster") or identity),
        subset=str(fields.get("subset") or ""),
        thread=str(fields.get("thread") or ""),
        date=str(fields.get("date") or ""),
    )
