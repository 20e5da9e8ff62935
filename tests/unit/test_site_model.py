"""The site's own model: how the shipped one fades, what it learns from few decisions, and who can't bend it."""

import random
from dataclasses import replace

import numpy as np
import pytest

from moderation.combining import logits_of, predict
from moderation.filters.facts import Facts
from moderation.learning.lessons import ALWAYS_HEARD, MOST_OF_A_CAMPAIGN, Lesson, count_of, fold_of, weigh
from moderation.learning.logistic import sigmoid
from moderation.learning.site_features import SIDES, TABLE_SIZE, SiteFeatures, extract, who
from moderation.learning.site_model import CALIBRATED_FROM, SiteModel, fade, fit, load_site_model
from moderation.learning.weights import BadWeightsError
from moderation.predictions import Prediction
from tests.unit.learning_data import row
from tests.unit.test_filters import facts


def _lessons(each: int, first: int = 0, by: str = "mo_1") -> list[Lesson]:
    texts = [row(number, label) for number in range(first, first + each) for label in ("spam", "ham")]
    return [Lesson(one.body, one.is_spam, one.id, by) for one in texts]


def _unsure(lessons: list[Lesson]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.zeros(len(lessons))


def _features(lessons: list[Lesson]) -> SiteFeatures:
    return extract([one.text for one in lessons], [one.author for one in lessons])


def _probabilities(model: SiteModel, lessons: list[Lesson]) -> list[float]:
    found: list[float] = sigmoid(model.logits(_unsure(lessons), _features(lessons))).tolist()
    return found


def test_the_shipped_model_fades_as_decisions_come_in() -> None:
    assert fade(0) == 1
    assert fade(5) == 0.5
    assert fade(45) == pytest.approx(0.1)


def test_an_untaught_layer_leaves_the_shipped_model_as_it_is() -> None:
    base = np.array([-3.0, 0.0, 2.5])
    assert SiteModel.empty().logits(base, extract(["a", "b", ""], [(), (), ()])).tolist() == base.tolist()


@pytest.mark.parametrize("each", [15, CALIBRATED_FROM])
def test_it_tells_texts_that_it_has_not_seen(each: int) -> None:
    lessons = _lessons(each)
    unseen = _lessons(50, first=1000)
    judged = _probabilities(fit(lessons, _unsure(lessons)), unseen)
    right = [(probability > 0.5) == lesson.is_spam for probability, lesson in zip(judged, unseen, strict=True)]
    assert sum(right) >= 95


def test_calibrated_it_is_surer_of_what_it_knows() -> None:
    lessons = _lessons(CALIBRATED_FROM)
    judged = _probabilities(fit(lessons, _unsure(lessons)), _lessons(50, first=1000))
    assert min(judged) < 0.02
    assert max(judged) > 0.98


def test_too_few_of_a_kind_teach_nothing() -> None:
    spam = [lesson for lesson in _lessons(20) if lesson.is_spam]
    one_ham = next(lesson for lesson in _lessons(1) if not lesson.is_spam)
    assert fit([*spam, one_ham, one_ham], np.zeros(22)).examples == 0
    assert fit([], np.zeros(0)).examples == 0


def test_the_same_lessons_give_the_same_bytes_and_those_give_the_same_layer() -> None:
    lessons = _lessons(60)
    first, second = fit(lessons, _unsure(lessons)), fit(lessons, _unsure(lessons))
    assert first.dump() == second.dump()
    read = load_site_model(first.dump())
    assert read.examples == first.examples == 120
    assert _probabilities(read, lessons) == _probabilities(first, lessons)


def test_a_layer_is_bounded_whatever_it_learned_from() -> None:
    chance = np.random.default_rng(1)
    table, scales = chance.normal(size=(2, TABLE_SIZE)).astype(np.float16)
    assert len(SiteModel(2000, table, scales, np.zeros(SIDES, np.float32)).dump()) < 800_000


@pytest.mark.parametrize("stored", [b"", b"nonsense", SiteModel.empty().dump()[:-9]])
def test_a_damaged_layer_is_named_as_such(stored: bytes) -> None:
    with pytest.raises(BadWeightsError):
        load_site_model(stored)


def test_a_text_counts_once_however_often_it_came() -> None:
    lessons = _lessons(20)
    again = [*lessons, *[lessons[0]] * 30]
    weights = weigh(again, is_balanced=True)
    same = [lesson.fingerprint == lessons[0].fingerprint for lesson in again]
    assert float(np.sum(weights[same])) == pytest.approx(weights[2])
    assert count_of(again) == (20, 20)


def test_near_copies_count_as_a_few_texts_however_many_were_decided() -> None:
    copies = [replace(one, campaign="co_1") for one in _lessons(40, first=500) if one.is_spam]
    lessons = [*_lessons(20), *copies]
    assert count_of(lessons) == (20 + MOST_OF_A_CAMPAIGN, 20)
    weights = weigh(lessons, is_balanced=False)
    assert float(np.sum(weights[40:])) == pytest.approx(MOST_OF_A_CAMPAIGN)
    assert weights[:40].tolist() == [1.0] * 40


def test_a_campaign_does_not_make_honest_comments_spam() -> None:
    bent = [replace(one, is_spam=True, campaign="co_1") for one in _lessons(60, first=300) if not one.is_spam]
    lessons = [*_lessons(40), *bent]
    unseen = [lesson for lesson in _lessons(50, first=1000) if not lesson.is_spam]
    assert sum(one > 0.5 for one in _probabilities(fit(lessons, _unsure(lessons)), unseen)) <= 2


def test_near_copies_are_never_on_both_sides_of_a_calibration() -> None:
    copies = [replace(one, campaign="co_1") for one in _lessons(40)]
    assert len({fold_of(one, 4) for one in copies}) == 1
    assert len({fold_of(one, 4) for one in _lessons(40)}) == 4


def test_who_wrote_counts_where_words_tell_nothing() -> None:
    lessons = [
        replace(one, text="so nice", fingerprint=str(number), author=who("Best Casino" if one.is_spam else "Sara"))
        for number, one in enumerate(_lessons(30))
    ]
    unseen = [replace(lessons[0], author=who("Casino of Gold")), replace(lessons[0], author=who("sara"))]
    casino, sara = _probabilities(fit(lessons, _unsure(lessons)), unseen)
    assert casino > 0.6
    assert sara < 0.3


def test_spam_and_ham_count_alike() -> None:
    lessons = [lesson for number, lesson in enumerate(_lessons(30)) if not lesson.is_spam or number < 10]
    weights = weigh(lessons, is_balanced=True)
    is_spam = np.array([lesson.is_spam for lesson in lessons])
    assert int(np.sum(is_spam)) == 5
    assert float(np.sum(weights[is_spam])) == pytest.approx(float(np.sum(weights[~is_spam])))


def _share_of(by: str, lessons: list[Lesson]) -> float:
    weights = weigh(lessons, is_balanced=True)
    return float(np.sum(weights[[lesson.by == by for lesson in lessons]]) / np.sum(weights))


def test_no_moderator_outweighs_all_others_together() -> None:
    lessons = [*_lessons(15), *_lessons(15, first=100, by="mo_2"), *_lessons(400, first=200, by="mo_angry")]
    assert _share_of("mo_angry", lessons) == pytest.approx(0.5)


def test_a_helpers_first_decision_does_not_silence_who_made_all_before() -> None:
    helper = _lessons(1, first=900, by="mo_2")[:1]
    lessons = [*_lessons(200), *helper]
    assert _share_of("mo_1", lessons) == pytest.approx(ALWAYS_HEARD / (ALWAYS_HEARD + 1), abs=0.01)
    assert _share_of("mo_1", _lessons(200)) == 1


def test_who_calls_everything_spam_does_not_make_it_spam() -> None:
    wrong = [replace(one, is_spam=True, by="mo_angry") for one in _lessons(60, first=300)]
    lessons = [*_lessons(40), *_lessons(40, first=100, by="mo_2"), *wrong]
    unseen = _lessons(50, first=1000)
    judged = _probabilities(fit(lessons, _unsure(lessons)), unseen)
    assert sum((one > 0.5) == lesson.is_spam for one, lesson in zip(judged, unseen, strict=True)) >= 75


def test_decisions_that_contradict_each_other_teach_nothing() -> None:
    wrong = [replace(one, is_spam=not one.is_spam, by="mo_angry") for one in _lessons(150, first=300)]
    lessons = [*_lessons(40), *_lessons(40, first=100, by="mo_2"), *wrong]
    random.Random(1).shuffle(lessons)
    assert fit(lessons, _unsure(lessons)).examples == 0


class _Unsure:
    version = "unsure-1"

    def predict(self, texts: list[str]) -> list[Prediction]:
        return [Prediction(0.5) for _ in texts]


def test_each_site_is_judged_by_its_own_layer_and_the_name_says_which() -> None:
    lessons = _lessons(40)
    layer = fit(lessons, _unsure(lessons))
    body = row(1000, "spam").body
    batch: list[Facts] = [facts(site_id=site, body=body) for site in ("st_1", "st_2", "st_1")]
    found = predict(_Unsure(), batch, {"st_1": (7, layer)})
    assert [one.model for one in found] == ["unsure-1+site7", "unsure-1", "unsure-1+site7"]
    assert [one.prediction.examples for one in found] == [80, 0, 80]
    assert found[0].prediction == found[2].prediction
    assert found[1].prediction.probability == 0.5
    assert found[0].prediction.probability > 0.8


def test_what_is_certain_has_a_large_logit_and_no_infinite_one() -> None:
    assert np.all(np.isfinite(logits_of([Prediction(0.0), Prediction(1.0)])))
