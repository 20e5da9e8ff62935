"""What the models say of a comment: the shipped one and the site's own together one probability, the toxic one another.

Between `facts` and the filters `model` and `toxic`; `teaching` fits a site's model to the same logits that are used
here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from moderation.filters.facts import Facts
from moderation.learning import features
from moderation.learning.logistic import Vector, sigmoid
from moderation.learning.site_features import extract, who
from moderation.learning.site_model import SiteModel
from moderation.log import get_logger
from moderation.predictions import Prediction, Toxicity

log = get_logger(__name__)

# A logit of ±14: what is surer than this tells nothing more.
_CERTAIN = 1e-6
# Nothing is familiar to a model that is not there.
_UNASKED = Toxicity(0.0, 0.0)


class SpamModel(Protocol):
    """What is asked of the shipped text model."""

    @property
    def version(self) -> str:
        """Name the weights."""

    def predict(self, texts: Sequence[str]) -> Sequence[Prediction]:
        """Return one prediction per text."""


class AbuseModel(Protocol):
    """What is asked of the toxic model."""

    @property
    def version(self) -> str:
        """Name the weights."""

    def predict(self, texts: Sequence[str], folded: Sequence[str]) -> Sequence[Toxicity]:
        """Return what it makes of each text; `folded` is what `text.fold` makes of them."""


@dataclass(frozen=True, slots=True)
class Combined:
    """A prediction, and the name of the models that made it, such as `2-88ecf225a468+site7`.

    `toxicity` is None where the toxic model failed; where it was not asked, nothing is familiar.
    """

    prediction: Prediction
    model: str
    toxicity: Toxicity | None = _UNASKED


def predict(
    shipped: SpamModel, judged: Sequence[Facts], site_models: Mapping[str, tuple[int, SiteModel]]
) -> list[Combined]:
    """Judge a batch by the shipped model and, where a site has one, by its own (version and model by site id)."""
    texts = [facts.body for facts in judged]
    features.read_ahead(texts, [facts.folded for facts in judged], [facts.links for facts in judged])
    told = shipped.predict(texts)
    base = shipped.version
    combined = [Combined(one, base) for one in told]
    # Most of what is worked out below costs as much for no site as for many.
    logits = logits_of(told) if site_models else np.zeros(0)
    for site_id, (version, model) in site_models.items():
        own = [at for at, facts in enumerate(judged) if facts.site_id == site_id]
        if not own or not model.examples:
            continue
        authors = [who(judged[at].name, judged[at].email, judged[at].website) for at in own]
        probabilities = sigmoid(model.logits(logits[own], extract([judged[at].body for at in own], authors)))
        for at, probability in zip(own, probabilities.tolist(), strict=True):
            prediction = Prediction(probability, told[at].spans, model.examples)
            combined[at] = Combined(prediction, f"{base}+site{version}")
    return combined


def with_toxicity(
    combined: Sequence[Combined], judged: Sequence[Facts], load_toxic: Callable[[], AbuseModel | None]
) -> list[Combined]:
    """Add what the toxic model makes of each comment, where there is one; a failure costs nothing but its own word."""
    try:
        toxic = load_toxic()
        if toxic is None:
            return list(combined)
        found = toxic.predict([facts.body for facts in judged], [facts.folded for facts in judged])
        name = f"+toxic{toxic.version}"
        return [
            Combined(one.prediction, one.model + name, toxicity) for one, toxicity in zip(combined, found, strict=True)
        ]
    except Exception as error:  # noqa: BLE001 - doubt means hold, whatever the reason
        log.error("toxic model failed", error=type(error).__name__)  # noqa: TRY400 - its text may quote a comment
        return [replace(one, toxicity=None) for one in combined]


def logits_of(predictions: Sequence[Prediction]) -> Vector:
    """Give the logit of each predicted probability, of one that is certain a large one."""
    probabilities = np.clip([one.probability for one in predictions], _CERTAIN, 1 - _CERTAIN)
    logits: Vector = np.log(probabilities / (1 - probabilities))
    return logits
