"""Let labelled comments go the whole way of a comment: intake and screening, on a database of their own.

After `arrivals`; `outcomes` counts what comes out. No worker, no HTTP, no decisions: it is the service on the first
days of each site, with time passing as the comments say.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from moderation.combining import AbuseModel, SpamModel
from moderation.db import Database, make_engine
from moderation.evaluating.arrivals import START, Arrival, arrivals, batches, by_site
from moderation.filters import Filter
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.learning.rows import Row
from moderation.migrations import migrate
from moderation.policy import Policy
from moderation.progress import Tell
from moderation.screening import Judge, screen
from moderation.sites import add_site, set_policy
from moderation.tables import VerdictRow

# Of a database that is gone afterwards.
_KEYED = Keyed("replay")
_PREDICTED_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the machine made of a row: approve, hold, spam, discard, or refused. Signals with their points."""

    row: Row
    action: str
    score: float = 0.0
    points: tuple[tuple[str, float], ...] = ()
    # The least score of `hold` and of `spam`.
    hold_from: float = 0.0
    spam_from: float = 0.0


class _Foreseen:
    """A text model that was asked about all texts beforehand, many at a time, and remembers."""

    def __init__(self, model: SpamModel, texts: Sequence[str], tell: Tell) -> None:
        self.version = model.version
        self._known: dict[str, Any] = {}
        different = list(dict.fromkeys(texts))
        for first in range(0, len(different), _PREDICTED_TOGETHER):
            some = different[first : first + _PREDICTED_TOGETHER]
            self._known.update(zip(some, model.predict(some), strict=True))
            tell("reading", first + len(some), len(different))

    def predict(self, texts: Sequence[str]) -> Sequence[Any]:
        return [self._known[text] for text in texts]


def replay(
    rows: Sequence[Row],
    filters: Sequence[Filter],
    model: SpamModel,
    policy: Policy | None = None,
    *,
    toxic: AbuseModel | None = None,
    tell: Tell,
) -> list[Outcome]:
    """Judge every row, each source as a site of its own, in the order of time, and return the outcomes in that order.

    `policy` is every site's; without one, the default.
    """
    lined_up = arrivals(rows)
    foreseen = _Foreseen(model, [one.submission.body for one in lined_up if one.submission], tell)
    judge_with = Judge(filters, lambda: foreseen, load_toxic=lambda: toxic)
    outcomes: list[Outcome] = []
    with _database() as database:
        sites = _add_sites(database, sorted({row.source for row in rows}), policy)
        for batch in batches(lined_up):
            outcomes += _judge(database, judge_with, sites, batch)
            tell("judging", len(outcomes), len(lined_up))
    return outcomes


@contextmanager
def _database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="moderation-replay-") as folder:
        database = Database(make_engine(f"sqlite:///{Path(folder) / 'replay.db'}", can_redo=True))
        try:
            migrate(database)
            yield database
        finally:
            database.close()


def _add_sites(database: Database, names: Sequence[str], policy: Policy | None) -> Mapping[str, str]:
    with database.write() as session:
        sites = {name: add_site(session, _KEYED, name, None, START).id for name in names}
        if policy is not None:
            for site_id in sites.values():
                set_policy(session, site_id, policy, START)
    return sites


def _judge(
    database: Database, judge_with: Judge, sites: Mapping[str, str], batch: Sequence[Arrival]
) -> Iterator[Outcome]:
    now = batch[-1].at
    posted: dict[str, Arrival] = {}
    for source, part in by_site(batch):
        readable = [one for one in part if one.submission is not None]
        submissions = [one.submission for one in readable if one.submission is not None]
        accepted = accept(database, _KEYED, sites[source], submissions, now, shape=lambda ids: {"ids": list(ids)})
        posted |= zip(accepted.ids, readable, strict=True)
        yield from (Outcome(one.row, "refused") for one in part if one.submission is None)
    screen(database, judge_with, list(posted), lambda: now)
    with database.read() as session:
        for verdict in session.execute(
            select(
                VerdictRow.comment_id, VerdictRow.action, VerdictRow.score, VerdictRow.signals, VerdictRow.thresholds
            )
            .where(VerdictRow.comment_id.in_(posted))
            .order_by(VerdictRow.comment_id)
        ):
            yield _outcome(posted[verdict.comment_id].row, verdict)


def _outcome(row: Row, verdict: Any) -> Outcome:
    points = tuple((one["name"], float(one["points"])) for one in verdict.signals if not one.get("shadow"))
    bounds = verdict.thresholds
    return Outcome(row, verdict.action, verdict.score, points, bounds["hold"], bounds["spam"])
