"""Learning weights from labelled comments, on a small set made here, and on the real one where it is."""

import random
from pathlib import Path

import numpy as np
import pytest

from moderation.learning import augmentation, logistic
from moderation.learning.evaluation import evaluate
from moderation.learning.features import extract_all
from moderation.learning.model import TextModel
from moderation.learning.rows import read_rows
from moderation.learning.training import Recipe, TooFewRowsError, train
from moderation.learning.weights import ENTRIES, Weights, load_weights
from moderation.text import find_links, fold
from tests.unit.learning_data import row, rows

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
QUICK = Recipe(rounds=25, fold_rounds=15)


@pytest.fixture(scope="module")
def learned() -> Weights:
    return train(rows(), recipe=QUICK)


def test_what_is_learned_tells_new_spam_from_new_ham_and_insults(learned: Weights) -> None:
    new = [row(number, label) for number in range(1000, 1050) for label in ("spam", "ham", "toxic")]
    figures = evaluate(TextModel(learned), new, (0.5,))[-1]
    assert figures.auc is not None
    assert figures.auc > 0.99
    assert (figures.above[0].spam or 0) > 0.9
    assert (figures.above[0].ham or 0) < 0.1


def test_the_same_rows_give_the_same_bytes(tmp_path: Path, learned: Weights) -> None:
    learned.save(tmp_path / "first.npz")
    again = train(rows(), recipe=QUICK)
    again.save(tmp_path / "second.npz")
    assert again.version == learned.version
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_the_files_learned_from_are_named_in_the_weights(tmp_path: Path, learned: Weights) -> None:
    digests = ("0123456789abcdef", "fedcba9876543210")
    named = train(rows(), recipe=QUICK, trained_on=digests)
    named.save(tmp_path / "named.npz")
    assert load_weights(tmp_path / "named.npz").trained_on == digests
    assert TextModel.load(tmp_path / "named.npz").trained_on == digests
    assert named.version == learned.version
    assert learned.trained_on == ()


def test_other_rows_give_another_version(learned: Weights) -> None:
    assert train(rows(100), recipe=QUICK).version != learned.version


def test_disguised_spam_is_still_spam(learned: Weights) -> None:
    spam = row(2000, "spam").body
    disguises = [spam.upper(), "\u200b".join(spam), spam.replace("a", "а").replace("o", "о"), "\u0332".join(spam)]
    assert min(TextModel(learned).probabilities(disguises)) > 0.5


def test_an_honest_comment_may_carry_a_link(learned: Weights) -> None:
    honest = [row(number, "ham").body + " https://www.example.org/news/8344" for number in range(3000, 3020)]
    assert np.mean(TextModel(learned).probabilities(honest)) < 0.3


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    train(rows(60), recipe=Recipe(rounds=3), tell=lambda *step: told.append(step))
    folds = [f"fold {number} of 3" for number in (1, 2, 3)]
    assert list(dict.fromkeys(step for step, _, _ in told)) == ["reading", *folds, "fitting"]
    assert [done for step, done, _ in told if step == "fitting"] == [1, 2, 3]


@pytest.mark.parametrize("labels", [("spam",), ("ham", "toxic"), ()])
def test_one_class_alone_is_too_little_to_learn_from(labels: tuple[str, ...]) -> None:
    with pytest.raises(TooFewRowsError, match="at least 20"):
        train([row(number, label) for number in range(50) for label in labels])


def test_the_gradient_is_that_of_the_loss() -> None:
    chance = np.random.default_rng(7)
    features = extract_all([row(number, "spam").body for number in range(3)] + ["", "other text"])
    problem = logistic.Problem(
        features,
        labels=np.array([1.0, 1.0, 0.0, 0.0, 1.0]),
        importance=np.array([1.0, 2.0, 1.0, 0.5, 1.0]),
        penalty=0.01,
        side_penalty=0.1,
    )
    loss = logistic.loss_of(problem)
    at = chance.normal(size=ENTRIES + logistic.SIDES + 1)
    _, gradient = loss(at)
    last_of_a_row = int(features.starts[1]) - 1
    for place in (*features.places[:3].tolist(), int(features.places[last_of_a_row]), ENTRIES, ENTRIES + 5, -1):
        step = np.zeros_like(at)
        step[place] = 1e-3
        measured = (loss(at + step)[0] - loss(at - step)[0]) / 2e-3
        assert gradient[place] == pytest.approx(measured, rel=1e-2, abs=1e-4)


def test_the_least_value_is_found() -> None:
    def bowl(at: np.ndarray) -> tuple[float, np.ndarray]:
        steep = np.array([1.0, 10.0, 100.0])
        away = at - np.array([3.0, -2.0, 1.0])
        return float(np.sum(steep * away * away)), 2 * steep * away

    found = logistic.minimise(bowl, np.zeros(3), rounds=100, tolerance=1e-14, tell=lambda _done, _loss: None)
    np.testing.assert_allclose(found, [3, -2, 1], atol=1e-4)


def test_an_honest_link_is_a_link() -> None:
    copies = [augmentation.with_honest_link("what a fine article", random.Random(seed)) for seed in range(200)]
    assert all(find_links(copy) for copy in copies)
    assert len(set(copies)) > 150


def test_emphasis_changes_a_comment_and_keeps_its_words() -> None:
    for seed in range(50):
        copy = augmentation.with_emphasis("what a fine article", random.Random(seed))
        assert copy != "what a fine article"
        assert "fine" in fold(copy) or "article" in fold(copy)


def test_most_disguises_are_undone_by_folding() -> None:
    text = "claim your casino bonus"
    copies = [augmentation.disguised(text, random.Random(seed)) for seed in range(100)]
    assert sum(copy != text for copy in copies) > 70
    assert sum(fold(copy) == text for copy in copies) > 40


def test_the_real_training_set_is_learnable_in_small_and_the_shipped_weights_know_the_dev_set() -> None:
    if not SHARED.is_dir():
        pytest.skip("../shared is not here: nothing measured on real comments")
    dev = list(read_rows(SHARED / "data" / "dev.jsonl.gz"))
    shipped = {figures.source: figures for figures in evaluate(TextModel.load(), dev, (0.9,))}
    assert (shipped["all"].auc or 0) > 0.97
    assert (shipped["all"].above[0].ham or 0) < 0.005
    some = [row for at, row in enumerate(read_rows(SHARED / "data" / "train.jsonl.gz")) if at % 10 == 0]
    small = evaluate(TextModel(train(some, recipe=QUICK)), dev)[-1]
    assert (small.auc or 0) > 0.9
