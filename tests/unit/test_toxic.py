"""The toxic model: trained on a small set made here, shipped weights, its filter, and what it may lead to."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moderation.evaluating.toxicity import as_text, measure
from moderation.filters import Toxicity
from moderation.filters.model import ModelMissingError
from moderation.filters.toxic import strength_of, toxic
from moderation.learning import features
from moderation.learning.rows import Row, read_rows
from moderation.learning.toxic import SHIPPED_TOXIC, ToxicModel, ToxicWeights, load_toxic_weights
from moderation.learning.toxic_training import Recipe, train_toxic
from moderation.learning.training import TooFewRowsError
from moderation.learning.weights import BadWeightsError
from moderation.policy import Policy
from moderation.verdict import judge
from tests.conftest import SHARED
from tests.unit.test_filters import facts

MODEL = ToxicModel.load()
INSULTS = "fool liar clown stupid disgusting shameless coward rat idiot nobody ugly worthless"
PRAISE = "article history question weather agree reading children school music garden opinion bread"
DUMM = "dummkopf trottel lump versager feigling schurke tropf nichtsnutz narr esel gauner fiesling"
LOB = "artikel geschichte frage wetter lesen kinder schule musik garten meinung brot danke"
QUICK = Recipe(rounds=25)
PERSIAN_INSULT = "خفه شو احمق بی شعور"
PERSIAN_DISSENT = "با این کار مخالفم، دلیل نویسنده درست نیست"


def row(number: int, label: str, lang: str = "en") -> Row:
    chance = random.Random(f"{label} {number} {lang}")
    abusive, honest, plain = (INSULTS, PRAISE, "the and very") if lang == "en" else (DUMM, LOB, "der und sehr")
    words = chance.choices((abusive if label == "toxic" else honest).split(), k=5) + chance.choices(plain.split(), k=4)
    chance.shuffle(words)
    identity = f"{lang}-{label}-{number}"
    return Row(identity, f"made_up_{lang}", lang, "", "", " ".join(words), label, identity)


def rows(each: int = 80) -> list[Row]:
    return [row(number, label, lang) for number in range(each) for label in ("toxic", "ham") for lang in ("en", "de")]


@pytest.fixture(scope="module")
def learned() -> ToxicWeights:
    return train_toxic(rows(), recipe=QUICK)


def _asked(model: ToxicModel, *texts: str) -> list[Toxicity]:
    return [Toxicity(one.probability, one.familiarity, one.spans) for one in model.predict(texts)]


def test_each_language_has_a_head_and_new_abuse_is_told_from_new_ham(learned: ToxicWeights) -> None:
    assert learned.heads == ("de", "en")
    new = [
        row(number, label, lang) for number in range(900, 940) for label in ("toxic", "ham") for lang in ("en", "de")
    ]
    by_source = {one.source: one for one in measure(ToxicModel(learned), new)}
    assert set(by_source) == {"made_up_de", "made_up_en", "all"}
    assert min(one.auc or 0 for one in by_source.values()) > 0.98
    assert (by_source["made_up_en"].toxic, by_source["made_up_en"].ham) == (40, 40)


def test_spam_and_sources_without_abuse_take_no_part(learned: ToxicWeights) -> None:
    others = [replace(row(number, "ham"), label="spam", id=f"s{number}") for number in range(50)]
    others += [replace(row(number, "ham"), source="elsewhere") for number in range(50)]
    assert train_toxic(rows() + others, recipe=QUICK).version == learned.version


def test_the_same_rows_give_the_same_bytes(tmp_path: Path, learned: ToxicWeights) -> None:
    learned.save(tmp_path / "first.npz")
    train_toxic(rows(), recipe=QUICK).save(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    assert load_toxic_weights(tmp_path / "first.npz").version == learned.version


@pytest.mark.parametrize("labels", [("toxic",), ("ham",), ("spam",), ()])
def test_one_kind_alone_is_too_little_to_learn_from(labels: tuple[str, ...]) -> None:
    with pytest.raises(TooFewRowsError, match="at least 20"):
        train_toxic([row(number, label) for number in range(50) for label in labels])


def test_a_language_nobody_taught_is_not_familiar(learned: ToxicWeights) -> None:
    model = ToxicModel(learned)
    known, unknown = _asked(model, row(900, "toxic").body, "совершенно другой язык, которого никто не знает")
    assert known.familiarity > 0.3
    assert unknown.familiarity == 0
    # One source alone taught each head: it is never believed in full.
    assert known.familiarity <= 0.5


def test_a_head_of_several_sources_is_believed_in_full() -> None:
    two = [replace(one, source=f"{one.source}_{at // 4 % 2}") for at, one in enumerate(rows())]
    (known,) = _asked(ToxicModel(train_toxic(two, recipe=QUICK)), row(900, "ham").body)
    assert known.familiarity > 0.6


def test_the_words_that_say_most_are_shown() -> None:
    (found,) = _asked(MODEL, PERSIAN_INSULT)
    assert "احمق" in " ".join(PERSIAN_INSULT[start:end] for start, end in found.spans)
    assert 1 <= len(found.spans) <= 3


def test_a_text_is_judged_alike_alone_and_among_others() -> None:
    texts = [PERSIAN_INSULT, PERSIAN_DISSENT, "", "👍"]
    together = _asked(MODEL, *texts)
    for text, one in zip(texts, together, strict=True):
        (alone,) = _asked(MODEL, text)
        assert (alone.probability, alone.familiarity) == pytest.approx((one.probability, one.familiarity))
    assert _asked(MODEL) == []


def test_shipped_weights_are_small_hold_no_text_and_load_as_they_were_saved(tmp_path: Path) -> None:
    assert SHIPPED_TOXIC.stat().st_size < 600_000
    with np.load(SHIPPED_TOXIC, allow_pickle=False) as held:
        assert {held[name].dtype.kind for name in held.files if name != "heads"} <= {"i", "f", "u"}
        assert all(len(name) <= 3 for name in held["heads"].tolist())
    weights = load_toxic_weights()
    weights.save(tmp_path / "w.npz")
    assert (tmp_path / "w.npz").read_bytes() == SHIPPED_TOXIC.read_bytes()


def test_bad_weights_are_named(tmp_path: Path, learned: ToxicWeights, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 not a zip")
    with monkeypatch.context() as patch:
        patch.setattr(features, "VERSION", 99)
        learned.save(tmp_path / "other.npz")
    for name, complaint in (("bad", "no weights"), ("none", "there are no weights here"), ("other", "version 99")):
        with pytest.raises(BadWeightsError, match=complaint):
            ToxicModel.load(tmp_path / f"{name}.npz")


def test_the_filter_shows_what_it_rests_on_and_says_less_of_what_it_does_not_know() -> None:
    [signal] = toxic(facts(body="you fool", toxicity=Toxicity(0.95, 1.0, ((4, 8),))))
    assert (signal.name, signal.strength, signal.evidence[0].text) == ("TOXIC", 1.0, "fool")
    assert [strength_of(Toxicity(0.9, known)) for known in (1.0, 0.0)] == pytest.approx([1.0, 0.0])
    assert strength_of(Toxicity(0.8, 0.5)) == pytest.approx(2 / 3)
    assert list(toxic(facts(toxicity=Toxicity(0.99, 0.1)))) == []


def test_without_an_answer_the_filter_fails() -> None:
    with pytest.raises(ModelMissingError):
        list(toxic(facts()))


def test_what_the_model_is_surest_of_is_held_at_the_default_policy_and_no_more() -> None:
    sure = list(toxic(facts(body=PERSIAN_INSULT, toxicity=_asked(MODEL, PERSIAN_INSULT)[0])))
    assert judge(sure, Policy(), None).action == "hold"
    assert judge(sure, Policy(points={"TOXIC": 1_000}), None).action == "hold"
    assert list(toxic(facts(body=PERSIAN_DISSENT, toxicity=_asked(MODEL, PERSIAN_DISSENT)[0]))) == []


def test_the_shipped_weights_know_the_dev_set() -> None:
    if not SHARED.is_dir():
        pytest.skip("../shared is not here: nothing measured on real comments")
    measured = measure(MODEL, list(read_rows(SHARED / "data" / "dev.jsonl.gz")))
    assert "offensive_fa" in as_text(measured)
    least = {
        "offensive_fa": 0.89,
        "instagram_fa": 0.93,
        "youtube_ar_ma": 0.90,
        "news_ar": 0.82,
        "news_de_facebook": 0.64,
    }
    by_source = {one.source: one for one in measured}
    assert {name for name, auc in least.items() if (by_source[name].auc or 0) < auc} == set()
    assert max(one.ham_held or 0 for one in measured) < 0.03
