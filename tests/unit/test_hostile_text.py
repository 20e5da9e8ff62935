"""Text of full length that is made to be slow to read."""

import pytest

from moderation.filters import BUILT_IN, Prediction, notice
from moderation.learning.features import extract
from moderation.predictions import Toxicity
from moderation.readings import for_the_model, readings
from moderation.similarity import sketch_all
from moderation.text import find_links, fold, fold_with_spans
from moderation.verdict import FILTER_FAILED
from tests.hostile import hostile
from tests.unit.test_filters import facts

LENGTH = 20_000
HOSTILE = hostile(LENGTH)


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.timeout(20)
def test_it_is_read_in_its_stride(kind: str) -> None:
    """Quadratic work would take minutes here; the limit is no measure of speed (`make bench` shows the growth)."""
    text = HOSTILE[kind]
    assert len(text) == LENGTH
    assert all(link.end <= LENGTH for link in find_links(text))
    folded = fold_with_spans(text)
    assert folded.text == fold(text)
    assert all(len(reading.starts) == len(reading.text) for reading in readings(folded))
    for_the_model(folded.text)
    sketch_all([folded.text])
    assert extract([text]).starts[0] == 0
    signals = notice(
        facts(body=text, name=text[:100], prediction=Prediction(0.5), toxicity=Toxicity(0.5, 1.0)), BUILT_IN
    )
    assert FILTER_FAILED not in {signal.name for signal in signals}
