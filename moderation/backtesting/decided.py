"""Read decided comments from the database a batch at a time, and judge each once more.

Before `rejudging` and `comparing`. Every read is its own short transaction, so that a backtest of a large site keeps
nobody waiting; a decision made meanwhile is looked at or not.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from moderation.backtesting.comparing import Comparison
from moderation.backtesting.rejudging import Decided, Proposal, rejudge
from moderation.combining import SpamModel
from moderation.common_model import common_of, predict_all
from moderation.db import Database
from moderation.decisions import STATUS_OF
from moderation.filters.facts import Facts
from moderation.policy import Policy, read_policy
from moderation.progress import Tell
from moderation.site_models import models_of
from moderation.tables import Comment, DecisionRow, PolicyVersion, VerdictRow

BATCH = 500


def backtest(
    database: Database,
    site_ids: Sequence[str],
    proposal: Proposal,
    model: SpamModel | None = None,
    *,
    since: datetime,
    most_shown: int,
    tell: Tell,
) -> Comparison:
    """Judge what people decided about on these sites, and what came since then, by the proposal and the model."""
    comparison = Comparison(most_shown)
    with database.read() as session:
        decisions = sum(session.scalar(how_many(site_id)) or 0 for site_id in site_ids)
    done = 0
    for read, batch in chain.from_iterable(_batches(database, site_id, since) for site_id in site_ids):
        for one, predicted in zip(batch, _predict(database, model, batch), strict=True):
            prediction, name = (predicted.prediction, predicted.model) if predicted else (None, None)
            comparison.add(one, rejudge(one, proposal, prediction, name))
        done += read
        tell("judging again", done, decisions)
    return comparison


def how_many(site_id: str) -> Select[tuple[int]]:
    """Count a site's decisions, those that were overtaken too: what is gone through."""
    return select(func.count()).select_from(DecisionRow).where(DecisionRow.site_id == site_id)


def some_decisions(site_id: str, action: str, after: str) -> Select[Any]:
    """Select the next decisions of a kind after a decision's id, and for those that hold what was judged."""
    page = (
        select(DecisionRow.id, DecisionRow.comment_id, DecisionRow.version, DecisionRow.action)
        .where(DecisionRow.site_id == site_id, DecisionRow.action == action, DecisionRow.id > after)
        .order_by(DecisionRow.id)
        .limit(BATCH)
        .subquery()
    )
    return (
        select(page.c.id, page.c.action.label("decision"), Comment, VerdictRow)
        .select_from(page)
        .outerjoin(Comment, and_(Comment.id == page.c.comment_id, Comment.version == page.c.version))
        .outerjoin(VerdictRow, VerdictRow.comment_id == Comment.id)
        .order_by(page.c.id)
    )


def _batches(database: Database, site_id: str, since: datetime) -> Iterator[tuple[int, list[Decided]]]:
    """Yield how many decisions were read and those comments among them that are to be judged again."""
    policies: dict[int, Policy] = {}
    for action in STATUS_OF:
        after = ""
        while True:
            with database.read() as session:
                rows = session.execute(some_decisions(site_id, action, after)).all()
                judged = [row for row in rows if row.VerdictRow is not None and row.Comment.received_at >= since]
                _load_policies(session, site_id, {row.VerdictRow.policy for row in judged}, policies)
            if not rows:
                break
            yield len(rows), [_decided(row, policies[row.VerdictRow.policy]) for row in judged]
            after = rows[-1].id


def _load_policies(session: Session, site_id: str, versions: set[int], known: dict[int, Policy]) -> None:
    missing = versions - known.keys()
    if missing:
        # Version 0, and one that is gone, is the default.
        known |= {version: Policy() for version in missing}
        rows = session.execute(
            select(PolicyVersion.version, PolicyVersion.document).where(
                PolicyVersion.site_id == site_id, PolicyVersion.version.in_(missing)
            )
        )
        known |= {row.version: read_policy(row.document, row.version) for row in rows}


def _decided(row: Any, policy: Policy) -> Decided:
    comment, verdict = row.Comment, row.VerdictRow
    facts = Facts(
        comment_id=comment.id,
        site_id=comment.site_id,
        post_id=comment.post_id,
        name=comment.name,
        email=comment.email,
        website=comment.website,
        body=comment.body,
        language=comment.language,
        ip=comment.ip,
        policy=policy,
    )
    return Decided(facts, row.decision, verdict.action, verdict.score, verdict.signals, verdict.model)


def _predict(database: Database, model: SpamModel | None, batch: Sequence[Decided]) -> Sequence[Any]:
    if model is None or not batch:
        return [None] * len(batch)
    with database.read() as session:
        site_ids = {one.facts.site_id for one in batch}
        site_models, common = models_of(session, site_ids), common_of(session, site_ids)
    return predict_all(model, [one.facts for one in batch], site_models, common)
