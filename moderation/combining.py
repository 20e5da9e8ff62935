"""What the shipped model and the site's own say of a comment together: one probability.

Between `facts` and the filter `model`; `teaching` fits a site's model to the same logits that are used here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from moderation.filters.facts import Facts, Prediction
from moderation.learning.logistic import Vector, sigmoid
from moderation.learning.site_features import extract, who
from moderation.learning.site_model import SiteModel

# A logit of ±14: what is surer than this tells nothing more.
_CERTAIN = 1e-6


class SpamModel(Protocol):
    """What is asked of the shipped text model."""

    @property
    def version(self) -> str:
        """Name the weights."""

    def predict(self, texts: Sequence[str]) -> Sequence[Any]:
        """Return one prediction per text, with `probability` and `spans`."""


@dataclass(frozen=True, slots=True)
class Combined:
    """A prediction, and the name of the models that made it, such as `2-88ecf225a468+site7`."""

    prediction: Prediction
    model: str


def predict(
    shipped: SpamModel, judged: Sequence[Facts], site_models: Mapping[str, tuple[int, SiteModel]]
) -> list[Combined]:
    """Judge a batch by the shipped model and, where a site has one, by its own (version and model by site id)."""
    told = shipped.predict([facts.body for facts in judged])
    logits = logits_of(told)
    combined = [Combined(Prediction(one.probability, tuple(one.spans)), shipped.version) for one in told]
    for site_id, (version, model) in site_models.items():
        own = [at for at, facts in enumerate(judged) if facts.site_id == site_id]
        if not own or not model.examples:
            continue
        authors = [who(judged[at].name, judged[at].email, judged[at].website) for at in own]
        probabilities = sigmoid(model.logits(logits[own], extract([judged[at].body for at in own], authors)))
        for at, probability in zip(own, probabilities.tolist(), strict=True):
            prediction = Prediction(probability, tuple(told[at].spans), model.examples)
            combined[at] = Combined(prediction, f"{shipped.version}+site{version}")
    return combined


def logits_of(predictions: Sequence[Any]) -> Vector:
    """Give the logit of each predicted probability, of one that is certain a large one."""
    probabilities = np.clip([one.probability for one in predictions], _CERTAIN, 1 - _CERTAIN)
    logits: Vector = np.log(probabilities / (1 - probabilities))
    return logits
