"""When labelled comments come, and from whom: rows of a file become what websites would post.

Pure. Before `replay`, which posts them to a service of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from moderation.errors import InvalidInputError
from moderation.learning.rows import Row
from moderation.submission import FIELDS, Submission, read_submission

# Between two comments of a site whose dates nobody knows: some seven hundred a day, no flood by any measure.
GAP = timedelta(minutes=2)
# What comes so close together is judged together, as a worker would find it.
TOGETHER = timedelta(minutes=1)
MOST_TOGETHER = 100
# All sites begin here, so that their comments can be judged in one batch; a site's own spans are kept.
START = datetime(2026, 1, 1, tzinfo=UTC)
_NAME_LENGTH = next(field.max_length for field in FIELDS if field.name == "name")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row as it reaches its site; `submission` is None where the service would refuse it (an empty body, say)."""

    row: Row
    at: datetime
    submission: Submission | None


def arrivals(rows: Iterable[Row]) -> list[Arrival]:
    """Line up rows in the order in which they come to their sites, one per source.

    Dated rows keep the spans between them; those without a date come GAP after one another in the order of the file,
    from their source's beginning on. One author keeps one made-up email; a row without author is a new reader.
    """
    by_source: dict[str, list[Row]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).append(row)
    lined_up = [one for of_source in by_source.values() for one in _of_source(of_source)]
    return sorted(lined_up, key=lambda one: (one.at, one.row.source))


def batches(lined_up: Sequence[Arrival]) -> Iterator[Sequence[Arrival]]:
    """Cut what `arrivals` lined up into pieces of at most MOST_TOGETHER that came within TOGETHER."""
    first = 0
    for at, arrival in enumerate(lined_up):
        if at - first >= MOST_TOGETHER or arrival.at - lined_up[first].at >= TOGETHER:
            yield lined_up[first:at]
            first = at
    if first < len(lined_up):
        yield lined_up[first:]


def by_site(batch: Sequence[Arrival]) -> Iterator[tuple[str, list[Arrival]]]:
    """Part a batch by source; each part keeps its order."""
    for source, part in groupby(sorted(batch, key=lambda one: one.row.source), key=lambda one: one.row.source):
        yield source, list(part)


def _of_source(rows: Sequence[Row]) -> Iterator[Arrival]:
    moments = {id(row): moment for row in rows if (moment := _moment(row.date)) is not None}
    begun_at = min(moments.values(), default=START)
    undated = 0
    numbers: dict[str, int] = {}
    for position, row in enumerate(rows):
        author = row.author.strip()
        number = numbers.setdefault(author or f"\0{position}", len(numbers) + 1)
        if id(row) in moments:
            at = START + (moments[id(row)] - begun_at)
        else:
            at = START + GAP * undated
            undated += 1
        yield Arrival(row, at, _submission(row, author or f"Reader {number}", number))


def _moment(date: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _submission(row: Row, name: str, number: int) -> Submission | None:
    sent = {
        "name": name[:_NAME_LENGTH],
        "email": f"reader-{number}@example.com",
        "website": row.url,
        "body": row.body,
        "post_id": row.thread or row.source,
    }
    try:
        return read_submission(sent)
    except InvalidInputError:
        return None
