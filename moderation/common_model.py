"""What sites that share teach together: a layer between the shipped model and their own, for them alone.

Opt-in per site (`moderation site set --share-learning`). Who does not share gives nothing and gets nothing. After
`common_teaching`, which fits it like a site's own. One version is kept: a text of a site that left, or of an erased
author, is gone with the next one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.columns import Reader
from moderation.combining import Combined, SpamModel, logits_of, predict
from moderation.filters.facts import Facts
from moderation.learning.logistic import sigmoid
from moderation.learning.site_features import extract
from moderation.learning.site_model import SiteModel, load_site_model
from moderation.learning.weights import BadWeightsError
from moderation.log import get_logger
from moderation.predictions import Prediction
from moderation.prepared import Prepared
from moderation.tables import CommonModelRow, Site, table

log = get_logger(__name__)

# The version this process read last.
_held: dict[int, SiteModel] = {}


@dataclass(frozen=True, slots=True)
class Common:
    """The layer in use, and which sites share."""

    version: int
    model: SiteModel
    sites: frozenset[str]


class SharedModel:
    """The shipped model with the common layer over it, asked like the shipped one."""

    def __init__(self, shipped: SpamModel, common: Common) -> None:
        self._shipped = shipped
        self._layer = common.model
        self.version = f"{shipped.version}+common{common.version}"

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Predict as the shipped model does; the spans are its own."""
        # Texts alone: who writes on one site is not the others' business.
        told = self._shipped.predict(texts)
        if not told:
            return []
        probabilities = sigmoid(self._layer.logits(logits_of(told), extract(texts, [()] * len(texts)))).tolist()
        return [Prediction(probability, one.spans) for probability, one in zip(probabilities, told, strict=True)]


def base_of(shipped: SpamModel, common: Common | None, site_id: str) -> SpamModel:
    """Return what a site's own model rests on: for one that shares, the common layer too."""
    return SharedModel(shipped, common) if common is not None and site_id in common.sites else shipped


def predict_all(
    shipped: SpamModel,
    judged: Sequence[Facts],
    site_models: Mapping[str, tuple[int, SiteModel]],
    common: Common | None,
) -> list[Combined]:
    """Judge a batch, in order: comments of sites that share by the common layer too."""
    if common is None:
        return predict(shipped, judged, site_models)
    combined: dict[str, Combined] = {}
    for shares in (True, False):
        some = [facts for facts in judged if (facts.site_id in common.sites) is shares]
        if some:
            model = base_of(shipped, common, some[0].site_id)
            found = predict(model, some, site_models)
            combined |= {facts.comment_id: one for facts, one in zip(some, found, strict=True)}
    return [combined[facts.comment_id] for facts in judged]


# Asked with every batch. Made once: to make it anew takes longer than to run it.
_site = table(Site).c
_SHARING = Prepared(select(_site.id).where(_site.id.in_(bindparam("sites", expanding=True)), _site.shares_learning))


def common_of(session: Reader, site_ids: Iterable[str]) -> Common | None:
    """Return the common layer if one of these sites shares and there is one."""
    sharing = [row.id for row in _SHARING.rows(session, sites=set(site_ids))]
    newest = newest_common(session) if sharing else None
    if newest is None or not newest.examples:
        return None
    if newest.version not in _held:
        weights = session.scalar(select(CommonModelRow.weights).where(CommonModelRow.version == newest.version))
        try:
            model = load_site_model(weights or b"")
        except BadWeightsError as error:
            # Made anew by the sweep, for the weights that this release ships.
            log.warning("common model not used", version=newest.version, why=str(error))
            return None
        _held.clear()
        _held[newest.version] = model
    return Common(newest.version, _held[newest.version], frozenset(sharing))


def unlearn_common(session: Session, site_id: str, now: datetime) -> None:
    """Drop the layer at once if this site's texts may be in it; one that is being fitted meanwhile is not stored."""
    newest = newest_common(session)
    shares = session.scalar(select(Site.shares_learning).where(Site.id == site_id))
    if shares or (newest is not None and site_id in newest.sites):
        # Without sites: so it is owed. Whoever stored one meanwhile had read the texts before.
        while not store_common(session, SiteModel.empty(), _next(newest), newest.base if newest else "", [], None, now):
            newest = newest_common(session)


def _next(newest: Any) -> int:
    return newest.version + 1 if newest else 1


def shared_base(session: Session, base: str) -> str:
    """Name what the models of sites that share rest on."""
    newest = newest_common(session)
    return f"{base}+common{newest.version}" if newest is not None and newest.examples else base


def newest_common(session: Reader) -> Any:
    """Return the newest version without its weights."""
    return session.execute(
        select(
            CommonModelRow.version,
            CommonModelRow.base,
            CommonModelRow.sites,
            CommonModelRow.last_decision,
            CommonModelRow.examples,
            CommonModelRow.created_at,
        )
        .order_by(CommonModelRow.version.desc())
        .limit(1)
    ).one_or_none()


def store_common(
    session: Session,
    model: SiteModel,
    version: int,
    base: str,
    sites: Sequence[str],
    last_decision: str | None,
    now: datetime,
) -> bool:
    """Store a version and forget those before it; False when somebody else has stored it before."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(CommonModelRow).values(
        version=version,
        base=base,
        sites=list(sites),
        last_decision=last_decision,
        examples=model.examples,
        weights=model.dump(),
        created_at=now,
    )
    stored = session.scalar(row.on_conflict_do_nothing().returning(CommonModelRow.version))
    if stored is not None:
        session.execute(delete(CommonModelRow).where(CommonModelRow.version < version))
    return stored is not None
