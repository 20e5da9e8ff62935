"""Working stand-ins for the text model: they judge by a word in the text."""

from collections.abc import Sequence

from moderation.filters import BUILT_IN, Prediction
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
