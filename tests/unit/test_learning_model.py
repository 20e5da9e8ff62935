"""The text model at work, with the shipped weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.learning import features
from moderation.learning.logistic import sigmoid
from moderation.learning.model import TextModel
from moderation.learning.weights import ENTRIES, SHIPPED, BadWeightsError, Weights, load_weights
from moderation.predictions import Prediction
from moderation.text import fold

MODEL = TextModel.load()

SPAM = [
    "Invest with Mrs Anna on WhatsApp +1 202 555 0143, I earned $15,000 in a week of bitcoin trading",
    "CHECK OUT MY CHANNEL and subscribe!! https://www.youtube.com/watch?v=abc",
    "𝗔𝗟𝗘𝗫𝗜𝗦𝟭𝟳 gacor terus, maxwin tiap hari",
    "فالوور ارزان و واقعی با تخفیف ویژه، برای خرید دایرکت بدهید",
]
HAM = [
    "I don't agree with the author, the election was decided long before that debate.",
    "با سلام، به نظر من این تصمیم دولت اشتباه است و مردم را نگران می‌کند.",
    "Das sehe ich anders, die Quellen sagen etwas anderes.",
    "The second part is explained well on https://en.wikipedia.org/wiki/Inflation",
]


def linear(places: dict[int, int]) -> TextModel:
    """Make a model that knows nothing but these places of its table."""
    return TextModel(linear_weights(places))


def linear_weights(places: dict[int, int]) -> Weights:
    table = np.zeros(ENTRIES, dtype=np.int8)
    for place, weight in places.items():
        table[place] = weight
    return Weights(table, np.zeros(features.SIDES, dtype=np.float32), 1.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize("text", SPAM)
def test_spam_of_many_kinds_is_found_likely(text: str) -> None:
    (prediction,) = MODEL.predict([text])
    assert prediction.probability > 0.5
    assert 1 <= len(prediction.spans) <= 3


@pytest.mark.parametrize("text", HAM)
def test_honest_comments_are_found_unlikely_and_need_no_evidence(text: str) -> None:
    (prediction,) = MODEL.predict([text])
    assert prediction.probability < 0.3
    assert prediction.spans == ()


def test_honest_words_around_spam_do_not_hide_it() -> None:
    spam = SPAM[0]
    padding = "The second half of that match was so dull that we left before the end and walked home. "
    (hidden,) = MODEL.predict([padding * 3 + spam + " " + padding * 3])
    (honest,) = MODEL.predict([padding * 6])
    assert honest.probability < 0.3 < hidden.probability


def test_a_batch_is_judged_like_each_text_alone_and_in_order() -> None:
    alone = [MODEL.predict([text])[0].probability for text in SPAM + HAM]
    together = [prediction.probability for prediction in MODEL.predict(SPAM + HAM)]
    assert together == pytest.approx(alone, abs=1e-6)


def test_no_texts_have_no_predictions() -> None:
    assert MODEL.predict([]) == []


@given(st.lists(st.text(max_size=50), max_size=3))
def test_any_text_is_judged_and_spans_lie_within_it(texts: list[str]) -> None:
    for text, prediction in zip(texts, MODEL.predict(texts), strict=True):
        assert 0 <= prediction.probability <= 1
        assert all(0 <= start < end <= len(text) for start, end in prediction.spans)


@pytest.mark.parametrize("text", ["", "\u200b", "a" * 20_000, "casino bonus " * 1_600, "\ud800" * 9, "ﷺ" * 20_000])
def test_empty_huge_and_broken_texts_are_judged(text: str) -> None:
    (prediction,) = MODEL.predict([text])
    assert 0 <= prediction.probability <= 1


def test_the_word_that_speaks_for_spam_is_shown_as_its_author_wrote_it() -> None:
    places = features.grams(features.line_up(["casino"])).places.tolist()
    text = "The new  C\u200ba\u200bsino opened, near the school"
    (prediction,) = linear(dict.fromkeys(places, 50)).predict([text])
    assert [text[start:end] for start, end in prediction.spans] == ["C\u200ba\u200bsino"]


def test_spans_stand_in_order_and_neighbours_are_taken_together() -> None:
    places = [
        p for word in ("casino", "bonus", "free") for p in features.grams(features.line_up([word])).places.tolist()
    ]
    text = "free things, and a casino bonus for you"
    (prediction,) = linear(dict.fromkeys(places, 50)).predict([text])
    assert [text[start:end] for start, end in prediction.spans] == ["free", "casino bonus"]


def test_the_word_in_a_spaced_out_text_is_shown() -> None:
    places = features.grams(features.line_up(["casino"])).places.tolist()
    text = "a nice casino and f r e e things"
    (prediction,) = linear(dict.fromkeys(places, 50)).predict([text])
    assert [text[start:end] for start, end in prediction.spans] == ["casino"]


def test_a_part_says_more_than_the_sum_over_all() -> None:
    places = features.grams(features.line_up(["casino bonus"])).places.tolist()
    weights = linear_weights(dict.fromkeys(places, 3))
    model = TextModel(weights)
    honest = "".join(f"{number} word{number * 7919} " for number in range(60))
    text = f"{honest}casino bonus {honest}"
    hidden, alone = model.probabilities([text, "casino bonus"])
    together = sigmoid(weights.scores_of_words(features.extract([text])))[0]
    assert together + 0.02 < hidden < alone


def test_folded_texts_are_taken_where_the_caller_has_them() -> None:
    assert MODEL.predict(SPAM, [fold(text) for text in SPAM]) == MODEL.predict(SPAM)


def test_spans_may_be_asked_for_whatever_the_probability() -> None:
    text = "casino"
    (spans,) = linear(dict.fromkeys(features.grams(features.line_up([text])).places.tolist(), 1)).spans([text])
    assert spans == ((0, 6),)


def test_a_prediction_needs_no_spans() -> None:
    assert Prediction(0.1).spans == ()


def test_shipped_weights_are_small_and_hold_numbers_only() -> None:
    assert SHIPPED.stat().st_size < 1_000_000
    with np.load(SHIPPED, allow_pickle=False) as held:
        assert sorted(held.files) == ["features", "rest", "sides", "table", "trained_on"]
        assert {held[name].dtype.kind for name in held.files} <= {"i", "f", "u"}


def test_saved_weights_load_as_they_were(tmp_path: Path) -> None:
    weights = load_weights()
    weights.save(tmp_path / "w.npz")
    again = load_weights(tmp_path / "w.npz")
    assert again.version == weights.version == MODEL.version
    assert (tmp_path / "w.npz").read_bytes() == SHIPPED.read_bytes()


def test_each_change_of_the_numbers_is_another_version() -> None:
    weights = load_weights()
    assert replace(weights, shift=weights.shift + 0.1).version != weights.version


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x93NUMPY"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(BadWeightsError, match="these are no weights"):
        TextModel.load(tmp_path / "bad.npz")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadWeightsError, match="there are no weights here"):
        TextModel.load(tmp_path / "none.npz")


def test_weights_for_other_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = load_weights()
    with monkeypatch.context() as patch:
        patch.setattr(features, "VERSION", 99)
        weights.save(tmp_path / "w.npz")
    with pytest.raises(BadWeightsError, match="version 99"):
        load_weights(tmp_path / "w.npz")


def test_a_file_with_pickled_objects_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", features=np.array([object()], dtype=object), allow_pickle=True)
    with pytest.raises(BadWeightsError):
        load_weights(tmp_path / "w.npz")


def test_the_model_card_is_about_the_shipped_weights() -> None:
    card = (Path(__file__).resolve().parents[2] / "docs" / "model-card.md").read_text()
    assert f"version `{MODEL.version}`, {SHIPPED.stat().st_size:,} bytes" in card
