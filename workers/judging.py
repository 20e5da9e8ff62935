"""What comments are judged with, loaded once per process: of all workers only those of the queue `screen` need it."""

import gc
from functools import cache
from pathlib import Path

from sqlalchemy.orm import configure_mappers

from moderation.combining import predict, with_toxicity
from moderation.errors import ModerationError
from moderation.filters import BUILT_IN, Facts, load_filters, notice
from moderation.learning.model import TextModel
from moderation.learning.toxic import ToxicModel
from moderation.log import get_logger
from moderation.policy import Policy
from moderation.screening import Judge
from workers.resources import settings

log = get_logger(__name__)


@cache
def judge() -> Judge:
    """Return the filters and models of this process; a model is loaded when it is first asked for."""
    return Judge(load_filters(settings().filters), load_model, load_shadow, load_toxic)


def prepare() -> None:
    """Load and fill all that judging needs, in the parent of a pool: what is there before the fork is shared."""
    load_shadow()
    configure_mappers()
    _judge_one()
    gc.collect()
    # The collector writes on what it looks at, and a page that is written on is no longer shared.
    gc.freeze()


def _judge_one() -> None:
    """Judge a comment that has a link, so that tables of characters and domains are there; nobody hears of it."""
    facts = Facts(
        comment_id="",
        site_id="",
        post_id="",
        name="Sara",
        email="sara@example.org",
        website=None,
        body="سلام, see www.example.org/page",
        language=None,
        policy=Policy(),
    )
    for one in with_toxicity(predict(load_model(), [facts], {}), [facts], load_toxic):
        notice(facts.with_prediction(one.prediction, one.toxicity), BUILT_IN)


@cache
def load_model() -> TextModel:
    """Return the shipped text model; loaded in the parent of a pool, its memory is shared by the children."""
    return TextModel.load()


@cache
def load_toxic() -> ToxicModel:
    """Return the shipped model of insult and threat."""
    return ToxicModel.load()


@cache
def load_shadow() -> TextModel | None:
    """Return the model that is tried out, if the settings name one that can be read."""
    path = settings().shadow_weights
    try:
        return TextModel.load(Path(path)) if path else None
    except (ModerationError, OSError) as error:
        # It has no say, so nothing waits for it.
        log.error("shadow model not loaded", error=type(error).__name__)  # noqa: TRY400 - the kind says it
        return None
