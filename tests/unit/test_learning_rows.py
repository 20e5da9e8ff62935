"""Reading labelled comments."""

import gzip
import json
from pathlib import Path

import pytest

from moderation.learning.rows import DIGEST_LENGTH, BadRowError, digest_of, read_rows

GOOD = {"id": "7", "source": "s", "lang": "en", "author": "A", "url": "", "body": "سلام", "label": "spam"}


def test_plain_and_gzipped_files_read_alike(tmp_path: Path) -> None:
    line = json.dumps(GOOD) + "\n\n" + json.dumps({**GOOD, "label": "toxic", "cluster": "c"}) + "\n"
    (tmp_path / "a.jsonl").write_text(line)
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as held:
        held.write(line)
    plain = list(read_rows(tmp_path / "a.jsonl"))
    assert plain == list(read_rows(tmp_path / "a.jsonl.gz"))
    assert [(row.body, row.is_spam, row.cluster) for row in plain] == [("سلام", True, "7"), ("سلام", False, "c")]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{oops", "line 2: not JSON"),
        ("[]", "line 2: not a JSON object"),
        (json.dumps({**GOOD, "label": "eggs"}), "line 2: label 'eggs' is none of spam, ham, toxic"),
        (json.dumps({**GOOD, "body": None}), "line 2: 'body' must be a string"),
        (json.dumps({"body": "x", "label": "ham"}), "line 2: 'source' must be a string"),
    ],
)
def test_a_bad_line_is_named_by_file_and_number(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(GOOD) + "\n" + line + "\n")
    with pytest.raises(BadRowError, match=complaint) as caught:
        list(read_rows(path))
    assert "bad.jsonl" in str(caught.value)


@pytest.mark.parametrize("name", ["missing.jsonl", "not-really.gz", "bytes.jsonl", "cut.gz"])
def test_a_file_that_cannot_be_read_is_a_bad_row_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "not-really.gz").write_text("plain")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(json.dumps(GOOD).encode() * 50)[:-20])
    with pytest.raises(BadRowError, match=name):
        list(read_rows(tmp_path / name))


def test_a_file_is_named_by_its_content_gzipped_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("one\n")
    (tmp_path / "b.jsonl").write_text("two\n")
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as held:
        held.write("one\n")
    assert digest_of(tmp_path / "a.jsonl") == digest_of(tmp_path / "a.jsonl.gz") != digest_of(tmp_path / "b.jsonl")
    assert len(digest_of(tmp_path / "a.jsonl")) == DIGEST_LENGTH


def test_a_missing_file_has_no_name(tmp_path: Path) -> None:
    with pytest.raises(BadRowError, match="missing"):
        digest_of(tmp_path / "missing.jsonl")
