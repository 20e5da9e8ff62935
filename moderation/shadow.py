"""A second text model tried out beside the one in use: what it would notice, without a say.

Called by `screening` before it judges; `verdict` weighs the trial, `shadow_report` sums the verdicts up. Signals that
are tried out need nothing here: the policy names them.
"""

from collections.abc import Callable, Mapping, Sequence

from moderation.combining import Combined, SpamModel
from moderation.common_model import Common, predict_all
from moderation.filters.facts import Facts
from moderation.filters.model import NAMES as NAMES_OF_MODEL
from moderation.filters.model import model as notice_by_model
from moderation.learning.site_model import SiteModel
from moderation.log import get_logger
from moderation.signals import Signal
from moderation.verdict import Trial

log = get_logger(__name__)


def try_out(
    load_model: Callable[[], SpamModel | None],
    judged: Sequence[Facts],
    site_models: Mapping[str, tuple[int, SiteModel]],
    common: Common | None = None,
) -> Mapping[str, Combined]:
    """Return what the model that is tried out makes of each comment, by id; nothing where there is none or it fails.

    The sites' own models are added to it as they are, though they were fitted to the one in use.
    """
    try:
        model = load_model() if judged else None
        combined = predict_all(model, judged, site_models, common) if model else []
    except Exception as error:  # noqa: BLE001 - without a say, it must not cost a comment its verdict
        log.error("shadow model failed", error=type(error).__name__)  # noqa: TRY400 - its text may quote a comment
        return {}
    return {facts.comment_id: one for facts, one in zip(judged, combined, strict=False)}


def trial_of(facts: Facts, signals: Sequence[Signal], combined: Combined | None) -> Trial | None:
    """Return the signals as they would be by the model tried out; None where there is nothing to compare."""
    if combined is None or facts.prediction is None:
        return None
    others = [signal for signal in signals if signal.name not in NAMES_OF_MODEL]
    theirs = notice_by_model(facts.with_prediction(combined.prediction))
    return Trial([*others, *theirs], combined.model)
