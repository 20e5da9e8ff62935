"""When labelled comments come to their sites, and from whom."""

from datetime import timedelta

from moderation.evaluating.arrivals import GAP, MOST_TOGETHER, START, arrivals, batches, by_site
from moderation.learning.rows import Row


def row(number: int, source: str = "blog", **fields: str) -> Row:
    given = {"lang": "en", "author": "", "url": "", "body": f"comment {number}", "label": "ham", "cluster": ""} | fields
    return Row(id=f"{source}-{number}", source=source, **given)


def test_dated_rows_come_in_the_order_of_their_dates_with_their_spans() -> None:
    dates = ["2015-05-28T21:39:52.376000", "2015-05-28T20:39:52.376000", "2015-05-29T20:39:52.376000+00:00"]
    lined_up = arrivals([row(number, date=date) for number, date in enumerate(dates)])
    assert [one.row.id for one in lined_up] == ["blog-1", "blog-0", "blog-2"]
    assert [one.at - START for one in lined_up] == [timedelta(0), timedelta(hours=1), timedelta(days=1)]


def test_rows_without_a_date_come_one_after_the_other_in_the_order_of_the_file() -> None:
    lined_up = arrivals([row(0), row(1, date="never"), row(2)])
    assert [one.row.id for one in lined_up] == ["blog-0", "blog-1", "blog-2"]
    assert [one.at - START for one in lined_up] == [timedelta(0), GAP, 2 * GAP]


def test_sites_begin_together_whatever_the_year() -> None:
    lined_up = arrivals([row(0, "old", date="2013-01-01"), row(0, "new", date="2025-01-01"), row(0, "undated")])
    assert {one.at for one in lined_up} == {START}


def test_an_author_keeps_one_email_and_a_row_without_one_is_a_new_reader() -> None:
    rows = [row(0, author="Ann"), row(1), row(2, author="Ann"), row(3), row(0, "other", author="Bob")]
    sent = {one.row.id: one.submission for one in arrivals(rows)}
    emails = {id_: one.email for id_, one in sent.items() if one}
    assert emails["blog-0"] == emails["blog-2"]
    assert len({emails[id_] for id_ in ("blog-0", "blog-1", "blog-3")}) == 3
    ann, nobody = sent["blog-0"], sent["blog-1"]
    assert ann
    assert nobody
    assert (ann.name, nobody.name) == ("Ann", "Reader 2")


def test_what_the_row_knows_is_posted() -> None:
    (one,) = arrivals([row(0, url="https://example.org", thread="8301", author="x" * 300)])
    assert one.submission
    assert (one.submission.website, one.submission.post_id) == ("https://example.org", "8301")
    assert len(one.submission.name) == 100


def test_what_the_service_would_refuse_is_not_posted() -> None:
    refused, taken = arrivals([row(0, body="  "), row(1)])
    assert refused.submission is None
    assert taken.submission


def test_batches_hold_what_came_within_a_minute_and_never_too_much() -> None:
    burst = [row(number, date="2025-01-01T00:00:00") for number in range(MOST_TOGETHER + 1)]
    later = [row(500, date="2025-01-01T00:00:59"), row(501, date="2025-01-01T00:01:59")]
    assert [len(batch) for batch in batches(arrivals(burst + later))] == [MOST_TOGETHER, 2, 1]
    assert list(batches([])) == []


def test_a_batch_is_parted_by_site_in_order() -> None:
    (batch,) = batches(arrivals([row(0, "b", date="2025-01-01"), row(0, "a"), row(1, "b", date="2025-01-01")]))
    assert [(site, [one.row.id for one in part]) for site, part in by_site(batch)] == [
        ("a", ["a-0"]),
        ("b", ["b-0", "b-1"]),
    ]
