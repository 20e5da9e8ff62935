"""The naive Bayes weights of words that training adds."""

import numpy as np
import pytest

from moderation.learning.complement import complement_weights
from moderation.learning.features import TABLE_SIZE, WORD_PLACES, extract
from moderation.learning.logistic import Vector

TEXTS = ("cheap pills", "cheap pills again", "lovely song", "lovely old song")
LABELS = np.array([1.0, 1.0, 0.0, 0.0])


def _weight(word: str, weights: Vector) -> float:
    """Return the mean weight of the places of a text of one word."""
    places = extract([word]).places
    return float(np.mean(weights[places[places >= WORD_PLACES] - WORD_PLACES]))


def _learned(importance: tuple[float, ...] = (1, 1, 1, 1)) -> Vector:
    return complement_weights(extract(TEXTS), LABELS, np.array(importance, dtype=np.float64))


def test_words_of_spam_weigh_more_than_unknown_ones_and_those_less_than_words_of_ham() -> None:
    weights = _learned()
    assert weights.shape == (TABLE_SIZE - WORD_PLACES,)
    assert _weight("pills", weights) > _weight("unheard", weights) > _weight("song", weights)
    assert _weight("pills", weights) > 0 > _weight("song", weights)


def test_a_word_met_oftener_weighs_more() -> None:
    weights = _learned()
    assert _weight("pills", weights) > _weight("again", weights)


def test_a_word_counts_as_much_as_its_texts_do() -> None:
    """Heavier by its own text, whatever unit the importance has."""
    assert _weight("again", _learned((1, 3, 1, 1))) > _weight("again", _learned())
    assert _learned((2, 2, 2, 2)) == pytest.approx(_learned())
