"""Judge a batch of comments: read, think, write.

Comes after `intake`, which rang for it, or `sweeping`, which rang again; ends with the verdicts, the events and the
deliveries owed in one transaction. Running it twice, at once or half is harmless: the first UPDATE claims.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import and_, bindparam, insert, select, update
from sqlalchemy.orm import Session

from moderation.arrivals import Arrival, arrivals, read_texts
from moderation.clock import Clock, utc_now
from moderation.combining import AbuseModel, Combined, SpamModel, with_toxicity
from moderation.common_model import Common, common_of, predict_all
from moderation.db import Database
from moderation.events import Happening, Owed, record
from moderation.facts import Waiting, gather, look_up
from moderation.filters import Facts, Filter, failed, notice
from moderation.learning.site_model import SiteModel
from moderation.link_memory import remember_links
from moderation.log import get_logger
from moderation.metrics.counted import count_verdicts
from moderation.prepared import Prepared
from moderation.remote.questions import NOTHING_HEARD, Heard, drop, heard_of, put
from moderation.remote.wanting import wanted
from moderation.shadow import trial_of, try_out
from moderation.shares import take_others
from moderation.signals import Signal
from moderation.site_models import models_of
from moderation.tables import Comment, VerdictRow, table
from moderation.text_memory import remember
from moderation.verdict import FILTER_FAILED, Verdict, judge

log = get_logger(__name__)

# A comment that was begun so often and never finished is held unread: something in it ends its worker.
GIVE_UP_AFTER = 3


# Made once, of the bare tables: to make them anew takes longer than to run them.
_comment = table(Comment)
_WAITS = and_(_comment.c.id.in_(bindparam("ids", expanding=True)), _comment.c.status == "received")
_FREE = Prepared(select(_comment.c.id).where(_WAITS).order_by(_comment.c.id).with_for_update(skip_locked=True))
_CLAIM = Prepared(
    update(_comment)
    .where(_WAITS)
    .values(status=bindparam("became"), version=_comment.c.version + 1, settled_at=bindparam("at"))
    .returning(_comment.c.id, _comment.c.version, _comment.c.received_at)
)
_ADD_VERDICTS = Prepared(insert(table(VerdictRow)))


@dataclass(frozen=True, slots=True)
class Layers:
    """What lies over the shipped model: version and model by site id, and the layer of sites that share."""

    of_sites: Mapping[str, tuple[int, SiteModel]]
    common: Common | None


@dataclass(frozen=True, slots=True)
class Judge:
    """What comments are judged with. `load_model` is asked once per batch and may be slow the first time."""

    filters: Sequence[Filter]
    load_model: Callable[[], SpamModel]
    # A second model that is tried out beside it, if there is one.
    load_shadow: Callable[[], SpamModel | None] = lambda: None
    # The model of insult and threat; None when nobody wants to be told of them.
    load_toxic: Callable[[], AbuseModel | None] = lambda: None


def screen(
    database: Database,
    judge_with: Judge,
    ids: Sequence[str],
    clock: Clock = utc_now,
    ring_to_ask: Callable[[Iterable[str]], None] = lambda _services: None,
) -> list[Owed]:
    """Judge those of the comments that still wait; return the deliveries that this run owes.

    Those that services outside are to be asked about wait on; `ring_to_ask` is told the services.
    """
    arrived = _arrived(database, ids)
    others = take_others(database, arrived, clock)
    if others:
        arrived += _arrived(database, others)
    if not arrived:
        return []
    texts = read_texts([one for one in arrived if one.comment.tries <= GIVE_UP_AFTER])
    with database.look() as session:
        known = look_up(session, arrived, texts, clock())
        layers = Layers(models_of(session, known.policies), common_of(session, known.policies))
        asking = {
            one.comment.id for one in arrived if one.comment.id in texts and known.policies[one.comment.site_id].remote
        }
        heard = heard_of(session, asking, clock())
    waiting = gather(arrived, texts, known)
    verdicts = _think(judge_with, waiting, layers, heard)
    open_questions = _open_questions(waiting, verdicts, asking, heard)
    settled = {comment_id: one for comment_id, one in verdicts.items() if comment_id not in open_questions}
    owed = _write(database, waiting, settled, open_questions, clock)
    ring_to_ask(sorted({service for services in open_questions.values() for service in services}))
    return owed


def _open_questions(
    waiting: Sequence[Waiting], verdicts: Mapping[str, Verdict], asking: Container[str], heard: Mapping[str, Heard]
) -> dict[str, tuple[str, ...]]:
    """Return whom to ask, by comment, before the verdict stands; most sites ask nobody."""
    wishes = {
        one.facts.comment_id: wanted(
            one.facts.policy,
            verdicts[one.facts.comment_id],
            heard.get(one.facts.comment_id, NOTHING_HEARD).answers,
        )
        for one in waiting
        if one.facts.comment_id in asking
    }
    return {comment_id: services for comment_id, services in wishes.items() if services}


def _arrived(database: Database, ids: Sequence[str]) -> list[Arrival]:
    """Read the comments that wait, and before anything looks at their texts note the try for those that may be deadly.

    Those are comments whose bell was lost before: most were waiting, but one may have ended its worker.
    """
    with database.look() as session:
        arrived = arrivals(session, ids)
    if not any(one.comment.rings for one in arrived):
        return arrived
    with database.write() as session:
        session.execute(
            update(Comment)
            .where(Comment.id.in_([one.comment.id for one in arrived]), Comment.status == "received", Comment.rings > 0)
            .values(tries=Comment.tries + 1)
            .execution_options(synchronize_session=False)
        )
    with database.read() as session:
        return arrivals(session, ids)


def _think(
    judge_with: Judge, waiting: Sequence[Waiting], layers: Layers, heard: Mapping[str, Heard]
) -> Mapping[str, Verdict]:
    given_up = [one.facts for one in waiting if one.tries > GIVE_UP_AFTER]
    judged = [one.facts for one in waiting if one.tries <= GIVE_UP_AFTER]
    verdicts = {
        facts.comment_id: judge([failed(f"gave up after {GIVE_UP_AFTER} tries")], facts.policy, None)
        for facts in given_up
    }
    tried_out = try_out(judge_with.load_shadow, judged, layers.of_sites, layers.common)
    for facts, combined in zip(judged, _predict(judge_with, judged, layers), strict=True):
        known = facts if combined is None else facts.with_prediction(combined.prediction, combined.toxicity)
        signals = notice(known, judge_with.filters)
        signals += chain.from_iterable(heard.get(facts.comment_id, NOTHING_HEARD).answers.values())
        trial = trial_of(known, signals, tried_out.get(facts.comment_id))
        verdicts[facts.comment_id] = judge(signals, facts.policy, combined.model if combined else None, trial)
        _log_failures(facts.comment_id, signals)
    return verdicts


def _predict(judge_with: Judge, judged: Sequence[Facts], layers: Layers) -> Sequence[Combined | None]:
    """Ask the models about all bodies at once; without an answer the filter that needs it says so."""
    if not judged:
        return []
    try:
        combined = predict_all(judge_with.load_model(), judged, layers.of_sites, layers.common)
    except Exception as error:  # noqa: BLE001 - doubt means hold, whatever the reason
        log.error("model failed", error=type(error).__name__)  # noqa: TRY400 - its text may quote a comment
        return [None] * len(judged)
    return with_toxicity(combined, judged, judge_with.load_toxic)


def _log_failures(comment_id: str, signals: Sequence[Signal]) -> None:
    for signal in signals:
        if signal.name == FILTER_FAILED:
            log.error("filter failed", comment=comment_id, what=signal.evidence[0].text)


def _write(
    database: Database,
    waiting: Sequence[Waiting],
    verdicts: Mapping[str, Verdict],
    open_questions: Mapping[str, Sequence[str]],
    clock: Clock,
) -> list[Owed]:
    site_of = {one.facts.comment_id: one.facts.site_id for one in waiting}
    traces = {one.facts.comment_id: one.trace for one in waiting if one.trace is not None}
    with database.write() as session:
        now = clock()
        put(session, open_questions, now)
        claimed = _claim(session, verdicts, now)
        if not claimed:
            return []
        versions = {comment_id: version for comment_id, (version, _) in claimed.items()}
        _ADD_VERDICTS.run_for_all(session, [_row(comment_id, verdicts[comment_id], now) for comment_id in versions])
        judged = ((site_of[one], verdicts[one], received_at) for one, (_, received_at) in claimed.items())
        count_verdicts(judged, now).write(session)
        remember_links(
            session, {one.facts.comment_id: one.links for one in waiting if one.facts.comment_id in versions}
        )
        remember(session, {comment_id: traces[comment_id] for comment_id in versions if comment_id in traces}, now)
        drop(session, {one.facts.comment_id for one in waiting if one.facts.policy.remote} & versions.keys())
        owed = record(
            session,
            [
                Happening(
                    site_id=site_of[comment_id],
                    comment_id=comment_id,
                    status=verdicts[comment_id].status,
                    version=version,
                )
                for comment_id, version in versions.items()
            ],
            now,
        )
    for comment_id in versions:
        log.info("judged", comment=comment_id, action=verdicts[comment_id].action, score=verdicts[comment_id].score)
    return owed


def _claim(session: Session, verdicts: Mapping[str, Verdict], now: datetime) -> dict[str, tuple[int, datetime]]:
    """Settle the comments that nobody settled meanwhile, in order of arrival.

    Return their new version and when they were accepted, by id.
    """
    # One that another worker is writing right now is that worker's.
    free = [row.id for row in _FREE.rows(session, ids=verdicts)]
    settled: dict[str, tuple[int, datetime]] = {}
    for status in sorted({verdicts[comment_id].status for comment_id in free}):
        ids = [comment_id for comment_id in free if verdicts[comment_id].status == status]
        claimed = _CLAIM.rows(session, ids=ids, became=status, at=now)
        settled.update((row.id, (row.version, row.received_at)) for row in claimed)
    return dict(sorted(settled.items()))


def _row(comment_id: str, verdict: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "comment_id": comment_id,
        "action": verdict.action,
        "score": verdict.score,
        "thresholds": verdict.thresholds.document(),
        "signals": [signal.document() for signal in verdict.signals],
        "model": verdict.model,
        "policy": verdict.policy,
        "judged_at": now,
        "shadow_action": verdict.shadow.action if verdict.shadow else None,
        "shadow_score": verdict.shadow.score if verdict.shadow else None,
        "shadow_model": verdict.shadow.model if verdict.shadow else None,
    }
