"""Working stand-ins for the text model: they judge by a word in the text."""

from collections.abc import Sequence
from datetime import datetime

from moderation.arrivals import arrivals, read_texts
from moderation.db import Database
from moderation.facts import gather, look_up
from moderation.filters import BUILT_IN, Facts, Prediction
from moderation.screening import Judge


class WordModel:
    """Takes every text with the word `spam` in it for spam."""

    version = "words-1"

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Predict from the word alone."""
        return [Prediction(0.999 if "spam" in text else 0.001) for text in texts]


class BrokenModel:
    """Fails whatever it is asked."""

    version = "broken"

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Fail, with a text that must not be logged."""
        raise RuntimeError(texts[0])


def judge_with(model: WordModel | BrokenModel | None = None) -> Judge:
    """Return the built-in filters with a stand-in model."""
    return Judge(BUILT_IN, lambda: model or WordModel())


def facts_of(database: Database, comment_id: str, now: datetime) -> Facts:
    """Return what the filters would be told of a comment that waits."""
    with database.read() as session:
        arrived = arrivals(session, [comment_id])
    texts = read_texts(arrived)
    with database.read() as session:
        known = look_up(session, arrived, texts, now)
    [waiting] = gather(arrived, texts, known)
    return waiting.facts
