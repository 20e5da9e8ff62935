"""Labelled rows become what a website posts, and a bad file is named with its line."""

import gzip
import json
from pathlib import Path

import pytest
from email_validator import validate_email

from moderation.demo.errors import UsedWronglyError
from moderation.demo.rows import LABELS, Row, batches, pack, read_rows


def test_our_own_comments_are_of_every_label_and_of_many_languages() -> None:
    text = (Path(__file__).parents[2] / "moderation" / "demo" / "comments.jsonl").read_text(encoding="utf-8")
    fields = [json.loads(line) for line in text.splitlines()]
    assert {tuple(one) for one in fields} == {("id", "source", "lang", "author", "url", "body", "label")}
    assert {one["label"] for one in fields} == set(LABELS)
    assert {one["lang"] for one in fields} >= {"fa", "en", "ar", "de", "ru", "es", "tr", "id"}
    assert [one["id"] for one in fields] == [row.id for row in read_rows(None)]
    assert len({one["body"] for one in fields}) == len(fields)


def test_every_comment_to_post_has_an_address_that_could_be_one() -> None:
    for parcel in pack(read_rows(None), "run"):
        validate_email(parcel.comment["email"], check_deliverability=False)
        assert parcel.comment["name"]


def test_a_row_becomes_a_comment_without_its_label() -> None:
    row = Row("r1", "spam", "buy", author="Ann", url="https://shop.example", thread="8344")
    (parcel,) = pack([row], "run7")
    assert parcel.comment == {
        "name": "Ann",
        "email": "reader-1@example.com",
        "body": "buy",
        "post_id": "8344",
        "website": "https://shop.example",
        "external_id": "run7-r1",
    }


def test_one_author_keeps_one_address_and_rows_without_author_are_strangers_to_each_other() -> None:
    authors = ["Ann", "", "Bob", " Ann ", "", "Reader 2"]
    parcels = list(pack([Row(str(n), "ham", "x", author) for n, author in enumerate(authors)], "run"))
    emails = [parcel.comment["email"].partition("@")[0] for parcel in parcels]
    assert emails == ["reader-1", "reader-2", "reader-3", "reader-1", "reader-4", "reader-5"]
    assert [parcel.comment["name"] for parcel in parcels][:2] == ["Ann", "Reader 2"]
    assert {parcel.comment["post_id"] for parcel in parcels} == {"demo"}


def test_two_runs_never_share_an_idempotency_key_or_an_external_id() -> None:
    (one,), (other,) = (list(pack([Row("r1", "ham", "x")], run)) for run in ("a1", "b2"))
    assert one.key != other.key
    assert one.comment["external_id"] != other.comment["external_id"]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_a_file_is_read_plain_or_packed_in_its_order(tmp_path: Path, name: str) -> None:
    lines = '{"id": "b", "body": "سلام", "label": "ham"}\n\n{"body": "", "label": "toxic", "author": null}\n'
    path = tmp_path / name
    path.write_bytes(gzip.compress(lines.encode()) if name.endswith(".gz") else lines.encode())
    assert read_rows(path) == (Row("b", "ham", "سلام"), Row("3", "toxic", ""))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{"id": 1, "body": "x", "label": "ham"}\nno json', "Line 2 is not JSON"),
        (b'{"id": 1, "label": "ham"}', "Line 1 is no object with a text `body`"),
        (b'["body"]', "Line 1 is no object"),
        (b'{"body": "x", "label": "good"}', "`label` is 'good', not one of ham, spam, toxic"),
        (b'{"id": "a", "body": "x", "label": "ham"}\n{"id": "a", "body": "y", "label": "ham"}', "Line 2: the id 'a'"),
        (b"\n", "holds no comments"),
        (b"\xff\xfe", "can't be read"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsedWronglyError, match=complaint):
        read_rows(path)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"body": "x", "label": "ham"}')[:-9])
    with pytest.raises(UsedWronglyError, match="can't be read"):
        read_rows(path)


def test_batches_keep_the_order_and_lose_none() -> None:
    parcels = list(pack([Row(str(n), "ham", "x") for n in range(7)], "run"))
    cut = list(batches(parcels, 3))
    assert [len(piece) for piece in cut] == [3, 3, 1]
    assert [parcel for piece in cut for parcel in piece] == parcels
